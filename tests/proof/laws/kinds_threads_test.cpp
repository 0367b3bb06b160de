// SPDX-License-Identifier: BSL-1.0
// The laws of channels that drop, permits, broadcasts, watches, oneshots, notifications
// and shared locks, under every interleaving of two or three threads. threads_test.cpp
// says what is interleaved.
#include <heddle/broadcast.hpp>
#include <heddle/heddle.hpp>
#include <heddle/oneshot.hpp>
#include <heddle/testing_threads.hpp>
#include <heddle/watch.hpp>

#include <asio/io_context.hpp>
#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

using heddle::channel;
using heddle::task;
using heddle::try_status;
using heddle::testing::explore_threads;
using heddle::testing::thread_bounds;
using heddle::testing::threads;

namespace {

void demand(bool holds, const char* what) {
    if (!holds)
        throw std::runtime_error(what);
}

void all_of(const std::string& name, const std::function<void(threads&)>& p,
            thread_bounds bounds = {}) {
    auto all = explore_threads(name, p, bounds);
    CHECK(all.complete);
    MESSAGE(name << ": " << all.schedules << " schedules of up to " << all.depth
                 << " steps, " << all.abandoned << " more begun");
}

struct tally {
    int done = 0, refused = 0, cancelled = 0, value = 0;
};

task<> send_two(channel<int> c, tally& t) {
    for (int i = 0; i < 2; ++i) {
        co_await c.send(1);
        ++t.done;
    }
}

task<> receive_all(channel<int> c, tally& t) {
    int v = 0;
    while (co_await c.receive(v))
        ++t.done;
}

task<> receive_one(channel<int> c, tally& t) {
    std::optional<int> v = co_await c.receive();
    t.done += v.has_value();
}

task<> reserve_and_send(channel<int> c, tally& t) {
    try {
        auto room = co_await c.reserve();
        room.send(1);
        ++t.done;
    } catch (const heddle::channel_closed&) {
        ++t.refused;
    }
}

/// Runs `work` under the token, and counts its cancellation.
task<> under(heddle::done_token token, task<> work, tally& t) {
    try {
        co_await heddle::with_done(token, std::move(work));
    } catch (const heddle::cancelled&) {
        ++t.cancelled;
    }
}

task<> hear(heddle::subscription<int> in, tally& t) {
    while (auto v = co_await in.receive()) {
        demand(*v == t.value + 1, "out of order, twice, or lost");
        t.value = *v;
        ++t.done;
    }
    demand(in.lost() == 0, "lost");
}

task<> say_two(heddle::broadcast<int> to, tally& t) {
    for (int i = 1; i <= 2; ++i) {
        co_await to.send(i);
        ++t.done;
    }
    to.close();
}

task<> get(std::shared_ptr<heddle::future<int>> f, tally& t) {
    try {
        int v = co_await f->get();
        t.value = v;
        ++t.done;
    } catch (const heddle::broken_promise&) {
        ++t.refused;
    }
}

using flag = std::shared_ptr<heddle::testing::atomic<int>>;

task<> writer(std::shared_ptr<heddle::shared_mutex> m, flag writing, tally& t) {
    auto held = co_await m->lock();
    struct writes {  // ends before the lock, also if the yield is cancelled
        explicit writes(flag f) : is(std::move(f)) { is->store(1); }
        writes(const writes&) = delete;
        ~writes() { is->store(0); }
        flag is;
    } now(writing);
    co_await heddle::yield();
    ++t.done;
}

task<> wait_in(std::shared_ptr<heddle::notify> n, tally& t) {
    co_await n->wait();
    ++t.done;
}

task<> wait_twice(heddle::mutex& m, heddle::condition_variable& c, tally& t) {
    auto held = co_await m.lock();
    for (int i = 0; i < 2; ++i) {
        co_await c.wait(held);
        ++t.done;
    }
}

}  // namespace

TEST_SUITE_BEGIN("laws.kinds.threads");

TEST_CASE(
    "laws 39 and 81: a channel that drops, a sender and a receiver: all values are "
    "received, buffered or counted") {
    for (auto rule : {heddle::drop_oldest, heddle::drop_newest})
        all_of(rule == heddle::drop_oldest ? "drop_oldest" : "drop_newest",
               [=](threads& t) {
                   auto n = std::make_shared<tally[]>(2);
                   channel<int> c(1, rule);
                   t.run([=] { return send_two(c, n[0]); });
                   t.run([=] { return receive_one(c, n[1]); });
                   t.at_end([=] {
                       demand(n[0].done == 2, "a send waits");
                       demand(n[1].done + static_cast<int>(c.size() + c.dropped()) == 2,
                              "lost, or made up");
                   });
               });
}

