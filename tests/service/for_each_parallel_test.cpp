// SPDX-License-Identifier: BSL-1.0
// The promises of for_each_parallel and map_parallel. One thread is stepped by hand.
#include <heddle/patterns/for_each_parallel.hpp>

#include "support/notes.hpp"
#include "support/tasks.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <ranges>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using heddle::for_each_parallel;
using heddle::map_parallel;
using heddle::task;
using std::ref;
using test::lines;
using test::note_end;
using test::noted;
using test::numbers;
using test::trace;
using test::tracked;
using test::world;

/// Counts how many calls run at a time.
struct meter {
    int now = 0;
    int most = 0;
};

task<int> twice(meter& m, int n) {
    m.most = std::max(m.most, ++m.now);
    co_await heddle::sleep((n % 3 + 1) * 1ms);  // they end in another order
    --m.now;
    co_return 2 * n;
}

/// Waits for ever; element 2 fails once `go_on` is set.
task<> wait_or_fail(trace& t, heddle::event& go_on, int n) {
    std::string name = std::to_string(n);
    noted frame(t, name + " is gone");
    t(name + " begins");
    if (n == 2) {
        co_await go_on.wait();
        throw std::runtime_error("two");
    }
    heddle::event never;
    t(name + ": " + co_await test::ending(never.wait()));
    co_await never.wait();
}

std::vector<int> doubled(int n) {
    std::vector<int> all = numbers(n);
    for (int& i : all)
        i *= 2;
    return all;
}

}  // namespace

TEST_SUITE_BEGIN("for_each_parallel");

TEST_CASE("f is called for each element, at most `limit` calls at a time") {
    for (int limit : {1, 3, 100}) {
        meter m;
        std::vector<int> seen;
        test::run_virtual([](meter& to, std::vector<int>& all, int n) -> task<> {
            auto call = [&](int i) -> task<> { all.push_back(co_await twice(to, i)); };
            co_await for_each_parallel(numbers(20), n, call);
        }(m, seen, limit));
        std::ranges::sort(seen);
        CHECK(seen == doubled(20));
        CHECK(m.most == std::min(limit, 20));
    }
}

TEST_CASE(
    "calls begin in the order of the range, which may be endless, or made as it is "
    "walked") {
    trace t;
    test::run_virtual([](trace& to) -> task<> {
        auto made = std::views::iota(0) | std::views::transform([&to](int i) {
                        to("made " + std::to_string(i));
                        return i;
                    });
        auto call = [&to](int i) -> task<> {
            to("call " + std::to_string(i));
            co_await heddle::sleep(1ms);
            if (i == 2)
                throw std::runtime_error("enough");
        };
        to(co_await test::ending(for_each_parallel(made, 2, call)));
    }(t));
    CHECK(t.take() == lines{"made 0", "made 1", "call 0", "call 1", "made 2", "made 3",
                            "call 2", "call 3", "enough"});
}

TEST_CASE(
    "f may be a plain function, a member or a coroutine; what it gives is dropped") {
    test::run_virtual([]() -> task<> {
        std::vector<int> all = numbers(5);
        co_await for_each_parallel(all, 2, [](int& n) { return ++n; });
        CHECK(all == std::vector{1, 2, 3, 4, 5});
        std::vector<test::trace> traces(3);
        for (auto& t : traces)
            t("step");
        auto taken = co_await map_parallel(traces, 1, &test::trace::take);
        CHECK(taken == std::vector<lines>(3, lines{"step"}));
        meter m;
        auto result =
            co_await map_parallel(all, 5, [&m](int n) { return twice(m, n); });
        CHECK(result == std::vector{2, 4, 6, 8, 10});
    }());
}

TEST_CASE(
    "a named range is referred to; elements of one that is moved in are moved into "
    "their calls") {
    test::run_virtual([]() -> task<> {
        std::vector<tracked> all;
        for (int i = 0; i < 3; ++i)
            all.emplace_back(i);
        int before = tracked::moved();
        std::vector<int> seen =
            co_await map_parallel(all, 2, [](const tracked& v) -> task<int> {
                co_await heddle::yield();
                co_return v.value();
            });
        CHECK(seen == numbers(3));
        CHECK(tracked::moved() == before);
        auto take = [](tracked v) -> task<int> {
            co_await heddle::yield();
            co_return v.value();
        };
        seen = co_await map_parallel(std::move(all), 2, take);
        CHECK(seen == numbers(3));
        std::array<bool, 2> flags{true, false};
        auto same = co_await map_parallel(flags, 2, [](bool b) { return b; });
        CHECK(same == std::vector<bool>{true, false});
    }());
    CHECK(tracked::alive() == 0);
}

