// SPDX-License-Identifier: BSL-1.0
// The promises of receive_blocking and send_blocking to plain threads.
#include "support/joined_thread.hpp"
#include "support/threads.hpp"
#include "support/world.hpp"

#include <asio/post.hpp>
#include <doctest/doctest.h>

#include <atomic>
#include <numeric>
#include <thread>
#include <vector>

namespace {

using heddle::try_status;
using test::crew;
using test::tracked;

/// Returns when the peer of the calling thread is parked, that is, when try_send
/// succeeds.
void hand_over(heddle::sender<int> to, int v) {
    while (to.try_send(v) != try_status::done)
        std::this_thread::yield();
}

bool waits(const heddle::channel<tracked>& c) {
    heddle::detail::guard g(c.core()->lock());
    return !c.core()->senders().empty();
}

heddle::task<> count_to(int n, heddle::sender<int> out) {
    for (int i = 1; i <= n; ++i)
        co_await out.send(i);
}

heddle::task<> sum_up(heddle::receiver<int> in, std::atomic<long>& sum) {
    while (auto v = co_await in.receive())
        sum += *v;
}

}  // namespace

TEST_SUITE_BEGIN("thread_wait");

TEST_CASE(
    "receive_blocking and send_blocking do not wait if they can complete at once") {
    heddle::channel<int> c(2);
    c.send_blocking(1);
    int two = 2;
    c.send_blocking(two);
    CHECK(c.receive_blocking() == 1);
    CHECK(c.receive_blocking() == 2);
    c.close();
    CHECK(!c.receive_blocking());
    heddle::channel<> signals(1);
    signals.send_blocking();
    CHECK(signals.size() == 1);
}

TEST_CASE("send_blocking on a closed channel throws, and the caller keeps the value") {
    heddle::channel<tracked> c(1);
    c.close();
    tracked v(7);
    CHECK_THROWS_AS(c.send_blocking(std::move(v)), heddle::channel_closed);
    CHECK(v.value() == 7);
}

TEST_CASE(
    "a thread that drains a host may not block, not even where it would not wait") {
    test::world world;
    heddle::channel<int> c(1);
    c.send_blocking(1);
    bool refused = false;
    world.go([&] { CHECK_THROWS_AS(c.receive_blocking(), std::logic_error); });
    world.go([&] {
        CHECK_THROWS_AS(c.send_blocking(2), std::logic_error);
        refused = true;
    });
    world.settle();
    CHECK(refused);
    CHECK(c.size() == 1);
}

TEST_CASE("no thread blocks on nil, nor in a channel that is promised to one host") {
    CHECK_THROWS_AS(heddle::receiver<int>().receive_blocking(), std::logic_error);
    CHECK_THROWS_AS(heddle::sender<int>().send_blocking(1), std::logic_error);
    heddle::channel<int> c(1, heddle::same_host);
    CHECK_THROWS_AS(c.send_blocking(1), std::logic_error);
}

TEST_SUITE_END();
TEST_SUITE_BEGIN("thread_wait.alone");

TEST_CASE("a thread does not block where no other thread could wake it") {
    heddle::channel<int> c;
    if (!heddle::detail::single_threaded()) {
        std::thread closer([&] { c.close(); });
        CHECK(!c.receive_blocking());
        closer.join();
        return;
    }
    CHECK_THROWS_AS(c.receive_blocking(), std::logic_error);
    CHECK_THROWS_AS(c.send_blocking(1), std::logic_error);
    CHECK(c.try_send(1) == try_status::would_block);  // no waiter was left in the queue
}

TEST_SUITE_END();
TEST_SUITE_BEGIN("thread_wait.threads");

TEST_CASE("threads send to tasks and receive from them, and each value arrives once") {
    constexpr int n = 2000;
    crew threads(2);
    heddle::channel<int> to_tasks, from_tasks(3);
    std::atomic<long> by_tasks{0}, by_threads{0};
    for (int i = 0; i < 2; ++i) {
        heddle::go(threads.ctx, sum_up, to_tasks, std::ref(by_tasks));
        heddle::go(threads.ctx, count_to, n, from_tasks);
    }
    test::together(4, [&](int i) {
        for (int k = 1; k <= n; ++k) {
            if (i % 2)
                to_tasks.send_blocking(k);
            else
                by_threads += *from_tasks.receive_blocking();
        }
    });
    to_tasks.close();
    threads.join();
    CHECK(by_tasks == long{n} * (n + 1));
    CHECK(by_threads == long{n} * (n + 1));
}

TEST_CASE("threads pass values to each other without any task") {
    constexpr int n = 5000;
    heddle::channel<int> c;
    long sum = 0;
    std::thread receiver([&] {
        while (auto v = c.receive_blocking())
            sum += *v;
    });
    for (int i = 1; i <= n; ++i)
        c.send_blocking(i);
    c.close();
    receiver.join();
    CHECK(sum == long{n} * (n + 1) / 2);
}

