// SPDX-License-Identifier: BSL-1.0
// The laws about what a select leaves behind and what it costs, 40 to 46. Races are in
// stress/channel_stress.cpp.
#include <heddle/heddle.hpp>

#include "support/heap.hpp"
#include "support/world.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <ctime>

namespace {

using heddle::try_status;

using channel = heddle::channel<int>;

bool quiet(const channel& c) {
    return c.core()->senders().empty() && c.core()->receivers().empty();
}

/// Logs which arm happened, and the values of all destinations.
heddle::task<> watch_two(channel a, channel b, test::trace& trace, std::string name) {
    std::optional<int> v, w;
    auto arm = co_await heddle::select(a.receive(v), b.receive(w));
    trace(name + ": " + std::to_string(arm) + " of " + std::to_string(v.value_or(-1)) +
          ", " + std::to_string(w.value_or(-1)));
}

}  // namespace

TEST_SUITE_BEGIN("laws.select");

TEST_CASE("law 40: the arms that lost have left their queues when the select returns") {
    test::world world;
    channel a, b, c;
    world.go([](channel x, channel y, channel z) -> heddle::task<> {
        std::optional<int> v;
        CHECK(co_await heddle::select(x.receive(v), y.send(1), z.receive(v)) == 2);
        CHECK(quiet(x));
        CHECK(quiet(y));
        CHECK(quiet(z));
    }(a, b, c));
    world.settle();
    CHECK_FALSE(quiet(a));
    CHECK_FALSE(quiet(b));
    CHECK(c.try_send(1) == try_status::done);
    world.settle();
    CHECK(world.live() == 0);
}

TEST_CASE("law 40: an arm that lost does not disturb later traffic") {
    // This is Go's test/chan/select6 (issue 2075): a select leaves from the front, the
    // middle and the end of a queue, and the waiters that are left are served in order.
    for (int leaves : {0, 1, 2}) {
        CAPTURE(leaves);
        test::world world;
        test::trace trace;
        channel shared, own;
        for (int i = 0; i < 3; ++i)
            if (i == leaves)
                world.go(watch_two(own, shared, trace, "select"));
            else
                world.go([](channel c, test::trace& tr, int who) -> heddle::task<> {
                    auto v = co_await c.receive();
                    tr(std::to_string(who) + " got " + std::to_string(*v));
                }(shared, trace, i));
        world.settle();
        CHECK(own.try_send(5) == try_status::done);
        world.settle();
        CHECK(trace.take() == test::lines{"select: 0 of 5, -1"});
        CHECK(shared.try_send(1) == try_status::done);
        CHECK(shared.try_send(2) == try_status::done);
        CHECK(shared.try_send(3) == try_status::would_block);
        world.settle();
        CHECK(trace.take() == test::lines{leaves == 0 ? "1 got 1" : "0 got 1",
                                          leaves == 2 ? "1 got 2" : "2 got 2"});
    }
}

