// SPDX-License-Identifier: BSL-1.0
// The promises of select beyond the laws (proof/laws/select_test.cpp,
// proof/laws/select_traces_test.cpp): its indexes, its kinds of arms, ranges, priority,
// and how cancellation affects it.
#include <heddle/select.hpp>

#include "support/world.hpp"

#include <doctest/doctest.h>

#include <array>
#include <memory>
#include <span>
#include <stdexcept>
#include <thread>
#include <tuple>
#include <vector>

namespace {

using heddle::try_status;
using test::tracked;
using namespace std::chrono_literals;

using channel = heddle::channel<int>;

heddle::task<int> give(int n) { co_return n; }

heddle::task<int> fail() {
    throw std::runtime_error("failed");
    co_return 0;
}

heddle::task<> forever() { co_await channel(nullptr).receive(); }

/// Runs a test body in virtual time, to its end. If the body hangs, `deadlock` is
/// thrown.
void in_task(heddle::task<> body) { test::run_virtual(std::move(body)); }

}  // namespace

TEST_SUITE_BEGIN("select");

// -- indexes and kinds --------------------------------------------------------------

TEST_CASE("the index is the position of the arm, whatever its kind") {
    in_task([]() -> heddle::task<> {
        channel nil(nullptr), full(1), empty(1);
        (void)full.try_send(5);
        heddle::done_source open, closed;
        closed.close();
        auto job = heddle::go(give, 1);
        heddle::wait_group idle;
        std::optional<int> v;
        co_await heddle::yield();
        CHECK(co_await heddle::select(nil.receive(v), full.receive(v)) == 1);
        CHECK(v == 5);
        CHECK(co_await heddle::select(full.receive(std::ignore), nil.send(1),
                                      empty.send(7)) == 2);
        CHECK(co_await heddle::select(full.receive(v), open.token(), closed.token()) ==
              2);
        CHECK(co_await heddle::select(full.receive(v), job) == 1);
        CHECK(co_await heddle::select(idle.wait(), full.receive(v)) == 0);
        CHECK(co_await heddle::select(full.receive(v), heddle::after(1s)) == 1);
        heddle::ticker every(1s);
        CHECK(co_await heddle::select(full.receive(v), every.next()) == 1);
        CHECK(co_await heddle::select(full.receive(v), full.receive(v),
                                      heddle::otherwise) == 2);
        CHECK(co_await heddle::select(heddle::otherwise) == 0);
        CHECK(empty.size() == 1);
    }());
}

TEST_CASE("an arm that receives without a destination takes the value and drops it") {
    int alive = tracked::alive();
    in_task([]() -> heddle::task<> {
        heddle::channel<tracked> c(1);
        (void)c.try_send(tracked(1));
        CHECK(co_await heddle::select(c.receive(std::ignore)) == 0);
        CHECK(c.size() == 0);
    }());
    CHECK(tracked::alive() == alive);
}

TEST_CASE("one value may be in several send arms, and is sent once") {
    test::world world;
    heddle::channel<std::unique_ptr<int>> a, b;
    world.go([](heddle::channel<std::unique_ptr<int>> x,
                heddle::channel<std::unique_ptr<int>> y) -> heddle::task<> {
        auto value = std::make_unique<int>(3);
        auto arm =
            co_await heddle::select(x.send(std::move(value)), y.send(std::move(value)));
        CHECK(arm == 1);
        CHECK_FALSE(value);
    }(a, b));
    world.settle();
    std::optional<std::unique_ptr<int>> got;
    CHECK(b.try_receive(got) == try_status::done);
    CHECK(**got == 3);
    world.settle();
    CHECK(a.try_receive(got) == try_status::would_block);
}

TEST_CASE("values that are made for a select live exactly as long as the select") {
    int alive = tracked::alive();
    test::world world;
    heddle::channel<tracked> a, b;
    world.go(
        [](heddle::channel<tracked> x, heddle::channel<tracked> y) -> heddle::task<> {
            auto arm =
                co_await heddle::select(x.emplace(1), y.emplace(2), x.send(tracked(3)));
            CHECK(arm == 1);
            CHECK(tracked::alive() == 1);  // the received value
        }(a, b));
    world.settle();
    std::optional<tracked> got;
    CHECK(b.try_receive(got) == try_status::done);
    CHECK(got->value() == 2);
    world.settle();
    CHECK(world.live() == 0);
    got.reset();
    CHECK(tracked::alive() == alive);
}

