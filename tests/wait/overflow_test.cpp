// SPDX-License-Identifier: BSL-1.0
// The promises of channels that drop values, that weigh them, and of ends that close.
#include <heddle/channel.hpp>
#include <heddle/channel_owner.hpp>

#include "support/ending.hpp"
#include "support/tasks.hpp"
#include "support/world.hpp"

#include <asio/error.hpp>
#include <doctest/doctest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using heddle::channel;
using heddle::conflated;
using heddle::drop_newest;
using heddle::drop_oldest;
using heddle::task;
using heddle::try_status;
using test::ending_of_call;
using test::lines;
using test::trace;
using test::tracked;
using test::world;

struct by_length {
    std::size_t operator()(const std::string& s) const noexcept { return s.size(); }
};

heddle::weight_limit<by_length> bytes(std::size_t n) { return {n, by_length()}; }

template <class T>
std::vector<T> drain(const channel<T>& c) {
    std::vector<T> all;
    for (std::optional<T> v; c.try_receive(v) == try_status::done;)
        all.push_back(*std::move(v));
    return all;
}

task<> send_all(heddle::sender<int> out, std::vector<int> values, trace& t) {
    for (int v : values)
        co_await out.send(v);
    t("sent");
}

task<> send_text(heddle::sender<std::string> out, std::string text, trace& t) {
    std::string how = co_await test::ending(out.send(std::move(text)));
    t(how);
}

/// Sends by an arm, beside one that is never ready.
task<> select_send(heddle::sender<tracked> out, int n) {
    tracked v(n);
    channel<> never;
    co_await heddle::select(out.send(std::ref(v)), never.receive());
    CHECK(v.value() == -1);
}

task<> await_send(heddle::sender<tracked> out, int n) {
    tracked v(n);
    co_await out.send(std::move(v));
    CHECK(v.value() == -1);
}

/// Owns a value whose destruction calls the channel: it would deadlock under its lock.
struct calls_channel {
    explicit calls_channel(const channel<std::unique_ptr<calls_channel>>* c) : of(c) {}
    ~calls_channel() { seen = of->size(); }
    const channel<std::unique_ptr<calls_channel>>* of;
    static inline std::size_t seen = 0;
};

}  // namespace

TEST_SUITE_BEGIN("overflow");

TEST_CASE("drop_oldest keeps the last values, and no send waits") {
    world w;
    trace t;
    channel<int> c(3, drop_oldest);
    w.go(send_all, c, test::numbers(10), std::ref(t));
    w.settle();
    CHECK(t.take() == lines{"sent"});
    CHECK(c.dropped() == 7);
    CHECK(drain(c) == std::vector{7, 8, 9});
    CHECK(c.capacity() == 3);
}

TEST_CASE("drop_newest keeps the first values, and no send waits") {
    world w;
    trace t;
    channel<int> c(3, drop_newest);
    w.go(send_all, c, test::numbers(10), std::ref(t));
    w.settle();
    CHECK(t.take() == lines{"sent"});
    CHECK(c.dropped() == 7);
    CHECK(drain(c) == std::vector{0, 1, 2});
}

TEST_CASE("a conflated channel keeps the latest value") {
    channel<int> c(conflated);
    for (int i : {1, 2, 3})
        CHECK(c.try_send(i) == try_status::done);
    CHECK(c.dropped() == 2);
    CHECK(drain(c) == std::vector{3});
    CHECK(c.try_send(4) == try_status::done);
    CHECK(drain(c) == std::vector{4});
    CHECK(c.dropped() == 2);
}

TEST_CASE("a receiver that waits gets the value, and nothing is dropped") {
    world w;
    channel<int> c(0, drop_newest);
    std::vector<int> got;
    CHECK(c.try_send(1) == try_status::done);  // nobody waits
    w.go(test::collect, c, std::ref(got));
    w.settle();
    CHECK(c.try_send(2) == try_status::done);
    w.settle();
    CHECK(got == std::vector{2});
    CHECK(c.dropped() == 1);
    c.close();
    w.settle();
}

