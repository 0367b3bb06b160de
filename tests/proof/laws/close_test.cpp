// SPDX-License-Identifier: BSL-1.0
// The laws of closing, 20 to 28. Races are in stress/channel_stress.cpp.
#include <heddle/heddle.hpp>

#include "support/world.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>

namespace {

using heddle::try_status;

using box = std::unique_ptr<int>;

/// Sends a box and logs whether the box was sent.
heddle::task<> send_box(heddle::sender<box> out, int n, test::trace& trace) {
    auto mine = std::make_unique<int>(n);
    std::string what = " is not sent";
    try {
        co_await out.send(std::move(mine));
        what = " is sent";
    } catch (const heddle::channel_closed&) {
    }
    trace(std::to_string(n) + what + (mine ? ", and mine" : ", and gone"));
}

heddle::task<> receive_box(heddle::receiver<box> in, test::trace& trace,
                           std::string name) {
    auto v = co_await in.receive();
    trace(name + (v ? " got " + std::to_string(**v) : " got nothing"));
}

}  // namespace

TEST_SUITE_BEGIN("laws.close");

TEST_CASE("law 20: after close the buffer drains in order, and then receives are empty "
          "for ever") {
    test::world world;
    heddle::channel<int> c(3);
    for (int i : {1, 2, 3})
        CHECK(c.try_send(i) == try_status::done);
    c.close();
    bool ended = false;
    world.go([](heddle::receiver<int> in, bool& end) -> heddle::task<> {
        std::optional<int> v;
        int n = 0;
        CHECK(co_await in.receive() == 1);
        CHECK(co_await heddle::select(in.receive(v), heddle::otherwise) == 0);
        CHECK(v == 2);
        CHECK(in.try_receive(n) == try_status::done);
        CHECK(n == 3);
        for (int i = 0; i < 3; ++i) {
            CHECK(co_await in.receive() == std::nullopt);
            CHECK_FALSE(co_await in.receive(v));
            CHECK_FALSE(co_await in.receive(n));
            CHECK(in.try_receive(n) == try_status::closed);
            v = 9;
            CHECK(co_await heddle::select(in.receive(v), heddle::otherwise) == 0);
            CHECK(v == std::nullopt);
        }
        end = true;
    }(c, ended));
    world.settle();
    CHECK(ended);
}

TEST_CASE("law 21: a send on a closed channel fails, and the sender keeps its value") {
    for (int capacity : {0, 1}) {
        test::world world;
        test::trace trace;
        heddle::channel<box> c(capacity);
        c.close();
        world.go(send_box(c, 1, trace));
        world.settle();
        CHECK(trace.take() == test::lines{"1 is not sent, and mine"});
        auto mine = std::make_unique<int>(2);
        CHECK(c.try_send(std::move(mine)) == try_status::closed);
        CHECK(mine);
        world.go([](heddle::sender<box> out) -> heddle::task<> {
            auto value = std::make_unique<int>(3);
            CHECK_THROWS_AS(
                co_await heddle::select(out.send(std::move(value)), heddle::otherwise),
                heddle::channel_closed);
            CHECK(value);
        }(c));
        world.settle();
        CHECK(c.size() == 0);
    }
}

TEST_CASE("law 22: close wakes every parked receiver, with empty") {
    test::world world;
    test::trace trace;
    heddle::channel<box> c(2);
    world.go(receive_box(c, trace, "ann"));
    world.go(receive_box(c, trace, "bob"));
    world.go(receive_box(c, trace, "eve"));
    world.settle();
    c.close();
    world.settle();
    CHECK(trace.take() ==
          test::lines{"ann got nothing", "bob got nothing", "eve got nothing"});
}

