// SPDX-License-Identifier: BSL-1.0
// Laws under every interleaving of two or three threads, each with a host of its own or none: what they do to locks, claim
// words, inboxes and contexts, with sequentially consistent memory. Weaker memory is the models' concern: ../models.
#include <heddle/heddle.hpp>
#include <heddle/testing_threads.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

using heddle::channel;
using heddle::task;
using heddle::try_status;
using heddle::testing::explore_threads;
using heddle::testing::thread_bounds;
using heddle::testing::threads;

namespace {

using program = std::function<void(threads&)>;

void demand(bool holds, const char* what) {
    if (!holds)
        throw std::runtime_error(what);
}

/// Explores it in full, and says how much that was.
void all_of(const std::string& name, const program& p, thread_bounds bounds = {}) {
    if (bounds.schedules == 100000) bounds.schedules = 8000;
    auto all = explore_threads(name, p, bounds);
    CHECK(all.complete);
    MESSAGE(name << ": " << all.schedules << " schedules of up to " << all.depth
                 << " steps, " << all.abandoned << " more begun");
}

/// What became of values; written by one thread each, read at the end.
struct tally {
    int sent = 0, refused = 0, received = 0, cancelled = 0;
    int value = 0;
};

task<> send_one(channel<int> c, int v, tally& t) {
    try {
        co_await c.send(v);
        ++t.sent;
    } catch (const heddle::channel_closed&) {
        ++t.refused;
    }
}

task<> receive_all(channel<int> c, tally& t) {
    int v = 0;
    while (co_await c.receive(v)) {
        ++t.received;
        t.value += v;
    }
}

task<> receive_one(channel<int> c, tally& t) {
    std::optional<int> v;
    co_await c.receive(v);
    t.received += v.has_value();
    t.value += v.value_or(0);
}

task<> receive_under(heddle::done_token token, channel<int> c, tally& t) {
    try {
        co_await heddle::with_done(token, receive_one(c, t));
    } catch (const heddle::cancelled&) {
        ++t.cancelled;
    }
}

task<> send_under(heddle::done_token token, channel<int> c, int v, tally& t) {
    try {
        co_await heddle::with_done(token, send_one(c, v, t));
    } catch (const heddle::cancelled&) {
        ++t.cancelled;
    }
}

/// Sends on one, or receives from the other.
task<> send_or_receive(channel<int> to, channel<int> from, int v, tally& t) {
    std::optional<int> got;
    auto arm = co_await heddle::select(to.send(v), from.receive(got));
    if (arm == 0) {
        ++t.sent;
    } else {
        ++t.received;
        t.value = got.value_or(-1);
    }
}

task<> receive_either(channel<int> a, channel<int> b, tally& t) {
    std::optional<int> x, y;
    auto arm = co_await heddle::select(a.receive(x), b.receive(y));
    demand(arm == 0 ? x && !y : y && !x, "not exactly the arm that is told");
    ++t.received;
    t.value = arm == 0 ? *x : *y;
}

}  // namespace

TEST_SUITE_BEGIN("laws.threads");

TEST_CASE("laws 1, 39 and 77: a send meets a receive on another thread's host, however "
          "they come; "
          "no wake of an idle host is lost") {
    for (std::size_t capacity : {0, 1})
        all_of(capacity ? "buffered" : "rendezvous", [=](threads& t) {
            auto n = std::make_shared<tally[]>(2);
            channel<int> c(capacity);
            t.run([=] { return send_one(c, 7, n[0]); });
            t.run([=] { return receive_one(c, n[1]); });
            t.at_end([=] { demand(n[0].sent == 1 && n[1].value == 7, "lost"); });
        });
}

TEST_CASE("laws 20-25: a send, a receiver and a close on three threads: what is sent "
          "is received, "
          "what is refused is not, and all end") {
    for (std::size_t capacity : {0, 1})
        all_of(capacity ? "close, buffered" : "close", [=](threads& t) {
            auto n = std::make_shared<tally[]>(2);
            channel<int> c(capacity);
            t.run([=] { return send_one(c, 7, n[0]); });
            t.run([=] { return receive_all(c, n[1]); });
            t.run([=] { c.try_close(); });
            t.at_end([=] {
                demand(n[0].sent + n[0].refused == 1, "neither sent nor refused");
                demand(n[0].sent == n[1].received, "lost, or made up");
            });
        });
}

TEST_CASE("laws 29, 39 and 40: a select of two channels beside a sender for each takes "
          "one value; the "
          "other is still its sender's, who waits alone") {
    all_of("two senders", [](threads& t) {
        auto n = std::make_shared<tally[]>(3);
        channel<int> a, b;
        t.run([=] { return receive_either(a, b, n[0]); });
        t.run([=] { return send_one(a, 1, n[1]); });
        t.run([=] { return send_one(b, 2, n[2]); });
        t.at_rest([=] {
            demand(n[0].received == 1, "a select and a sender wait for each other");
            demand(n[1].sent + n[2].sent == 1, "not exactly one was sent");
            a.close();
            b.close();
        });
        t.at_end([=] {
            demand(n[0].value == (n[1].sent ? 1 : 2), "another value");
            demand(n[1].refused + n[2].refused == 1, "the other was not refused");
        });
    });
}