TEST_CASE("close wakes the threads that block: a receiver with empty, a sender with "
          "its value") {
    heddle::channel<int> in;
    std::optional<int> first, second = 1;
    std::thread receiver([&] {
        first = in.receive_blocking();
        second = in.receive_blocking();
    });
    hand_over(in, 3);
    in.close();
    receiver.join();
    CHECK(first == 3);
    CHECK(!second);

    heddle::channel<tracked> out(1);
    out.send_blocking(tracked(1));
    int kept = 0;
    std::thread sender([&] {
        tracked v(5);
        try {
            out.send_blocking(std::move(v));
        } catch (const heddle::channel_closed&) {
            kept = v.value();
        }
    });
    while (!waits(out))
        std::this_thread::yield();
    out.close();
    sender.join();
    CHECK(kept == 5);
    CHECK(out.receive_blocking()->value() == 1);
    CHECK(!out.receive_blocking());
}

TEST_CASE("a handler outside every host may wake a thread, and a task may not block") {
    crew threads(1);
    heddle::channel<int> c;
    std::atomic<bool> refused{false};
    asio::post(threads.ctx, [&] { hand_over(c, 4); });
    CHECK(c.receive_blocking() == 4);
    heddle::go(threads.ctx, [&] {
        try {
            c.send_blocking(5);
        } catch (const std::logic_error&) {
            refused = true;
        }
    });
    threads.join();
    CHECK(refused);
}

TEST_CASE("a function of go_blocking may call run, which a task may not") {
    int n = heddle::run([]() -> heddle::task<int> {
        co_return co_await heddle::go_blocking([] {
            return heddle::run([]() -> heddle::task<int> {
                co_await heddle::yield();
                co_return 5;
            }());
        });
    }());
    CHECK(n == 5);
}

TEST_CASE("a function of go_blocking may wait in channels, while the tasks go on") {
    int got = heddle::run([]() -> heddle::task<int> {
        heddle::channel<int> c;
        heddle::go(count_to, 3, c);
        auto job = [](heddle::receiver<int> in) {
            return *in.receive_blocking() + *in.receive_blocking() +
                   *in.receive_blocking();
        };
        co_return co_await heddle::go_blocking(job, c);
    }());
    CHECK(got == 6);
}

TEST_CASE("a thread that blocks in channels of a run is no deadlock, unless it waits, "
          "too") {
    constexpr int n = 300;
    heddle::channel<int> jobs, results, never;
    test::joined_thread worker([=] {
        try {
            while (auto job = jobs.receive_blocking()) {
                for (int i = 0; i < 20; ++i)
                    std::this_thread::yield();  // meanwhile every task waits
                results.send_blocking(*job + 1);
            }
        } catch (const heddle::channel_closed&) {  // the test has failed
        }
    });
    struct closing {
        ~closing() {
            jobs.close();
            results.close();
        }
        heddle::channel<int>&jobs, &results;
    } at_end{jobs, results};
    hand_over(jobs, -1);  // the worker has begun
    CHECK(results.receive_blocking() == 0);
    auto ask = [](auto out, auto in) -> heddle::task<long> {
        long sum = 0;
        for (int i = 0; i < n; ++i) {
            co_await out.send(i);
            sum += *co_await in.receive();
        }
        co_return sum;
    };
    CHECK(heddle::run(ask(jobs, results)) == long{n} * (n + 1) / 2);
    auto wait = [](auto in) -> heddle::task<> { (void)co_await in.receive(); };
    CHECK_THROWS_AS(heddle::run(wait(never)), heddle::deadlock);  // the worker waits
}

TEST_CASE("neither this thread nor those of go_blocking nor one that has ended hide a "
          "deadlock") {
    heddle::channel<int> c(3), never;
    c.send_blocking(1);
    test::joined_thread([=] { c.send_blocking(2); }) = {};
    auto wait = [](auto values, auto in) -> heddle::task<> {
        auto send = [=] { values.send_blocking(3); };
        co_await heddle::go_blocking(send);
        (void)co_await in.receive();
    };
    CHECK_THROWS_AS(heddle::run(wait(c, never)), heddle::deadlock);
    CHECK(c.size() == 3);
}

TEST_CASE("while an external_producer lives, a thread that has not sent yet is no "
          "deadlock") {
    heddle::channel<int> values;
    test::joined_thread late;
    auto main = [](auto c, test::joined_thread& sends) -> heddle::task<int> {
        heddle::external_producer lives;
        sends = test::joined_thread([c] {
            for (int i = 0; i < 1000; ++i)
                std::this_thread::yield();
            c.send_blocking(7);
        });
        co_return *co_await c.receive();
    };
    CHECK(heddle::run(main(values, late)) == 7);
}

TEST_SUITE_END();
