// SPDX-License-Identifier: BSL-1.0
// The laws about the effect of select, 29 to 39. Laws 40 to 46 are in
// select_traces_test.cpp, races in stress/channel_stress.cpp.
#include <heddle/heddle.hpp>

#include "support/world.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <set>
#include <tuple>

namespace {

using heddle::try_status;
using namespace std::chrono_literals;

using channel = heddle::channel<int>;

/// Sends first, first + step, ... through whichever of two channels takes the number.
heddle::task<> send_by_two(channel a, channel b, int first, int last) {
    for (int i = first; i < last; ++i)
        co_await heddle::select(a.send(i), b.send(i));
}

heddle::task<> receive_from_two(channel a, channel b, int n, std::vector<int>& to) {
    for (int i = 0; i < n; ++i) {
        std::optional<int> v, w;
        auto arm = co_await heddle::select(a.receive(v), b.receive(w));
        CHECK((v.has_value() == (arm == 0) && w.has_value() == (arm == 1)));
        to.push_back(arm == 0 ? *v : *w);
    }
}

heddle::task<> receive_all(channel in, std::vector<int>& to) {
    int v = 0;
    while (co_await in.receive(v))
        to.push_back(v);
}

}  // namespace

TEST_SUITE_BEGIN("laws.select");

TEST_CASE("law 29: exactly one arm takes effect") {
    // Each number is offered on four channels at once, and must arrive on exactly one
    // of them.
    constexpr int n = 5000;
    for (std::uint64_t seed : {1u, 2u, 3u}) {
        std::vector<int> got;
        auto main = [](std::vector<int>& to) -> heddle::task<> {
            channel c[4];
            heddle::wait_group readers;
            for (auto& in : c)
                readers.go(receive_all, in, std::ref(to));
            for (int i = 0; i < n; ++i)
                co_await heddle::select(c[0].send(i), c[1].send(i), c[2].send(i),
                                        c[3].send(i));
            for (auto& in : c)
                in.close();
            co_await readers.wait();
        };
        test::run_virtual(main(got), seed);
        CHECK(got.size() == n);
        CHECK(std::set<int>(got.begin(), got.end()).size() == n);
    }
}

TEST_CASE("law 30: two selects that face each other on two channels always pair") {
    for (int capacity : {0, 1})
        for (std::uint64_t seed = 1; seed <= 20; ++seed) {
            std::vector<int> got;
            auto main = [](int size, std::vector<int>& to) -> heddle::task<> {
                channel a(size), b(size);
                heddle::wait_group all;
                all.go(send_by_two, a, b, 0, 100);
                all.go(send_by_two, b, a, 100, 200);
                all.go(receive_from_two, a, b, 100, std::ref(to));
                all.go(receive_from_two, b, a, 100, std::ref(to));
                co_await all.wait();
                CHECK(a.size() + b.size() == 0);
            };
            test::run_virtual(main(capacity, got), seed);
            CHECK(got.size() == 200);
            CHECK(std::set<int>(got.begin(), got.end()).size() == 200);
        }
}

TEST_CASE("law 31: otherwise is not taken while some arm is ready at every instant") {
    test::world world;
    world.go([]() -> heddle::task<> {
        channel a(1), b(1);
        (void)a.try_send(1);
        // The value wanders, but is always in some channel.
        for (int i = 0; i < 1000; ++i) {
            std::optional<int> v;
            auto arm =
                co_await heddle::select(a.receive(v), b.receive(v), heddle::otherwise);
            CHECK(arm != 2);
            CHECK((arm == 0 ? b : a).try_send(1) == try_status::done);
        }
    });
    world.settle();
    CHECK(world.live() == 0);
}

// Bound of the next two tests: n trials of probability p. A fair choice exceeds 4.8917
// standard deviations once in a million runs. The seed is fixed, so the tests are
// repeatable.
bool fair(int hits, int n, double p) {
    return std::abs(hits - n * p) <= 4.8917 * std::sqrt(n * p * (1 - p));
}

TEST_CASE("law 32: each arm that is ready is equally likely") {
    constexpr int n = 10'000;
    struct hits {
        std::vector<int> two = std::vector<int>(2), three_of_five = std::vector<int>(5),
                         seventeen = std::vector<int>(17), range = std::vector<int>(5);
    } got;
    auto main = [](hits& to) -> heddle::task<> {
        channel a, b, never;
        a.close();
        b.close();
        auto all_closed = [&]<std::size_t... I>(std::index_sequence<I...>) {
            return heddle::select((I % 2 ? a : b).receive(std::ignore)...);
        };
        std::vector<heddle::receive_op<int>> arms;
        for (int i = 0; i < 5; ++i)
            arms.push_back(a.receive(std::ignore));
        for (int i = 0; i < n; ++i) {
            ++to.two[co_await heddle::select(a.receive(std::ignore),
                                             b.receive(std::ignore))];
            ++to.three_of_five[co_await heddle::select(
                a.receive(std::ignore), never.receive(std::ignore),
                b.receive(std::ignore), never.receive(std::ignore),
                a.receive(std::ignore))];
            ++to.seventeen[co_await all_closed(std::make_index_sequence<17>())];
            ++to.range[co_await heddle::select(arms)];
        }
    };
    test::run_virtual(main(got), 32);
    for (int each : got.two)
        CHECK(fair(each, n, 1.0 / 2));
    for (std::size_t i : {0u, 2u, 4u})
        CHECK(fair(got.three_of_five[i], n, 1.0 / 3));
    for (int each : got.seventeen)
        CHECK(fair(each, n, 1.0 / 17));
    for (int each : got.range)
        CHECK(fair(each, n, 1.0 / 5));
}

