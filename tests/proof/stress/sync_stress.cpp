// SPDX-License-Identifier: BSL-1.0
// Several threads, each with a context of its own, use the primitives at the same time.
// The tests count mutual exclusion and permits, and the thread sanitizer checks the
// guarded data.
#include <heddle/heddle.hpp>

#include <doctest/doctest.h>

#include "support/joined_thread.hpp"
#include "support/threads.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <latch>
#include <thread>
#include <vector>

namespace {

using heddle::task;
using std::ref;

constexpr int threads = 3;
constexpr int tasks = 4;  // per thread
constexpr int rounds = 4000;

template <class Start>
void on_threads(Start start) {
    test::on_contexts(threads, start);
}

struct guarded {
    heddle::mutex mutex;
    long counter = 0;  // guarded by mutex
};

task<> count(guarded& g) {
    for (int i = 0; i < rounds; ++i) {
        auto held = co_await g.mutex.lock();
        ++g.counter;
        if (i % 3 == 0)
            co_await heddle::yield();  // the mutex is held across a wait
    }
}

task<> count_in_select(guarded& g, heddle::semaphore& other, std::atomic<long>& lost) {
    for (int i = 0; i < rounds; ++i) {
        heddle::mutex::guard held;
        if (co_await heddle::select(g.mutex.lock(held), other.acquire()) == 0) {
            ++g.counter;
        } else {
            CHECK_FALSE(held);
            ++lost;
            other.release();
        }
    }
}

task<> count_until_cancelled(guarded& g, std::atomic<long>& counted) {
    for (;;) {
        auto held = co_await g.mutex.lock();
        ++g.counter;
        ++counted;
    }
}

task<> cancel_others(guarded& g, std::atomic<long>& counted) {
    for (int i = 0; i < rounds / 20; ++i) {
        heddle::done_source stop;
        auto counting = heddle::go(
            heddle::with_done(stop.token(), count_until_cancelled(g, counted)));
        co_await heddle::yield();
        test::joined_thread closer([&stop] { stop.close(); });
        try {
            co_await counting;
            FAIL("it goes on until it is cancelled");
        } catch (const heddle::cancelled&) {
        }
    }
}

task<> use_slot(heddle::semaphore& slots, std::atomic<int>& inside, int most) {
    for (int i = 0; i < rounds; ++i) {
        co_await slots.acquire();
        if (++inside > most)
            FAIL("more inside than there are permits");
        if (i % 3 == 0)
            co_await heddle::yield();
        --inside;
        slots.release();
    }
}

struct meeting {
    heddle::barrier all{threads * tasks};
    std::atomic<int> step{0};
};

task<> walk(meeting& m) {
    for (int i = 0; i < rounds; ++i) {
        ++m.step;
        co_await m.all.arrive_and_wait();
        if (m.step != (i + 1) * threads * tasks)
            FAIL("somebody was held back, or let through");
        co_await m.all.arrive_and_wait();
    }
}

task<> init(int& value) {
    co_await heddle::yield();
    ++value;
}

task<> call_once(std::vector<heddle::once>& onces, std::vector<int>& values) {
    for (std::size_t i = 0; i < onces.size(); ++i) {
        co_await onces[i].call(init, ref(values[i]));
        if (values[i] != 1)
            FAIL("not done, or done twice");
    }
}

task<> start_children(heddle::group& g, guarded& counted, heddle::latch& started) {
    for (int i = 0; i < 10; ++i)
        g.go(count, ref(counted));
    started.count_down();
    co_return;
}

task<> wait_for_children(heddle::group& g, heddle::latch& started, guarded& counted,
                         long& seen) {
    co_await started.wait();
    co_await g.wait();
    seen = counted.counter;  // no task is left that could change it
}

task<> set_again_and_again(heddle::event& e, std::atomic<int>& waiting) {
    while (waiting != 0) {
        e.set();
        co_await heddle::yield();
        e.reset();
        co_await heddle::yield();
    }
}

task<> wait_often(heddle::event& e, std::atomic<int>& waiting) {
    for (int i = 0; i < rounds; ++i)
        co_await e.wait();
    --waiting;
}

}  // namespace

TEST_SUITE_BEGIN("stress.sync");