TEST_CASE("laws 6, 25, 39 and 82: a permit, a receiver and a close: what was sent is "
          "received, and all tasks end") {
    all_of("permit", [](threads& t) {
        auto n = std::make_shared<tally[]>(2);
        channel<int> c(1);
        t.run([=] { return reserve_and_send(c, n[0]); });
        t.run([=] { return receive_all(c, n[1]); });
        t.run([=] { c.try_close(); });
        t.at_end([=] {
            demand(n[0].done + n[0].refused == 1, "neither sent nor refused");
            demand(n[0].done == n[1].done, "lost, or made up");
        });
    });
}

TEST_CASE(
    "laws 48 and 82: room that is given to a task beside its cancellation is used, "
    "or given on") {
    all_of("reserve and cancel", [](threads& t) {
        auto n = std::make_shared<tally[]>(2);
        auto source = std::make_shared<heddle::done_source>();
        channel<int> c(1);
        demand(c.try_send(0) == try_status::done, "no room");
        t.run([=, token = source->token()] {
            return under(token, reserve_and_send(c, n[0]), n[0]);
        });
        t.run([=] {
            std::optional<int> v;
            demand(c.try_receive(v) == try_status::done, "nothing to receive");
        });
        t.run([=] { source->close(); });
        t.at_end([=] {
            demand(n[0].done + n[0].cancelled == 1, "not exactly one end");
            demand(static_cast<int>(c.size()) == n[0].done, "lost, or made up");
            demand(static_cast<bool>(c.try_reserve()) == (n[0].done == 0),
                   "the room is lost");
        });
    });
}

TEST_CASE("laws 39 and 83: with hold_back a subscriber on another thread gets every "
          "value once, in order") {
    all_of("broadcast", [](threads& t) {
        auto n = std::make_shared<tally[]>(2);
        heddle::broadcast<int> b(1, heddle::hold_back);
        auto in = std::make_shared<heddle::subscription<int>>(b.subscribe());
        t.run([=] { return hear(std::move(*in), n[0]); });
        t.run([=] { return say_two(b, n[1]); });
        t.at_end([=] {
            demand(n[0].done == 2 && n[1].done == 2, "not all values");
            demand(b.subscribers() == 0, "a subscription is left");
        });
    });
}

TEST_CASE(
    "law 83: beside a subscription that ends, a sender that is held back goes on") {
    all_of("unsubscribe", [](threads& t) {
        auto n = std::make_shared<tally[]>(1);
        heddle::broadcast<int> b(1, heddle::hold_back);
        auto in =
            std::make_shared<std::optional<heddle::subscription<int>>>(b.subscribe());
        t.run([=] { return say_two(b, n[0]); });
        t.run([=] { in->reset(); });
        t.at_end([=] { demand(n[0].done == 2, "held back for ever"); });
    });
}

TEST_CASE("law 84: a watcher that waits beside two changes and the close sees the last "
          "value") {
    all_of("watch", [](threads& t) {
        auto n = std::make_shared<tally[]>(1);
        auto v = std::make_shared<heddle::watch<int>>(0);
        t.run([=]() -> task<> {
            auto in = v->subscribe();
            while (auto now = co_await in.next()) {
                demand(*now >= n[0].value, "backwards");
                n[0].value = *now;
            }
        });
        t.run([=] {
            v->set(1);
            v->set(2);
            v->close();
        });
        t.at_end([=] { demand(n[0].value == 2, "missed the last value"); });
    });
}

