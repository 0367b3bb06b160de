// SPDX-License-Identifier: BSL-1.0
// Several threads, each with a context of its own, use channels that drop, permits,
// broadcasts, watches, oneshots, notifications and shared locks at the same time.
#include <heddle/broadcast.hpp>
#include <heddle/heddle.hpp>
#include <heddle/oneshot.hpp>
#include <heddle/watch.hpp>

#include "support/threads.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace {

using heddle::channel;
using heddle::task;
using std::ref;
using test::on_contexts;

constexpr int threads = 3;
constexpr int rounds = 3000;

struct by_length {
    std::size_t operator()(const std::string& s) const noexcept { return s.size(); }
};

task<> send_often(channel<int> c) {
    for (int i = 0; i < rounds; ++i) {
        co_await c.send(i);
        if (i % 7 == 0)
            co_await heddle::yield();
    }
}

task<> receive_until_closed(channel<int> c, std::atomic<long>& received) {
    std::vector<int> got;
    for (std::size_t n = 1; n != 0;) {
        got.clear();
        n = co_await c.receive_many(got, 5);
        received += static_cast<long>(n);
    }
}

/// The last of the senders closes.
task<> then_close(std::shared_ptr<std::atomic<int>> left, channel<int> c, task<> work) {
    co_await std::move(work);
    if (--*left == 0)
        c.close();
}

task<> reserve_often(channel<int> c) {
    for (int i = 0; i < rounds; ++i) {
        auto room = co_await c.reserve();
        if (i % 3 == 0)
            co_await heddle::yield();
        if (i % 5 != 0)
            room.send(i);
    }
}

task<> send_texts(channel<std::string> c) {
    for (int i = 0; i < rounds; ++i)
        co_await c.send(std::string(static_cast<std::size_t>(i % 40), 'x'));
}

task<> take_texts(channel<std::string> c, std::atomic<long>& bytes, int n) {
    for (int i = 0; i < n; ++i) {
        auto text = co_await c.receive();
        bytes += static_cast<long>(text->size());
    }
}

task<> hear_all(heddle::subscription<int> in, int n) {
    int next = 0;
    while (auto v = co_await in.receive()) {
        if (*v != next++)
            FAIL("out of order, twice, or lost");
    }
    if (next != n || in.lost() != 0)
        FAIL("not all values");
}

/// What it hears and what it has lost are all there was.
task<> hear_some(heddle::subscription<int> in, int n) {
    int heard = 0, last = -1;
    while (auto v = co_await in.receive()) {
        if (*v <= last)
            FAIL("out of order, or twice");
        last = *v;
        ++heard;
        if (heard % 100 == 0)
            co_await heddle::yield();
    }
    if (heard + static_cast<int>(in.lost()) != n)
        FAIL("a lost value is not counted");
}

task<> say_all(heddle::broadcast<int> to, int n) {
    for (int i = 0; i < n; ++i)
        co_await to.send(i);
    to.close();
}

task<> follow(heddle::watcher<int> in, int until) {
    int last = -1;
    while (auto v = co_await in.next()) {
        if (*v < last)
            FAIL("backwards");
        last = *v;
    }
    if (last != until)
        FAIL("the last value was missed");
}

task<> answer(channel<heddle::promise<int>> requests) {
    int n = 0;
    while (auto p = co_await requests.receive()) {
        if (n++ % 4 == 3)
            continue;  // it is dropped
        p->set(n);
    }
}

task<> ask(channel<heddle::promise<int>> requests, std::atomic<long>& ended) {
    for (int i = 0; i < rounds / 4; ++i) {
        heddle::oneshot<int> o;
        co_await requests.send(std::move(o.promise));
        try {
            int v = co_await o.future.get();
            if (v == 0)
                FAIL("a value that nobody gave");
        } catch (const heddle::broken_promise&) {
        }
        ++ended;
    }
}

struct book {
    heddle::shared_mutex m;
    long written = 0;  // guarded by m
    std::atomic<int> readers{0}, writers{0};
};

task<> read_often(book& b) {
    for (int i = 0; i < rounds; ++i) {
        auto held = co_await b.m.lock_shared();
        ++b.readers;
        if (b.writers != 0)
            FAIL("a reader beside a writer");
        long before = b.written;
        if (i % 5 == 0)
            co_await heddle::yield();
        if (b.written != before)
            FAIL("written while it is read");
        --b.readers;
    }
}

task<> write_often(book& b) {
    for (int i = 0; i < rounds / 4; ++i) {
        auto held = co_await b.m.lock();
        if (b.writers++ != 0 || b.readers != 0)
            FAIL("a writer is not alone");
        ++b.written;
        if (i % 5 == 0)
            co_await heddle::yield();
        --b.writers;
    }
}

task<> write_or_give_up(book& b) {
    for (int i = 0; i < rounds / 4; ++i) {
        heddle::shared_mutex::guard held;
        if (co_await heddle::select(b.m.lock(held),
                                    heddle::after(heddle::duration(50))) == 0)
            ++b.written;
    }
}