TEST_CASE(
    "law 32: each of two equal arms that wait on one channel happens equally often") {
    constexpr int n = 10'000;
    std::vector<int> sent(2);
    auto main = [](std::vector<int>& to) -> heddle::task<> {
        channel c;
        heddle::go([](channel out) -> heddle::task<> {
            for (int i = 0; i < n; ++i)
                co_await heddle::select(out.send(0), out.send(1));
            out.close();
        }(c));
        int v = 0;
        co_await heddle::yield();
        while (co_await c.receive(v)) {
            ++to[static_cast<std::size_t>(v)];
            while (c.core()->senders().empty() && !c.closed())
                co_await heddle::yield();  // so that the sender always waits
        }
    };
    test::run_virtual(main(sent), 33);
    CHECK(sent[0] + sent[1] == n);
    CHECK(fair(sent[0], n, 1.0 / 2));
}

TEST_CASE("law 33: otherwise is taken only if nothing is ready, and never suspends") {
    test::world world;
    test::trace trace;
    auto poll = [](channel c, test::trace& tr) -> heddle::task<> {
        std::optional<int> v;
        for (int i = 0; i < 3; ++i) {
            auto arm = co_await heddle::select(c.receive(v), heddle::otherwise);
            tr(arm == 0 ? "got " + std::to_string(*v) : "nothing");
        }
    };
    auto other = [](test::trace& tr) -> heddle::task<> {
        tr("the other task");
        co_return;
    };
    channel c(2);
    (void)c.try_send(1);
    (void)c.try_send(2);
    world.go(poll(c, trace));
    world.go(other(trace));
    world.settle();
    CHECK(trace.take() == test::lines{"got 1", "got 2", "nothing", "the other task"});
    world.go([](channel ch, test::trace& tr) -> heddle::task<> {
        std::optional<int> v;
        auto arm = co_await heddle::select(ch.receive(v), heddle::after(0s));
        tr(arm == 1 ? "zero" : "received");
    }(c, trace));
    world.go(other(trace));
    world.settle();
    CHECK(trace.take() == test::lines{"zero", "the other task"});
}

TEST_CASE("law 34: the expressions of each arm are evaluated once, before the select "
          "blocks") {
    test::world world;
    test::trace trace;
    channel a, b;
    world.go([](channel x, channel y, test::trace& tr) -> heddle::task<> {
        int n = 0;
        auto which = [&](channel& c, std::string name) -> channel& {
            tr(name);
            return c;
        };
        auto value = [&] { return ++n; };
        std::optional<int> v;
        auto arm = co_await heddle::select(which(x, "x").send(value()),
                                           which(y, "y").receive(v));
        tr("arm " + std::to_string(arm) + ", n = " + std::to_string(n));
    }(a, b, trace));
    world.settle();
    auto seen = trace.take();
    std::sort(seen.begin(), seen.end());  // in no particular order
    CHECK(seen == test::lines{"x", "y"});
    int got = 0;
    CHECK(a.try_receive(got) == try_status::done);
    CHECK(got == 1);
    world.settle();
    CHECK(trace.take() == test::lines{"arm 0, n = 1"});
}

TEST_CASE(
    "law 35: a nil arm is never ready, and a select without arms waits for ever") {
    test::world world;
    test::trace trace;
    world.go([](test::trace& tr) -> heddle::task<> {
        channel nil(nullptr), c(1);
        (void)c.try_send(1);
        std::optional<int> v;
        for (int i = 0; i < 20; ++i) {
            auto arm = co_await heddle::select(nil.receive(v), nil.send(1),
                                               heddle::done_token(), heddle::otherwise);
            CHECK(arm == 3);
        }
        CHECK(co_await heddle::select(nil.receive(v), c.receive(v), nil.send(1)) == 1);
        tr("before");
        co_await heddle::select();
        tr("after");
    }(trace));
    auto forever = world.go([](test::trace& tr) -> heddle::task<> {
        channel nil(nullptr);
        std::optional<int> v;
        try {
            co_await heddle::select(nil.receive(v), nil.send(1));
        } catch (const heddle::cancelled&) {
            tr("cancelled");
        }
    }(trace));
    world.settle();
    CHECK(trace.take() == test::lines{"before"});
    CHECK(world.live() == 2);
    forever.cancel();
    world.settle();
    CHECK(trace.take() == test::lines{"cancelled"});
}