TEST_CASE("law 23: close wakes every parked sender, and returns the values") {
    for (int capacity : {0, 1}) {
        test::world world;
        test::trace trace;
        heddle::channel<box> c(capacity);
        if (capacity == 1)
            CHECK(c.try_send(std::make_unique<int>(0)) == try_status::done);
        for (int i : {1, 2, 3})
            world.go(send_box(c, i, trace));
        world.settle();
        c.close();
        world.settle();
        CHECK(trace.take() == test::lines{"1 is not sent, and mine",
                                          "2 is not sent, and mine",
                                          "3 is not sent, and mine"});
        CHECK(c.size() == static_cast<std::size_t>(capacity));  // these were sent
        CHECK(world.live() == 0);
    }
}

TEST_CASE("law 24: a second close is an error, and exactly one call closes") {
    heddle::channel<int> c, d;
    CHECK(c.try_close());
    CHECK_FALSE(c.try_close());
    CHECK_THROWS_AS(c.close(), heddle::channel_closed);
    d.close();
    CHECK_FALSE(d.try_close());
    CHECK(d.closed());
    CHECK_THROWS_AS(d.close(), heddle::channel_closed);
}

TEST_CASE("law 25: a value is either delivered or reported not sent, never both and "
          "never neither") {
    test::trace trace;
    for (bool close_first : {false, true})
        for (bool receiver_parked : {false, true}) {
            CAPTURE(close_first);
            CAPTURE(receiver_parked);
            test::world senders, receivers;
            heddle::channel<box> c;
            if (receiver_parked) {
                receivers.go(receive_box(c, trace, "receiver"));
                receivers.settle();
            }
            if (close_first)
                c.close();
            senders.go(send_box(c, 1, trace));
            senders.settle();
            if (!receiver_parked) {
                receivers.go(receive_box(c, trace, "receiver"));
                receivers.settle();
            }
            // The hand-off has happened, but one side has not run since.
            if (!close_first)
                c.close();
            senders.settle();
            receivers.settle();
            test::lines seen = trace.take();
            std::sort(seen.begin(), seen.end());
            if (close_first)
                CHECK(seen ==
                      test::lines{"1 is not sent, and mine", "receiver got nothing"});
            else
                CHECK(seen == test::lines{"1 is sent, and gone", "receiver got 1"});
        }
}

TEST_CASE("law 26: a closed and drained channel never looks open and empty") {
    heddle::channel<int> c(1);
    int n = 0;
    CHECK(c.try_receive(n) == try_status::would_block);
    CHECK(c.try_send(1) == try_status::done);
    c.close();
    CHECK(c.try_receive(n) == try_status::done);
    CHECK(c.try_receive(n) == try_status::closed);
    CHECK(c.try_receive(n) == try_status::closed);
    CHECK(c.try_send(1) == try_status::closed);
    CHECK(c.closed());
}

TEST_CASE("law 27: close makes the receive arm of a waiting select happen") {
    test::world world;
    test::trace trace;
    heddle::channel<int> a, b;
    world.go([](heddle::channel<int> x, heddle::channel<int> y,
                test::trace& tr) -> heddle::task<> {
        std::optional<int> v = 5, w = 5;
        auto i = co_await heddle::select(x.receive(v), y.receive(w));
        tr(std::to_string(i) + (v ? " x kept" : " x empty") +
           (w ? ", y kept" : ", y empty"));
        i = co_await heddle::select(y.receive(w), y.receive(v));  // y is still valid
        tr("then " + std::to_string(w.value_or(0) + v.value_or(0)));
    }(a, b, trace));
    world.settle();
    a.close();
    world.settle();
    CHECK(trace.take() == test::lines{"0 x empty, y kept"});
    CHECK(b.try_send(3) == try_status::done);
    world.settle();
    // Only the arm that happened wrote, so one of the two still holds its old value.
    auto seen = trace.take();
    CHECK((seen == test::lines{"then 3"} || seen == test::lines{"then 8"}));
}