TEST_CASE("a mutex excludes all other tasks, whether awaited or as an arm") {
    guarded g;
    heddle::semaphore other(1);
    std::atomic<long> lost{0};
    on_threads([&](asio::io_context& ctx) {
        for (int i = 0; i < tasks; ++i) {
            heddle::go(ctx, count, ref(g));
            heddle::go(ctx, count_in_select, ref(g), ref(other), ref(lost));
        }
    });
    CHECK(g.counter + lost == 2L * threads * tasks * rounds);
    CHECK(g.mutex.try_lock());
    CHECK(other.try_acquire());
}

TEST_CASE("a mutex is not lost between unlock and cancel") {
    guarded g;
    std::atomic<long> counted{0};
    on_threads([&](asio::io_context& ctx) {
        heddle::go(ctx, count, ref(g));
        heddle::go(ctx, cancel_others, ref(g), ref(counted));
    });
    CHECK(g.counter == counted + long{threads} * rounds);
    CHECK(g.mutex.try_lock());
}

TEST_CASE("a mutex is not lost when contexts end while others lock it") {
    guarded g;
    std::atomic<bool> over{false};
    std::atomic<long> counted{0};
    test::joined_thread others([&] {
        while (!over) {
            asio::io_context ctx;
            for (int i = 0; i < tasks; ++i)
                heddle::go(ctx, count_until_cancelled, ref(g), ref(counted));
            for (int i = 0; i < 3; ++i)
                ctx.run_one_for(std::chrono::milliseconds(1));
        }
    });
    for (int i = 0; i < 20; ++i) {
        asio::io_context ctx;
        heddle::go(ctx, count, ref(g));
        while (heddle::live_tasks(ctx) != 0) {
            ctx.restart();
            ctx.run();
        }
    }
    over = true;
    others.join();
    CHECK(g.counter == counted + 20L * rounds);
    CHECK(g.mutex.try_lock());
}

TEST_CASE("a semaphore admits as many tasks as it has permits") {
    heddle::semaphore slots(2);
    std::atomic<int> inside{0};
    on_threads([&](asio::io_context& ctx) {
        for (int i = 0; i < tasks; ++i)
            heddle::go(ctx, use_slot, ref(slots), ref(inside), 2);
    });
    CHECK(slots.try_acquire());
    CHECK(slots.try_acquire());
    CHECK_FALSE(slots.try_acquire());
}

TEST_CASE("a barrier lets no task pass before all have arrived") {
    meeting m;
    on_threads([&](asio::io_context& ctx) {
        for (int i = 0; i < tasks; ++i)
            heddle::go(ctx, walk, ref(m));
    });
    CHECK(m.step == rounds * threads * tasks);
}

TEST_CASE("a once runs its function once, before any caller goes on") {
    std::vector<heddle::once> onces(rounds);
    std::vector<int> values(rounds);
    on_threads([&](asio::io_context& ctx) {
        for (int i = 0; i < tasks; ++i)
            heddle::go(ctx, call_once, ref(onces), ref(values));
    });
    CHECK(std::count(values.begin(), values.end(), 1) == rounds);
}

TEST_CASE("a group waits for its children on all hosts") {
    guarded counted;
    heddle::group g(4);
    heddle::latch started(threads);
    std::array<long, threads> seen{};
    int next = 0;
    on_threads([&](asio::io_context& ctx) {
        heddle::go(ctx, start_children, ref(g), ref(counted), ref(started));
        heddle::go(ctx, wait_for_children, ref(g), ref(started), ref(counted),
                   ref(seen[static_cast<std::size_t>(next++)]));
    });
    for (long n : seen)
        CHECK(n == 10L * threads * rounds);
}

TEST_CASE("an event that is set again and again wakes all its waiters") {
    heddle::event e;
    std::atomic<int> waiting{threads * tasks};
    on_threads([&](asio::io_context& ctx) {
        for (int i = 0; i < tasks; ++i)
            heddle::go(ctx, wait_often, ref(e), ref(waiting));
        heddle::go(ctx, set_again_and_again, ref(e), ref(waiting));
    });
    CHECK(waiting == 0);
}

TEST_SUITE_END();