struct queue {
    heddle::mutex m;
    heddle::condition_variable changed;
    int items = 0;  // guarded by m
};

task<> put_often(queue& q) {
    for (int i = 0; i < rounds / 2; ++i) {
        auto held = co_await q.m.lock();
        ++q.items;
        q.changed.notify_one();
    }
}

task<> get_often(queue& q, int n) {
    for (int i = 0; i < n; ++i) {
        auto held = co_await q.m.lock();
        co_await q.changed.wait(held, [&q] { return q.items > 0; });
        --q.items;
    }
}

}  // namespace

TEST_SUITE_BEGIN("stress.kinds");

TEST_CASE("law 81: what is sent to a channel that drops is received, or counted") {
    for (auto rule : {heddle::drop_oldest, heddle::drop_newest}) {
        channel<int> c(4, rule);
        std::atomic<long> received{0};
        auto left = std::make_shared<std::atomic<int>>(threads);
        on_contexts(threads, [&](asio::io_context& ctx) {
            heddle::go(ctx, then_close, left, c, send_often(c));
            heddle::go(ctx, receive_until_closed, c, ref(received));
        });
        CHECK(received + static_cast<long>(c.dropped()) == long{threads} * rounds);
    }
}

TEST_CASE("law 82: permits and sends share the room of a channel, and none is lost") {
    channel<int> c(2);
    std::atomic<long> received{0};
    auto left = std::make_shared<std::atomic<int>>(2 * threads);
    on_contexts(threads, [&](asio::io_context& ctx) {
        heddle::go(ctx, then_close, left, c, send_often(c));
        heddle::go(ctx, then_close, left, c, reserve_often(c));
        heddle::go(ctx, receive_until_closed, c, ref(received));
    });
    CHECK(received == long{threads} * (rounds + rounds * 4 / 5));
    CHECK(c.size() == 0);
}

TEST_CASE("law 6: a channel with a limit of weight conserves its values") {
    channel<std::string> c(8, heddle::weight_limit(60, by_length()));
    std::atomic<long> bytes{0};
    on_contexts(threads, [&](asio::io_context& ctx) {
        heddle::go(ctx, send_texts, c);
        heddle::go(ctx, take_texts, c, ref(bytes), rounds);
    });
    long each = 0;
    for (int i = 0; i < rounds; ++i)
        each += i % 40;
    CHECK(bytes == threads * each);
    CHECK(c.weight() == 0);
}

TEST_CASE(
    "law 83: with hold_back every subscriber hears all, in order; without, what it "
    "has not heard is counted") {
    for (bool holds : {true, false}) {
        auto b = holds ? heddle::broadcast<int>(4, heddle::hold_back)
                       : heddle::broadcast<int>(4);
        bool first = true;
        on_contexts(threads, [&](asio::io_context& ctx) {
            for (int i = 0; i < 2; ++i)
                heddle::go(ctx, holds ? hear_all : hear_some, b.subscribe(), rounds);
            if (std::exchange(first, false))
                heddle::go(ctx, say_all, b, rounds);
        });
        CHECK(b.subscribers() == 0);
    }
}

TEST_CASE("law 84: every watcher sees the last value") {
    auto v = std::make_unique<heddle::watch<int>>(0);
    bool first = true;
    on_contexts(threads, [&](asio::io_context& ctx) {
        heddle::go(ctx, follow, v->subscribe(), rounds - 1);
        if (std::exchange(first, false))
            heddle::go(ctx, [&v]() -> task<> {
                for (int i = 0; i < rounds; ++i) {
                    v->set(i);
                    co_await heddle::yield();
                }
                v.reset();
            });
    });
}

TEST_CASE("law 85: every request gets its answer, or learns that there is none") {
    channel<heddle::promise<int>> requests(2);
    std::atomic<long> ended{0};
    auto left = std::make_shared<std::atomic<int>>(threads - 1);
    bool first = true;
    on_contexts(threads, [&](asio::io_context& ctx) {
        if (std::exchange(first, false))
            heddle::go(ctx, answer, requests);
        else
            heddle::go(ctx, [=, &ended]() -> task<> {
                co_await ask(requests, ended);
                if (--*left == 0)
                    requests.close();
            });
    });
    CHECK(ended == long{threads - 1} * (rounds / 4));
}

TEST_CASE("law 86: no notification of a condition is lost") {
    queue q;
    on_contexts(threads, [&](asio::io_context& ctx) {
        heddle::go(ctx, put_often, ref(q));
        heddle::go(ctx, get_often, ref(q), rounds / 2);
    });
    CHECK(q.items == 0);
}

TEST_CASE("law 87: readers and writers keep apart, also when writers give up") {
    book b;
    on_contexts(threads, [&](asio::io_context& ctx) {
        for (int i = 0; i < 2; ++i)
            heddle::go(ctx, read_often, ref(b));
        heddle::go(ctx, write_often, ref(b));
        heddle::go(ctx, write_or_give_up, ref(b));
    });
    CHECK(b.m.try_lock());
    CHECK(b.written >= long{threads} * (rounds / 4));
}

TEST_SUITE_END();