TEST_CASE("law 41: 100 000 selects on quiet channels take no memory") {
    test::world world;
    channel busy, quiet1, quiet2(1);
    auto round = [](channel b, channel q1, channel q2, int n) -> heddle::task<> {
        for (int i = 0; i < n; ++i) {
            std::optional<int> v;
            auto arm = co_await heddle::select(q1.receive(v), b.receive(v),
                                               q2.receive(v), q1.send(1));
            CHECK(arm == 1);
        }
    };
    auto feed = [](channel b, int n) -> heddle::task<> {
        for (int i = 0; i < n; ++i)
            co_await b.send(i);
    };
    auto both = [&](int n) {
        world.go(round(busy, quiet1, quiet2, n));
        world.go(feed(busy, n));
        world.settle();
    };
    both(100);  // makes the allocations that are made only once
    auto before = test::heap_in_use();
    both(100'000);
    auto after = test::heap_in_use();
    CHECK(world.live() == 0);
    CHECK(quiet(quiet1));
    CHECK(quiet(quiet2));
    CHECK(after < before + 4096);  // always true where a sanitizer replaces malloc
}

namespace {

/// Returns the seconds of CPU that n selects take to leave a queue in which they all
/// wait.
double leaving(int n) {
    test::world world;
    channel shared;
    std::vector<channel> own(static_cast<std::size_t>(n));
    for (auto& mine : own)
        world.go([](channel a, channel b) -> heddle::task<> {
            std::optional<int> v;
            co_await heddle::select(a.receive(v), b.receive(v));
        }(shared, mine));
    world.settle();
    auto begin = std::clock();
    for (std::size_t i = 0; i < own.size(); ++i) {  // from the middle outwards
        auto middle = own.size() / 2;
        auto at = i % 2 ? middle - (i + 1) / 2 : middle + i / 2;
        CHECK(own[at].try_send(1) == try_status::done);
        world.settle();
    }
    auto end = std::clock();
    CHECK(quiet(shared));
    return static_cast<double>(end - begin) / CLOCKS_PER_SEC;
}

}  // namespace

TEST_CASE("law 42: the time to leave a queue does not depend on its length") {
    // 8 times as many selects: 8 times the work if each leaves at once, 64 times if
    // each walks the queue. The best of some tries counts, because other programs can
    // only make it slower.
    double few = 1e9, many = 1e9;
    for (int i = 0; i < 5; ++i) {
        few = std::min(few, leaving(500));
        many = std::min(many, leaving(4000));
        if (many < 24 * few)
            break;
    }
    CAPTURE(few);
    CAPTURE(many);
    CHECK(many < 24 * few);
}

TEST_CASE("law 43: a select may have any number of arms, duplicates too") {
    for (std::size_t n : {1u, 2u, 3u, 31u, 32u, 33u, 64u, 65u, 1024u, 65'536u}) {
        CAPTURE(n);
        test::world world;
        std::vector<channel> some(std::min<std::size_t>(n, 100));
        std::optional<int> v;
        std::size_t chosen = n;
        std::vector<heddle::receive_op<int>> arms;
        for (std::size_t i = 0; i < n; ++i)
            arms.push_back(some[i % some.size()].receive(v));
        auto task = [](std::vector<heddle::receive_op<int>>& from,
                       std::size_t& to) -> heddle::task<> {
            to = co_await heddle::select(from);
        };
        auto& c = some[n * 2 / 3 % some.size()];
        for (bool waits : {true, false}) {
            v.reset();
            if (waits) {
                world.go(task(arms, chosen));
                world.settle();
                CHECK(c.try_send(4) == try_status::done);
            } else {
                world.go(
                    [](channel out) -> heddle::task<> { co_await out.send(4); }(c));
                world.settle();
                world.go(task(arms, chosen));
            }
            world.settle();
            CHECK(world.live() == 0);
            CHECK(v == 4);
            CHECK(some[chosen % some.size()] == c);
            CHECK(std::all_of(some.begin(), some.end(), quiet));
        }
    }
}

TEST_CASE("law 44: a task resumes only when one of its arms has happened") {
    test::world world;
    test::trace trace;
    channel a, b;
    for (std::string name : {"ann", "bob", "eve", "joe"})
        world.go(watch_two(a, b, trace, name));
    world.settle();
    CHECK(a.try_send(1) == try_status::done);
    // Ann is first in b, too, but is claimed already.
    CHECK(b.try_send(2) == try_status::done);
    world.settle();
    CHECK(trace.take() == test::lines{"ann: 0 of 1, -1", "bob: 1 of -1, 2"});
    CHECK(world.live() == 2);
    b.close();
    a.close();
    world.settle();
    CHECK(trace.take() == test::lines{"eve: 1 of -1, -1", "joe: 1 of -1, -1"});
}

TEST_CASE("law 45: a stale arm cannot claim the next wait at its address") {
    test::world world;
    test::trace trace;
    channel a, b, c;
    world.go([](channel x, channel y, channel z, test::trace& tr) -> heddle::task<> {
        for (;;) {
            std::optional<int> v, w;
            auto arm = co_await heddle::select(x.receive(v), y.receive(w));
            tr((arm == 0 ? "a " : "b ") + std::to_string(arm == 0 ? *v : *w));
            v = co_await z.receive();
            tr("c " + std::to_string(*v));
        }
    }(a, b, c, trace));
    world.settle();
    for (int i = 0; i < 1000; ++i) {
        auto& wins = i % 2 ? a : b;
        auto& loses = i % 2 ? b : a;
        CHECK(wins.try_send(i) == try_status::done);
        if (i % 3)  // the stale arm is still queued, but must not be taken
            CHECK(loses.try_send(-1) == try_status::would_block);
        world.settle();
        CHECK(trace.take() == test::lines{(i % 2 ? "a " : "b ") + std::to_string(i)});
        CHECK(loses.try_send(-1) == try_status::would_block);
        CHECK(wins.try_send(-1) == try_status::would_block);
        CHECK(c.try_send(i) == try_status::done);
        CHECK(c.try_send(-1) == try_status::would_block);
        world.settle();
        CHECK(trace.take() == test::lines{"c " + std::to_string(i)});
    }
}

TEST_CASE("law 46: the value of a select is there when the select returns, not when it "
          "is claimed") {
    test::world world;
    std::optional<int> v;
    std::size_t arm = 9;
    channel a, b;
    world.go([](channel x, channel y, std::optional<int>& to,
                std::size_t& which) -> heddle::task<> {
        which = co_await heddle::select(x.receive(to), y.receive(to));
        CHECK(to == 6);
    }(a, b, v, arm));
    world.settle();
    CHECK(b.try_send(6) == try_status::done);
    CHECK_FALSE(v);
    CHECK(arm == 9);
    world.settle();
    CHECK(v == 6);
    CHECK(arm == 1);
}

TEST_SUITE_END();