TEST_CASE("law 27: close ends a select that waits to send, and the value is kept") {
    test::world world;
    test::trace trace;
    heddle::channel<box> a, b;
    world.go([](heddle::channel<box> x, heddle::channel<box> y,
                test::trace& tr) -> heddle::task<> {
        auto mine = std::make_unique<int>(1);
        std::optional<box> v;
        try {
            co_await heddle::select(x.send(std::move(mine)), y.receive(v));
            tr("no error");
        } catch (const heddle::channel_closed&) {
            tr(mine ? "closed, mine" : "closed, gone");
        }
    }(a, b, trace));
    world.settle();
    a.close();
    world.settle();
    CHECK(trace.take() == test::lines{"closed, mine"});
    // The other arm has left its queue.
    CHECK(b.try_send(nullptr) == try_status::would_block);
}

TEST_CASE("law 27: a send arm on a closed channel matters only if it is chosen") {
    // 200 selects have one ready receive and one closed send. With uniform choice, an
    // outcome is missing with probability 2^-200.
    bool received = false, refused = false;
    test::run_virtual(
        [](bool& got, bool& closed) -> heddle::task<> {
            heddle::channel<int> gone, full(1);
            gone.close();
            for (int i = 0; i < 200; ++i) {
                (void)full.try_send(i);
                std::optional<int> v;
                try {
                    auto arm = co_await heddle::select(gone.send(1), full.receive(v));
                    CHECK(arm == 1);
                    CHECK(v);
                    got = true;
                } catch (const heddle::channel_closed&) {
                    CHECK(full.size() == 1);
                    closed = true;
                }
            }
        }(received, refused),
        27);
    CHECK(received);
    CHECK(refused);
}

namespace {

heddle::task<> close_next(heddle::channel<int> mine, heddle::channel<int> next,
                          int& resumed) {
    auto v = co_await mine.receive();
    CHECK_FALSE(v);
    ++resumed;
    next.close();
}

/// Closes a channel at the end of its scope, as a guard does.
struct closer {
    explicit closer(heddle::channel<int> c) : channel(std::move(c)) {}
    closer(const closer&) = delete;
    closer& operator=(const closer&) = delete;
    ~closer() { channel.try_close(); }
    heddle::channel<int> channel;
};

heddle::task<> close_next_at_end(heddle::channel<int> mine, heddle::channel<int> next) {
    closer guard(std::move(next));
    co_await mine.receive();
}

}  // namespace

TEST_CASE("law 28: a task that a close resumed may close another channel, 100 000 "
          "levels deep") {
    test::world world;
    constexpr int depth = 100'000;  // recursion would need more stack than there is
    heddle::channel<int> first, mine = first;
    int resumed = 0;
    for (int i = 0; i < depth; ++i) {
        heddle::channel<int> next;
        world.go(close_next(mine, next, resumed));
        mine = next;
    }
    world.settle();
    first.close();
    world.settle();
    CHECK(resumed == depth);
    CHECK(mine.closed());
}

TEST_CASE(
    "law 28: the destructor of a waiter may close the channel of another waiter") {
    constexpr int depth = 20'000;
    heddle::channel<int> last;
    {
        test::world world;
        heddle::channel<int> mine;
        for (int i = 0; i < depth; ++i) {
            heddle::channel<int> next;
            world.go(close_next_at_end(mine, next));
            mine = next;
        }
        last = mine;
        world.settle();
        CHECK(world.live() == depth);
        CHECK_FALSE(last.closed());
    }  // the context ends, and destroys every parked frame
    CHECK(last.closed());
}

TEST_CASE("law 28: a task may close the channel whose waiter is about to run") {
    test::world world;
    test::trace trace;
    heddle::channel<box> c;
    world.go(receive_box(c, trace, "ann"));
    world.go(receive_box(c, trace, "bob"));
    world.settle();
    CHECK(c.try_send(std::make_unique<int>(1)) == try_status::done);
    c.close();  // ann is claimed but has not run, bob is parked
    world.settle();
    CHECK(trace.take() == test::lines{"ann got 1", "bob got nothing"});
}

TEST_SUITE_END();