TEST_CASE("law 85: beside the end of the future, a promise's value is got or is still "
          "the giver's; beside the end of the promise, the future learns it") {
    all_of("oneshot", [](threads& t) {
        auto n = std::make_shared<tally[]>(2);
        auto ends = std::make_shared<heddle::oneshot<int>>();
        auto future = std::make_shared<heddle::future<int>>(std::move(ends->future));
        auto promise = std::make_shared<std::optional<heddle::promise<int>>>(
            std::move(ends->promise));
        auto source = std::make_shared<heddle::done_source>();
        t.run([=, token = source->token()] {
            return under(token, get(future, n[0]), n[0]);
        });
        t.run([=] {
            n[1].done = (*promise)->set(7);
            promise->reset();
        });
        t.run([=] { source->close(); });
        t.at_end([=] {
            demand(n[1].done == 1, "refused, though the future lives");
            demand(n[0].done + n[0].cancelled == 1, "not exactly one end");
            demand(n[0].done == 1 || future->ready(), "the value is lost");
        });
    });
    all_of("oneshot, dropped", [](threads& t) {
        auto n = std::make_shared<tally[]>(1);
        auto ends = std::make_shared<heddle::oneshot<int>>();
        auto future = std::make_shared<heddle::future<int>>(std::move(ends->future));
        auto promise = std::make_shared<std::optional<heddle::promise<int>>>(
            std::move(ends->promise));
        t.run([=] { return get(future, n[0]); });
        t.run([=] { promise->reset(); });
        t.at_end([=] { demand(n[0].refused == 1, "not told"); });
    });
}

TEST_CASE(
    "laws 48 and 86: a notification beside a cancellation reaches one of two tasks") {
    all_of("notify", [](threads& t) {
        auto n = std::make_shared<tally[]>(2);
        auto source = std::make_shared<heddle::done_source>();
        auto bell = std::make_shared<heddle::notify>();
        t.run([=, token = source->token()] {
            return under(token, wait_in(bell, n[0]), n[0]);
        });
        t.run([=] { bell->notify_one(); });
        t.run([=] { source->close(); });
        t.at_end([=] {
            demand(n[0].done + n[0].cancelled == 1, "not exactly one end");
            if (n[0].done == 0) {  // then it is kept
                asio::io_context ctx;
                auto h = heddle::go(ctx, wait_in(bell, n[1]));
                ctx.run();
                demand(n[1].done == 1, "the notification is lost");
            }
        });
    });
}

TEST_CASE(
    "law 86: a condition that is notified between a task's unlocking and its wait "
    "is not missed") {
    all_of("condition_variable", [](threads& t) {
        struct shared {
            heddle::mutex m;
            heddle::condition_variable changed;
            int goods = 0;
        };
        auto s = std::make_shared<shared>();
        auto n = std::make_shared<tally[]>(1);
        t.run([=]() -> task<> {
            auto held = co_await s->m.lock();
            co_await s->changed.wait(held, [&] { return s->goods > 0; });
            demand(static_cast<bool>(held), "without the mutex");
            ++n[0].done;
        });
        t.run([=]() -> task<> {
            auto held = co_await s->m.lock();
            ++s->goods;
            s->changed.notify_one();
        });
        t.at_end([=] { demand(n[0].done == 1, "missed"); });
    });
}

TEST_CASE("law 86: notify_all notifies a task that waits again, meanwhile, only once") {
    all_of("condition_variable_all", [](threads& t) {
        struct shared {
            heddle::mutex m;
            heddle::condition_variable changed;
        };
        auto s = std::make_shared<shared>();
        auto n = std::make_shared<tally[]>(1);
        auto source = std::make_shared<heddle::done_source>();
        t.run([=, token = source->token()] {
            return under(token, wait_twice(s->m, s->changed, n[0]), n[0]);
        });
        t.run([=] {
            s->changed.notify_all();
            source->close();
        });
        t.at_end([=] {
            demand(n[0].done <= 1, "notified twice");
            demand(n[0].cancelled == 1, "notified twice");
        });
    });
}

TEST_CASE(
    "laws 48 and 87: readers, a writer and its cancellation: nobody reads beside a "
    "writer, and the reader behind it goes on") {
    all_of("shared_mutex", [](threads& t) {
        auto m = std::make_shared<heddle::shared_mutex>();
        auto writing = std::make_shared<heddle::testing::atomic<int>>(0);
        auto n = std::make_shared<tally[]>(2);
        auto source = std::make_shared<heddle::done_source>();
        t.run([=, token = source->token()] {
            return under(token, writer(m, writing, n[0]), n[0]);
        });
        t.run([=]() -> task<> {
            auto held = co_await m->lock_shared();
            demand(writing->load() == 0, "a reader beside a writer");
            ++n[1].done;
        });
        t.run([=] { source->close(); });
        t.at_end([=] {
            demand(n[0].done + n[0].cancelled == 1, "not exactly one end");
            demand(n[1].done == 1, "the reader waits for ever");
            demand(static_cast<bool>(m->try_lock()), "the lock is lost");
        });
    });
}

TEST_SUITE_END();