TEST_CASE("law 36: a channel may be in several arms of a select, and its queue stays "
          "intact") {
    // This is Go's TestSelectDuplicateChannel: A waits on c twice. When d wakes A, A
    // must leave the queue of c twice, and B, behind A, must stay in it.
    test::world world;
    test::trace trace;
    channel c, d;
    world.go([](channel x, channel y, test::trace& tr) -> heddle::task<> {
        std::optional<int> v;
        auto arm = co_await heddle::select(x.receive(v), x.receive(v), y.receive(v));
        tr("A " + std::to_string(arm) + " " + std::to_string(*v));
    }(c, d, trace));
    world.settle();
    world.go([](channel x, test::trace& tr) -> heddle::task<> {
        auto v = co_await x.receive();
        tr("B " + std::to_string(*v));
    }(c, trace));
    world.settle();
    CHECK(d.try_send(7) == try_status::done);
    world.settle();
    CHECK(trace.take() == test::lines{"A 2 7"});
    CHECK(c.try_send(8) == try_status::done);
    world.settle();
    CHECK(trace.take() == test::lines{"B 8"});
    CHECK(c.core()->receivers().empty());
}

namespace {

heddle::task<> both_ways(channel c, int n, int& sent, int& received) {
    for (int i = 0; i < n; ++i) {
        std::optional<int> v;
        auto arm = co_await heddle::select(c.send(i), c.receive(v));
        ++(arm == 0 ? sent : received);
        CHECK(v.has_value() == (arm == 1));
    }
}

}  // namespace

TEST_CASE(
    "law 37: a select that sends and receives on one channel never pairs with itself") {
    test::world world;
    int sent = 0, received = 0;
    channel c;
    world.go(both_ways(c, 1, sent, received));
    world.settle();
    CHECK(world.live() == 1);  // alone, it waits
    world.go(both_ways(c, 1, sent, received));
    world.settle();
    CHECK(world.live() == 0);  // two of them pair
    CHECK(sent == 1);
    CHECK(received == 1);

    for (int capacity : {0, 10}) {
        channel s(capacity);
        sent = received = 0;
        world.go(both_ways(s, 1000, sent, received));
        world.go(both_ways(s, 1000, sent, received));
        world.settle();
        CHECK(sent + received == 2000);
        CHECK(static_cast<std::size_t>(sent - received) == s.size());
        CHECK(world.live() == 0);
    }
}

TEST_CASE("law 38: selects that send and receive crosswise always make progress") {
    auto cross = [](channel a, channel b, int n, int& turns) -> heddle::task<> {
        for (int i = 0; i < n; ++i) {
            std::optional<int> v;
            co_await heddle::select(a.send(i), b.receive(v));
            ++turns;
        }
    };
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        int turns = 0;
        auto main = [](auto task, int& to) -> heddle::task<> {
            channel a, b;
            heddle::wait_group both;
            both.go(task, a, b, 1000, std::ref(to));
            both.go(task, b, a, 1000, std::ref(to));
            co_await both.wait();
        };
        test::run_virtual(main(cross, turns), seed);
        CHECK(turns == 2000);
    }
}

namespace {

/// Random waits on three channels: one arm, or a select of up to four.
heddle::task<> wander(std::vector<channel> c, unsigned seed) {
    std::mt19937 random(seed);
    std::optional<int> v;
    for (int step = 0; step < 5; ++step) {
        std::vector<heddle::arm> arms;
        for (unsigned n = random() % 4 + 1; n != 0; --n) {
            auto& some = c[random() % c.size()];
            if (random() % 2)
                arms.emplace_back(some.send(step));
            else
                arms.emplace_back(some.receive(v));
        }
        co_await heddle::select(arms);
    }
}

/// Returns whether the sender and the receiver that wait on one channel are the same
/// task.
bool missed(channel& c) {
    auto* s = c.core()->senders().front();
    auto* r = c.core()->receivers().front();
    if (!s || !r)
        return false;
    for (auto* op = s->next; op != s; op = op->next)
        if (op->who != s->who)
            return true;
    for (auto* op = r->next; op != r; op = op->next)
        if (op->who != s->who)
            return true;
    return r->who != s->who;
}

}  // namespace

TEST_CASE("law 39: when no task can run, no sender and receiver of two tasks wait on "
          "one channel") {
    for (unsigned seed = 0; seed < 300; ++seed) {
        CAPTURE(seed);
        test::world world;
        std::vector<channel> c{channel(0), channel(0), channel(1)};
        unsigned tasks = 2 + seed % 7;
        for (unsigned i = 0; i < tasks; ++i) {
            world.go(wander(c, seed * 100 + i));
            if (seed % 2)
                world.settle();
        }
        world.settle();
        for (auto& each : c)
            CHECK_FALSE(missed(each));
    }
}

TEST_SUITE_END();