TEST_CASE(
    "each value that is sent is received, buffered or counted as dropped; dropped "
    "values are destroyed when the send is over") {
    int before = tracked::alive();
    {
        world w;
        channel<tracked> c(2, drop_oldest);
        SUBCASE("awaited") {
            for (int i = 0; i < 5; ++i)
                w.go(await_send, c, i);
        }
        SUBCASE("as an arm") {
            for (int i = 0; i < 5; ++i)
                w.go(select_send, c, i);
        }
        SUBCASE("without waiting") {
            for (int i = 0; i < 5; ++i) {
                tracked v(i);
                CHECK(c.try_send(std::move(v)) == try_status::done);
                CHECK(v.value() == -1);
            }
        }
        SUBCASE("by a handler") {
            int handled = 0;
            for (int i = 0; i < 5; ++i)
                c.async_send(w.ctx, tracked(i), [&](heddle::error_code ec) {
                    CHECK(!ec);
                    ++handled;
                });
            w.settle();
            CHECK(handled == 5);
        }
        w.settle();
        CHECK(c.dropped() == 3);
        CHECK(tracked::alive() == before + 2);
        std::optional<tracked> v;
        REQUIRE(c.try_receive(v) == try_status::done);
        CHECK(v->value() == 3);
    }
    CHECK(tracked::alive() == before);
}

TEST_CASE("a dropped value is destroyed without the lock of the channel") {
    channel<std::unique_ptr<calls_channel>> c(1, drop_oldest);
    calls_channel::seen = 99;
    CHECK(c.try_send(std::make_unique<calls_channel>(&c)) == try_status::done);
    CHECK(c.try_send(std::make_unique<calls_channel>(&c)) == try_status::done);
    CHECK(calls_channel::seen == 1);
    (void)drain(c);
}

TEST_CASE("a send to a closed channel that drops is refused, and drops nothing") {
    channel<int> c(1, drop_oldest);
    CHECK(c.try_send(1) == try_status::done);
    c.close();
    CHECK(c.try_send(2) == try_status::closed);
    CHECK(c.dropped() == 0);
    CHECK(drain(c) == std::vector{1});
}

TEST_CASE("a channel whose sends wait drops nothing; nil neither") {
    channel<int> c(1), nil(nullptr);
    CHECK(c.try_send(1) == try_status::done);
    CHECK(c.try_send(2) == try_status::would_block);
    CHECK(c.dropped() == 0);
    CHECK(nil.dropped() == 0);
    CHECK(nil.weight() == 0);
    CHECK(nil.cause() == nullptr);
}

TEST_CASE("a capacity or a weight that makes no sense is a length_error that says so") {
    CHECK_THROWS_WITH_AS(channel<int>(0, drop_oldest), doctest::Contains("oldest"),
                         std::length_error);
    CHECK_THROWS_AS(channel<int>(-1, drop_newest), std::length_error);
    CHECK_THROWS_WITH_AS(channel<std::string>(4, bytes(0)),
                         doctest::Contains("weight_limit of 0"), std::length_error);
}

// -- weight -------------------------------------------------------------------------

TEST_CASE("a value enters while what is buffered weighs less than the limit") {
    channel<std::string> c(10, bytes(5));
    CHECK(c.try_send("abc") == try_status::done);
    CHECK(c.weight() == 3);
    CHECK(c.try_send("defg") == try_status::done);  // the limit is passed once
    CHECK(c.weight() == 7);
    CHECK(c.try_send("") == try_status::would_block);
    CHECK(drain(c) == std::vector<std::string>{"abc", "defg"});
    CHECK(c.weight() == 0);
    CHECK(c.try_send("heavier than any limit") == try_status::done);
}

TEST_CASE("the number is a limit, too") {
    channel<std::string> c(2, bytes(100));
    CHECK(c.try_send("a") == try_status::done);
    CHECK(c.try_send("b") == try_status::done);
    CHECK(c.try_send("c") == try_status::would_block);
}

TEST_CASE(
    "a receive lets in as many senders as there is weight for, in order of arrival") {
    world w;
    trace t;
    channel<std::string> c(10, bytes(4));
    CHECK(c.try_send("1234") == try_status::done);
    for (auto text : {"a", "b", "cdef", "g"})
        w.go(send_text, c, text, std::ref(t));
    w.settle();
    CHECK(t.take().empty());
    std::optional<std::string> v;
    CHECK(c.try_receive(v) == try_status::done);
    w.settle();
    CHECK(t.take() == lines{"ok", "ok", "ok"});
    CHECK(c.weight() == 6);
    CHECK(drain(c) == std::vector<std::string>{"a", "b", "cdef", "g"});
    w.settle();
    CHECK(t.take() == lines{"ok"});
}