namespace {

template <std::size_t... I>
heddle::task<std::size_t> many(std::array<channel, sizeof...(I)>& c,
                               std::optional<int>& v, std::index_sequence<I...>) {
    co_return co_await heddle::select(c[I].receive(v)...);
}

template <std::size_t N>
heddle::task<> check_many() {
    std::array<channel, N> c;
    std::optional<int> v;
    for (std::size_t i : {std::size_t{0}, N / 2, N - 1}) {
        heddle::go([](channel out) -> heddle::task<> { co_await out.send(1); }(c[i]));
        CHECK(co_await many(c, v, std::make_index_sequence<N>()) == i);  // it waits
        CHECK(v == 1);
        heddle::go([](channel out) -> heddle::task<> { co_await out.send(2); }(c[i]));
        co_await heddle::yield();
        CHECK(co_await many(c, v, std::make_index_sequence<N>()) == i);  // it is ready
        CHECK(v == 2);
    }
}

}  // namespace

TEST_CASE("a select may have one arm, two, three, 33 or 64 arms") {
    in_task(check_many<1>());
    in_task(check_many<2>());
    in_task(check_many<3>());
    in_task(check_many<33>());
    in_task(check_many<64>());
}

TEST_CASE(
    "a select that need not wait does not let others run, until its budget is spent") {
    test::world world;
    test::trace trace;
    world.go([](test::trace& tr) -> heddle::task<> {
        channel c(1);
        (void)c.try_send(1);
        for (int i = 0; i < 10; ++i) {
            std::optional<int> v;
            co_await heddle::select(c.receive(v), heddle::after(1h));
            co_await heddle::select(c.send(1), heddle::after(1h));
        }
        tr("ten rounds");
        c.close();
        for (int i = 0; i < 100'000; ++i)
            co_await heddle::select(c.receive(std::ignore), heddle::after(1h));
        tr("all rounds");
    }(trace));
    world.go([](test::trace& tr) -> heddle::task<> {
        tr("the other");
        co_return;
    }(trace));
    world.settle();
    CHECK(trace.take() == test::lines{"ten rounds", "the other", "all rounds"});
}

// -- priority -----------------------------------------------------------------------

TEST_CASE("priority_select takes the first ready arm in written order") {
    in_task([]() -> heddle::task<> {
        channel a(1), b(1), c(1);
        std::optional<int> v;
        for (int i = 0; i < 100; ++i) {
            (void)b.try_send(1);
            (void)c.try_send(2);
            CHECK(co_await heddle::priority_select(a.receive(v), b.receive(v),
                                                   c.receive(v)) == 1);
            CHECK(v == 1);
        }
        CHECK(co_await heddle::priority_select(a.receive(v), c.receive(v),
                                               heddle::otherwise) == 1);
        CHECK(co_await heddle::priority_select(a.receive(v), c.receive(v),
                                               heddle::otherwise) == 2);
        std::vector<heddle::arm> arms;
        arms.emplace_back(a.receive(v));
        arms.emplace_back(b.send(1));
        arms.emplace_back(c.send(2));
        CHECK(co_await heddle::priority_select(arms) == 1);
        CHECK(co_await heddle::priority_select(arms) == 2);  // b is full
    }());
}

TEST_CASE("priority_select waits like a select") {
    test::world world;
    test::trace trace;
    channel a, b;
    world.go([](channel x, channel y, test::trace& tr) -> heddle::task<> {
        std::optional<int> v;
        auto arm = co_await heddle::priority_select(x.receive(v), y.receive(v));
        tr(std::to_string(arm) + " got " + std::to_string(*v));
    }(a, b, trace));
    world.settle();
    CHECK(b.try_send(2) == try_status::done);
    CHECK(a.try_send(1) == try_status::would_block);
    world.settle();
    CHECK(trace.take() == test::lines{"1 got 2"});
}

// -- ranges -------------------------------------------------------------------------

TEST_CASE("a range of arms may be a vector, an array, a span, const or not") {
    in_task([]() -> heddle::task<> {
        channel c(1), d(1);
        std::optional<int> v;
        std::vector<heddle::receive_op<int>> list{c.receive(v), d.receive(v)};
        const auto fixed = list;
        std::array<heddle::receive_op<int>, 2> array{c.receive(v),
                                                     d.receive(std::ignore)};
        std::span<heddle::receive_op<int>> span(array);
        auto fill = [](channel& to) { return to.try_send(1) == try_status::done; };
        CHECK(fill(d));
        CHECK(co_await heddle::select(list) == 1);
        CHECK(fill(d));
        CHECK(co_await heddle::select(fixed) == 1);
        CHECK(fill(d));
        CHECK(co_await heddle::select(array) == 1);
        CHECK(fill(c));
        CHECK(co_await heddle::select(span) == 0);
        CHECK(fill(c));
        CHECK(co_await heddle::select(std::move(list)) == 0);  // the select keeps them
    }());
}

TEST_CASE("an empty range waits for ever, until it is cancelled or its context ends") {
    test::trace trace;
    test::world world;
    auto wait = [](test::trace& tr) -> heddle::task<> {
        std::vector<heddle::arm> none;
        try {
            co_await heddle::select(none);
        } catch (const heddle::cancelled&) {
            tr("cancelled");
        }
    };
    auto h = world.go(wait(trace));
    world.go(wait(trace));
    world.settle();
    CHECK(world.live() == 2);
    h.cancel();
    world.settle();
    CHECK(trace.take() == test::lines{"cancelled"});
    CHECK(world.live() == 1);
}

TEST_CASE("`arm` mixes kinds in a range, which may serve many selects") {
    in_task([]() -> heddle::task<> {
        channel in(1), out(1);
        std::optional<int> v;
        auto limit = heddle::after(10s);
        auto job = heddle::go(give, 8);
        std::vector<heddle::arm> arms;
        arms.emplace_back(in.receive(v));
        arms.emplace_back(out.send(4));
        arms.emplace_back(limit);
        arms.emplace_back(job);
        CHECK(co_await heddle::select(arms) == 1);
        CHECK(co_await heddle::select(arms) == 3);
        CHECK(co_await job == 8);
        arms.pop_back();
        int n = 0;
        CHECK(out.try_receive(n) == try_status::done);
        CHECK(n == 4);
        CHECK(co_await heddle::select(arms) == 1);  // the copy in the arm serves again
        auto before = heddle::now();
        CHECK(co_await heddle::select(arms) == 2);
        CHECK(heddle::now() == before + 10s);
        (void)in.try_send(1);
        // The timer, referred to, is nil now.
        CHECK(co_await heddle::select(arms) == 0);
        CHECK(v == 1);
    }());
}

// -- timers, joins, done ------------------------------------------------------------

TEST_CASE("a named timer happens once, and is a nil arm from then on") {
    in_task([]() -> heddle::task<> {
        channel c(1);
        std::optional<int> v;
        auto start = heddle::now();
        auto limit = heddle::after(3s);
        CHECK(co_await heddle::select(c.receive(v), heddle::after(1s), limit) == 1);
        CHECK(co_await heddle::select(c.receive(v), heddle::after(1s), limit) == 1);
        CHECK(co_await heddle::select(c.receive(v), limit) == 1);
        CHECK(heddle::now() == start + 3s);  // it counts from when it was made
        CHECK(co_await heddle::select(c.receive(v), limit, heddle::otherwise) == 2);
        CHECK(co_await heddle::select(limit, heddle::after(5s)) == 1);
        CHECK(heddle::now() == start + 8s);
    }());
}

TEST_CASE("a timer may be in two arms: one happens, then both are nil") {
    in_task([]() -> heddle::task<> {
        auto limit = heddle::after(3s);
        CHECK(co_await heddle::select(limit, limit) < 2);
        CHECK(co_await heddle::select(limit, limit, heddle::after(1s)) == 2);
    }());
}

TEST_CASE("a join arm leaves the result in the handle") {
    in_task([]() -> heddle::task<> {
        channel c;
        auto job = heddle::go(give, 3);
        CHECK(co_await heddle::select(c.receive(std::ignore), job) == 1);
        CHECK(co_await heddle::select(c.receive(std::ignore), job) ==
              1);  // it is still there
        CHECK(co_await job == 3);
        CHECK_THROWS_AS(co_await job, heddle::already_joined);

        auto bad = heddle::go(fail);
        CHECK(co_await heddle::select(c.receive(std::ignore), bad) ==
              1);  // does not throw
        CHECK_THROWS_AS(co_await bad, std::runtime_error);

        heddle::join_handle<int> nil;
        CHECK(co_await heddle::select(nil, c.receive(std::ignore), heddle::otherwise) ==
              2);
        auto slow = heddle::go(forever);
        CHECK(co_await heddle::select(slow, heddle::after(1s)) == 1);
        slow.cancel();
        CHECK(co_await heddle::select(slow, heddle::after(1s)) == 0);
        CHECK_THROWS_AS(co_await slow, heddle::cancelled);
    }());
}

TEST_CASE(
    "a done arm happens when the token closes, and is always ready from then on") {
    test::world world;
    test::trace trace;
    heddle::done_source stop;
    channel c;
    world.go(
        [](channel in, heddle::done_token done, test::trace& tr) -> heddle::task<> {
            std::optional<int> v;
            auto arm = co_await heddle::select(in.receive(v), done);
            tr("arm " + std::to_string(arm));
            arm = co_await heddle::select(in.receive(v), done);
            tr("arm " + std::to_string(arm));
        }(c, stop.token(), trace));
    world.settle();
    stop.close();
    CHECK(trace.take().empty());
    world.settle();
    CHECK(trace.take() == test::lines{"arm 1", "arm 1"});
    CHECK(c.core()->receivers().empty());
}

// -- cancellation -------------------------------------------------------------------

TEST_CASE("a closed token in force makes select throw before it tries any arm, ready "
          "or not") {
    test::world world;
    channel full(1);
    CHECK(full.try_send(1) == try_status::done);
    heddle::done_source stop, other;
    stop.close();
    other.close();
    auto body = [](channel c, heddle::done_token unrelated) -> heddle::task<> {
        std::optional<int> v;
        std::vector<heddle::arm> arms;
        arms.emplace_back(c.receive(v));
        using heddle::cancelled;
        CHECK_THROWS_AS(co_await heddle::select(c.receive(v)), cancelled);
        CHECK_THROWS_AS(co_await heddle::select(c.receive(v), unrelated), cancelled);
        CHECK_THROWS_AS(co_await heddle::priority_select(c.receive(v)), cancelled);
        CHECK_THROWS_AS(co_await heddle::select(c.receive(v), heddle::otherwise),
                        cancelled);
        CHECK_THROWS_AS(co_await heddle::select(heddle::otherwise), cancelled);
        CHECK_THROWS_AS(co_await heddle::select(arms), cancelled);
        CHECK_THROWS_AS(co_await heddle::select(), cancelled);
        CHECK_THROWS_AS(co_await heddle::select(heddle::after(0s)), cancelled);
        CHECK_FALSE(v);
    };
    world.go(heddle::with_done(stop.token(), body(full, other.token())));
    world.settle();
    CHECK(world.live() == 0);
    CHECK(full.size() == 1);  // no value was consumed
}

TEST_CASE("a select that waits can be cancelled, and leaves every queue") {
    test::world world;
    test::trace trace;
    channel a, b;
    auto h = world.go([](channel x, channel y, test::trace& tr) -> heddle::task<> {
        std::optional<int> v = 5;
        try {
            co_await heddle::select(x.receive(v), y.send(1), heddle::after(1h));
        } catch (const heddle::cancelled&) {
            tr(v == 5 ? "cancelled, untouched" : "cancelled");
        }
        CHECK(x.core()->receivers().empty());
        CHECK(y.core()->senders().empty());
    }(a, b, trace));
    world.settle();
    h.cancel();
    CHECK(a.try_send(1) == try_status::would_block);
    int n = 0;
    CHECK(b.try_receive(n) == try_status::would_block);
    world.settle();
    CHECK(trace.take() == test::lines{"cancelled, untouched"});
}

TEST_CASE("a value that was delivered before the token closed is kept, and the next "
          "wait throws") {
    test::world world;
    test::trace trace;
    channel a, b;
    auto h = world.go([](channel x, channel y, test::trace& tr) -> heddle::task<> {
        std::optional<int> v;
        auto arm = co_await heddle::select(x.receive(v), y.receive(v));
        tr(std::to_string(arm) + " got " + std::to_string(*v));
        try {
            co_await heddle::select(x.receive(v), heddle::otherwise);
        } catch (const heddle::cancelled&) {
            tr("cancelled");
        }
    }(a, b, trace));
    world.settle();
    CHECK(b.try_send(1) == try_status::done);
    h.cancel();
    world.settle();
    CHECK(trace.take() == test::lines{"1 got 1", "cancelled"});
}

TEST_CASE(
    "an arm for the token in force, or one above it, happens instead of throwing") {
    test::world world;
    test::trace trace;
    heddle::done_source stop;
    channel c;
    auto body = [](channel in, heddle::done_token done,
                   test::trace& tr) -> heddle::task<> {
        std::optional<int> v;
        auto arm = co_await heddle::select(in.receive(v), done);
        tr("arm " + std::to_string(arm));
        arm = co_await heddle::select(in.receive(v), done);  // now it was closed before
        tr("arm " + std::to_string(arm));
        try {
            co_await heddle::select(in.receive(v), heddle::otherwise);
        } catch (const heddle::cancelled&) {
            tr("cancelled");
        }
    };
    heddle::done_source below(stop.token());
    test::trace above;
    world.go(heddle::with_done(stop.token(), body(c, stop.token(), trace)));
    world.go(heddle::with_done(below.token(), body(c, stop.token(), above)));
    world.settle();
    stop.close();
    world.settle();
    CHECK(trace.take() == test::lines{"arm 1", "arm 1", "cancelled"});
    CHECK(above.take() == test::lines{"arm 1", "arm 1", "cancelled"});
}

TEST_CASE("of the token in force and another ready arm, select takes either, by "
          "priority the first") {
    // With two ready arms, one of them never happens in 64 tries with probability
    // 2^-63.
    bool seen[2] = {};
    in_task([](bool* happened) -> heddle::task<> {
        heddle::done_source stop;
        stop.close();
        auto body = [](heddle::done_token own, bool* to) -> heddle::task<> {
            channel c(1);
            std::optional<int> v;
            for (int i = 0; i < 64; ++i) {
                (void)c.try_send(1);
                to[co_await heddle::select(c.receive(v), own)] = true;
                (void)c.try_send(1);
                CHECK(co_await heddle::priority_select(c.receive(v), own) == 0);
            }
        };
        co_await heddle::with_done(stop.token(), body(stop.token(), happened));
    }(seen));
    CHECK(seen[1]);
    CHECK(seen[0]);
}

TEST_SUITE_END();
TEST_SUITE_BEGIN("select.alone");

TEST_CASE("a select that parked in a process with one thread may be ended by a second "
          "thread") {
    test::world world;
    channel a, b;
    std::optional<int> v;
    std::vector<std::size_t> took;
    world.go([](channel left, channel right, std::optional<int>& to,
                std::vector<std::size_t>& indexes) -> heddle::task<> {
        for (int i = 0; i < 3; ++i) {  // parks before, while and after the thread runs
            indexes.push_back(
                co_await heddle::select(left.receive(to), right.receive(to)));
            CHECK(*to == i);
        }
    }(a, b, v, took));
    world.settle();
    for (int i = 0; i < 3; ++i) {
        std::thread([&] {
            CHECK((i % 2 ? b : a).try_send(i) == try_status::done);
        }).join();
        world.settle();
    }
    CHECK(took == std::vector<std::size_t>{0, 1, 0});
    CHECK(a.try_send(0) == try_status::would_block);  // no arm is left
    CHECK(b.try_send(0) == try_status::would_block);
    CHECK(world.live() == 0);
}

TEST_SUITE_END();