TEST_CASE(
    "map_parallel gives the results in the order of the range; values that can only "
    "be moved, too") {
    for (int limit : {1, 2, 7, 50}) {
        meter m;
        std::vector<int> all =
            test::run_virtual([](meter& to, int n) -> task<std::vector<int>> {
                auto call = [&to](int i) { return twice(to, i); };
                co_return co_await map_parallel(std::views::iota(0, 30), n, call);
            }(m, limit));
        CHECK(all == doubled(30));
        CHECK(m.most == std::min(limit, 30));
    }
    test::run_virtual([]() -> task<> {
        auto call = [](int i) -> task<tracked> {
            co_await heddle::yield();
            co_return tracked(i);
        };
        std::vector<tracked> made = co_await map_parallel(numbers(4), 2, call);
        REQUIRE(made.size() == 4);
        CHECK(made[3].value() == 3);
        CHECK(tracked::alive() == 4);
    }());
    CHECK(tracked::alive() == 0);
}

TEST_CASE("the first exception cancels the other calls, and is thrown once they have "
          "ended; no more calls begin") {
    world w;
    trace t;
    heddle::event go_on;
    w.go(note_end, ref(t), "all", for_each_parallel(numbers(9), 3, [&](int n) {
             return wait_or_fail(t, go_on, n);
         }));
    w.settle();
    CHECK(t.take() == lines{"0 begins", "1 begins", "2 begins"});
    go_on.set();
    w.settle();
    CHECK(t.take() == lines{"2 is gone", "1: cancelled: two", "1 is gone",
                            "0: cancelled: two", "0 is gone", "all: two"});
    CHECK(w.live() == 0);
}

TEST_CASE("an exception of the range ends the calls that run") {
    world w;
    trace t;
    heddle::event go_on;
    auto made = std::views::iota(0) | std::views::transform([](int i) {
                    if (i == 2)
                        throw std::runtime_error("no more");
                    return i;
                });
    w.go(note_end, ref(t), "all",
         for_each_parallel(made, 5, [&](int n) { return wait_or_fail(t, go_on, n); }));
    w.settle();
    CHECK(t.take() == lines{"0 begins", "0: cancelled: no more", "0 is gone",
                            "1 begins", "1: cancelled: no more", "1 is gone",
                            "all: no more"});
    CHECK(w.live() == 0);
}

TEST_CASE(
    "cancelled, it begins no more calls, cancels those that run, and waits for them") {
    world w;
    trace t;
    heddle::event never;
    auto h = w.go(note_end, ref(t), "all", for_each_parallel(numbers(9), 2, [&](int n) {
                      return wait_or_fail(t, never, n);
                  }));
    w.settle();
    CHECK(t.take() == lines{"0 begins", "1 begins"});
    h.cancel(test::cause("stop"));
    w.settle();
    CHECK(t.take() == lines{"1: cancelled: stop", "1 is gone", "0: cancelled: stop",
                            "0 is gone", "all: cancelled: stop"});
    CHECK(w.live() == 0);
    auto begun =
        w.go(note_end, ref(t), "all",
             for_each_parallel(numbers(9), 2, [&](int n) { t(std::to_string(n)); }));
    begun.cancel();
    w.settle();
    CHECK(t.take() == lines{"all: cancelled: closed"});
}

TEST_CASE("the calls of a dying context are destroyed with it, in any order") {
    trace t;
    heddle::event never;
    {
        world w;
        w.go(note_end, ref(t), "all", for_each_parallel(numbers(9), 2, [&](int n) {
                 return wait_or_fail(t, never, n);
             }));
        w.settle();
        CHECK(w.live() == 3);
        t.take();
    }
    auto rest = t.take();
    std::ranges::sort(rest);
    CHECK(rest == lines{"0 is gone", "1 is gone"});
}

TEST_CASE(
    "a limit below one is refused at once, by name; an empty range ends at once") {
    auto nothing = [](int) {};
    CHECK(test::ending_of_call([&] {
              (void)for_each_parallel(numbers(1), 0, nothing);
          }) == "heddle: for_each_parallel with a limit of 0: it must be 1 or more");
    CHECK(test::ending_of_call([&] {
              (void)map_parallel(numbers(1), -1L, [](int n) { return n; });
          }) == "heddle: map_parallel with a limit of -1: it must be 1 or more");
    test::run_virtual(for_each_parallel(numbers(0), ~0u, nothing));
}

TEST_CASE("whichever task runs first, the results are the same") {
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
        meter m;
        auto all = test::run_virtual(
            [](meter& to) -> task<std::vector<int>> {
                auto call = [&to](int i) { return twice(to, i); };
                co_return co_await map_parallel(numbers(20), 4, call);
            }(m),
            seed);
        CHECK(all == doubled(20));
        CHECK(m.most <= 4);
    }
}

TEST_SUITE_END();