TEST_CASE("laws 30 and 38: selects on two threads that face each other on two channels "
          "meet once") {
    all_of("crossed selects", [](threads& t) {
        auto n = std::make_shared<tally[]>(2);
        channel<int> a, b;
        t.run([=] { return send_or_receive(a, b, 1, n[0]); });
        t.run([=] { return send_or_receive(b, a, 2, n[1]); });
        t.at_end([=] {
            demand(n[0].sent == n[1].received && n[1].sent == n[0].received,
                   "two arms");
            demand(n[0].sent + n[1].sent == 1, "not one rendezvous");
            demand(n[0].sent ? n[1].value == 1 : n[0].value == 2, "another value");
        });
    });
}

TEST_CASE("laws 47-50: a token that closes beside a send: received or cancelled, sent "
          "or kept, and the "
          "same on both sides") {
    for (bool receiver : {true, false})
        all_of(receiver ? "cancelled receiver" : "cancelled sender", [=](threads& t) {
            auto n = std::make_shared<tally[]>(2);
            auto source = std::make_shared<heddle::done_source>();
            channel<int> c;
            auto token = source->token();
            auto other = receiver ? token : heddle::done_token();
            t.run([=] { return receive_under(other, c, n[0]); });
            t.run([=] {
                return send_under(receiver ? heddle::done_token() : token, c, 7, n[1]);
            });
            t.run([=] { source->close(); });
            t.at_rest([=] { c.try_close(); });
            t.at_end([=] {
                demand(n[0].received == n[1].sent, "lost, or made up");
                demand(n[receiver ? 0 : 1].cancelled + n[1].sent == 1,
                       "both, or neither");
            });
        });
}

TEST_CASE("laws 46 and 69: a join on another thread gets what the task returned, "
          "before or after its end") {
    all_of("join", [](threads& t) {
        auto got = std::make_shared<int>(0);
        channel<> go_on;
        auto& a = t.run([=]() -> task<> { co_await go_on.receive(); });
        t.run([=, &a]() -> task<> {
            auto h = heddle::go(a, []() -> task<int> { co_return 7; });
            go_on.close();
            *got = co_await h;
        });
        t.at_end([=] { demand(*got == 7, "another result"); });
    });
}

TEST_CASE("laws 48 and 59: cancel of a task on another thread: it ends once, cancelled "
          "or as it would have") {
    all_of("cancel", [](threads& t) {
        auto n = std::make_shared<tally[]>(2);
        channel<int> c;
        auto h = std::make_shared<heddle::join_handle<void>>();
        auto& a = t.run([](asio::io_context&) {});
        *h = heddle::go(a, [=]() -> task<> { return receive_one(c, n[0]); });
        t.run([=] { n[1].sent = c.try_send(7) == try_status::done; });
        t.run([=] { h->cancel(); });
        t.at_end([=] { demand(n[0].received == n[1].sent, "lost, or made up"); });
    });
}

TEST_CASE("law 68: what is started on another thread's host runs, whether that is "
          "busy, idle or about to be") {
    all_of("go elsewhere", [](threads& t) {
        auto ran = std::make_shared<heddle::testing::atomic<int>>(0);
        channel<> end(2);
        auto& a = t.run([=]() -> task<> {
            co_await end.receive();
            co_await end.receive();
        });
        for (int i = 0; i < 2; ++i)
            t.run([=, &a] {
                heddle::go(a, [=]() -> task<> {
                    ran->fetch_add(1);
                    co_await end.send();
                });
            });
        t.at_end([=] { demand(ran->load() == 2, "not run"); });
    });
}

TEST_CASE("laws 1 and 6: threads that wait without a host") {
    all_of("threads", [](threads& t) {
        auto n = std::make_shared<tally[]>(2);
        channel<int> c;
        t.run([=] { c.send_blocking(1); });
        t.run([=] { c.send_blocking(2); });
        t.run([=] {
            for (int i = 0; i < 2; ++i)
                n[0].value += c.receive_blocking().value();
        });
        t.at_end([=] { demand(n[0].value == 3, "lost"); });
    });
}

TEST_CASE("laws 48 and 49: a handler that waits is called once, with the value or "
          "without, beside a send "
          "and a close") {
    all_of("handler", [](threads& t) {
        auto n = std::make_shared<tally[]>(2);
        channel<int> c;
        t.run([=](asio::io_context& ctx) {
            c.async_receive(ctx, [=](std::error_code, std::optional<int> v) {
                ++n[0].cancelled;  // called
                n[0].received = v.has_value();
            });
        });
        t.run([=] { n[1].sent = c.try_send(7) == try_status::done; });
        t.run([=] { c.try_close(); });
        t.at_end([=] {
            demand(n[0].cancelled == 1, "not called once");
            demand(n[0].received == n[1].sent, "lost, or made up");
        });
    });
}

TEST_CASE("law 66: a time-out beside a value from another thread: one of them") {
    all_of("time-out", [](threads& t) {
        auto n = std::make_shared<tally[]>(2);
        channel<int> c;
        t.run([=]() -> task<> {
            std::optional<int> v;
            auto arm = co_await heddle::select(c.receive(v),
                                               heddle::after(std::chrono::seconds(1)));
            demand(v.has_value() == (arm == 0), "not the arm that is told");
            n[0].received = arm == 0;
        });
        t.run([=] { n[1].sent = c.try_send(7) == try_status::done; });
        t.at_end([=] { demand(n[0].received == n[1].sent, "lost, or made up"); });
    });
}

TEST_SUITE_END();