TEST_CASE("a cancelled send to a channel with a weight leaves no trace") {
    world w;
    trace t;
    channel<std::string> c(10, bytes(1));
    CHECK(c.try_send("x") == try_status::done);
    auto late = w.go(send_text, c, "y", std::ref(t));
    w.settle();
    late.cancel();
    w.settle();
    CHECK(t.take() == lines{"cancelled: closed"});
    CHECK(drain(c) == std::vector<std::string>{"x"});
    CHECK(c.weight() == 0);
}

// -- cause, owners ------------------------------------------------------------------

TEST_CASE("a channel closed with a cause tells it to receivers") {
    channel<int> c(1);
    heddle::receiver<int> in = c;
    CHECK(in.cause() == nullptr);
    CHECK(c.try_send(1) == try_status::done);
    c.close(test::cause("the feed ended"));
    CHECK(test::why(in.cause()) == "the feed ended");
    CHECK(drain(c) == std::vector{1});
    CHECK_THROWS_AS(c.close(test::cause("again")), heddle::channel_closed);
    CHECK(test::why(in.cause()) == "the feed ended");
}

TEST_CASE("a cause may be an error code; a close without one has none") {
    channel<int> c, plain;
    c.close(asio::error::make_error_code(asio::error::eof));
    CHECK_THROWS_AS(std::rethrow_exception(c.cause()), heddle::system_error);
    plain.close();
    CHECK(plain.cause() == nullptr);
    channel<int> nil(nullptr);
    CHECK_THROWS_AS(nil.close(test::cause("x")), heddle::channel_closed);
}

TEST_CASE("a name and a cause do not change how a channel works") {
    channel<int> c(1);
    c.name("jobs");
    c.name("more jobs");
    CHECK(c.try_send(1) == try_status::done);
    CHECK(c.try_send(2) == try_status::would_block);
    c.close(test::cause("end"));
    CHECK(ending_of_call([&] { c.close(); }).find("`more jobs`") != std::string::npos);
}

TEST_CASE("the last copy of an owning_sender closes the channel") {
    world w;
    channel<int> c(1);
    heddle::owning_sender<int> first(c);
    {
        auto second = first;
        CHECK(second == first);
        first.reset();
        CHECK(first == nullptr);
        CHECK_FALSE(c.closed());
        CHECK(second.try_send(1) == try_status::done);
    }
    CHECK(c.closed());
    CHECK(drain(c) == std::vector{1});
    CHECK(first.try_send(2) == try_status::would_block);  // nil
}

TEST_CASE("an owning_sender in the frame of a task closes when the frame is gone") {
    channel<int> c;
    SUBCASE("the task ends") {
        world w;
        w.go([](heddle::owning_sender<int>) -> task<> { co_return; },
             heddle::owning_sender<int>(c));
        w.settle();
        CHECK(c.closed());
    }
    SUBCASE("the context is destroyed") {
        {
            world w;
            w.go([](heddle::owning_sender<int> out) -> task<> { co_await out.send(1); },
                 heddle::owning_sender<int>(c));
            w.settle();
            CHECK_FALSE(c.closed());
        }
        CHECK(c.closed());
    }
}

TEST_CASE(
    "once the last owning_receiver is gone, sends are refused with their values") {
    world w;
    trace t;
    channel<std::string> c;
    heddle::owning_receiver<std::string> in(c);
    w.go(send_text, c, "lost?", std::ref(t));
    w.settle();
    in.reset();
    w.settle();
    CHECK(test::contains(t.take().at(0), "send on a closed channel"));
    std::string kept = "kept";
    CHECK(c.try_send(std::move(kept)) == try_status::closed);
    CHECK(kept == "kept");
}

TEST_CASE("an owner of a channel that others have closed closes nothing") {
    channel<int> c;
    heddle::owning_sender<int> out(c);
    heddle::owning_receiver<int> in(c);
    c.close();
    out.reset();
    in.reset();
    CHECK(c.closed());
}

TEST_SUITE_END();
