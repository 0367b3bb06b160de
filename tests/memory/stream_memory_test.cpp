// SPDX-License-Identifier: BSL-1.0
// What streams, when_all, race and the parallel loops allocate, and that each of their
// allocations may fail.
#include <heddle/streams.hpp>

#include "support/allocations.hpp"
#include "support/fail_each.hpp"
#include "support/tasks.hpp"
#include "support/world.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <tuple>
#include <vector>

namespace {

using heddle::stream;
using heddle::task;
using std::ref;
using test::fail_each;
using test::outcome;
using test::tracked;
using test::world;
namespace streams = heddle::streams;

stream<int> count(int from, int n) {
    for (int i = from; i < from + n; ++i)
        co_yield i;
}

stream<tracked> count_tracked(int n) {
    for (int i = 0; i < n; ++i) {
        co_await heddle::yield();
        co_yield tracked(i);
    }
}

int same(int n) { return n; }
bool is_any(int) { return true; }

template <class S>
auto with_ten_operators(S&& s) {
    return std::forward<S>(s) | streams::map(same) | streams::filter(is_any) |
           streams::inspect(same) | streams::skip(1) | streams::map(same) |
           streams::scan(0, [](int, int n) { return n; }) | streams::take(1'000'000) |
           streams::take_while(is_any) | streams::enumerate() |
           streams::map([](const std::pair<std::size_t, int>& p) { return p.second; });
}

/// Returns how many allocations a task makes, with empty pools.
template <class F>
std::size_t allocations_of(F f) {
    std::size_t n = 12345;
    world w;
    w.go([](F body, std::size_t& to) -> task<> { co_await body(to); }, f, ref(n));
    w.settle();
    return n;
}

}  // namespace

TEST_SUITE_BEGIN("stream.memory");

TEST_CASE(
    "a stream is one frame, ten operators over it take no memory, and neither does "
    "next()") {
    std::size_t n = allocations_of([](std::size_t& to) -> task<> {
        test::empty_frame_pools();
        std::size_t before = test::allocations();
        auto s = with_ten_operators(count(0, 1000));
        int values = 0;
        while (std::optional<int> v = co_await s.next())
            values += v.has_value();
        CHECK(values == 999);
        to = test::allocations() - before;
    });
    CHECK(n == 1);
}

TEST_CASE("a stream over a range takes no memory; a loop over it is one frame") {
    std::size_t n = allocations_of([](std::size_t& to) -> task<> {
        test::empty_frame_pools();
        std::size_t before = test::allocations();
        auto s = with_ten_operators(streams::from(std::views::iota(0, 1000)));
        while (std::optional<int> v = co_await s.next())
            CHECK(v.has_value());
        CHECK(test::allocations() == before);
        auto loop = with_ten_operators(streams::from(std::views::iota(0, 1000))) |
                    streams::fold(0, std::plus<>());
        CHECK(co_await std::move(loop) == 499'500);
        to = test::allocations() - before;
    });
    CHECK(n == 1);
}

TEST_CASE("an operator that waits takes one frame: concat, flatten, zip, throttle, map "
          "with a coroutine") {
    std::size_t n = allocations_of([](std::size_t& to) -> task<> {
        test::empty_frame_pools();
        std::size_t before = test::allocations();
        auto s = count(0, 1) | streams::concat(count(0, 1)) | streams::zip(count(0, 9));
        while (std::optional<std::pair<int, int>> v = co_await s.next())
            CHECK(v.has_value());
        to = test::allocations() - before;
    });
    CHECK(n == 5);  // three counts, concat and zip
}

TEST_CASE("zip takes a frame for each other stream; concat takes one, and one for each "
          "range") {
    std::size_t n = allocations_of([](std::size_t& to) -> task<> {
        test::empty_frame_pools();
        std::size_t before = test::allocations();
        auto s = count(0, 2) | streams::zip(count(0, 2), count(0, 2));
        while (auto v = co_await s.next())
            CHECK(std::tuple_size_v<decltype(v)::value_type> == 3);
        to = test::allocations() - before;
    });
    CHECK(n == 5);  // three counts, and two
    n = allocations_of([](std::size_t& to) -> task<> {
        test::empty_frame_pools();
        std::size_t before = test::allocations();
        auto s = count(0, 1) | streams::concat(count(0, 1), count(0, 1),
                                               streams::from(std::views::iota(0, 1)));
        while (std::optional<int> v = co_await s.next())
            CHECK(v == 0);
        to = test::allocations() - before;
    });
    CHECK(n == 5);  // three counts, the range, and concat
}

namespace {

task<int> give(int n) {
    co_await heddle::yield();
    co_return n;
}

/// Each step may run out of memory; the rest goes on.
task<> each_step(outcome& o, std::vector<task<std::size_t> (*)()> steps,
                 std::size_t expected) {
    for (auto step : steps)
        try {
            std::size_t n = co_await step();
            CHECK((n == expected || o.failed > 0));
            ++o.done;
        } catch (const std::bad_alloc&) {
            ++o.failed;
        } catch (const std::length_error&) {  // for a capacity that is too large
            ++o.failed;
        }
}

task<std::size_t> all_of_two() {
    auto [a, b] = co_await heddle::when_all(give(1), give(2));
    co_return static_cast<std::size_t>(a + b);
}
task<std::size_t> all_of_range() {
    std::vector<task<int>> works;
    works.push_back(give(1));
    works.push_back(give(2));
    auto all = co_await heddle::when_all(std::move(works), 1);
    co_return static_cast<std::size_t>(all[0] + all[1]);
}
task<std::size_t> settled_of_two() {
    auto [a, b] = co_await heddle::when_all_settled(give(1), give(2));
    co_return static_cast<std::size_t>(a.value() + b.value());
}
task<std::size_t> first_of_two() {
    int n = co_await heddle::race(give(3), give(3));
    co_return static_cast<std::size_t>(n);
}
task<std::size_t> map_three() {
    auto all = co_await heddle::map_parallel(test::numbers(3), 2, give);
    co_return all.size();
}

task<> structure(outcome& o) {
    return each_step(
        o, {all_of_two, all_of_range, settled_of_two, first_of_two, map_three}, 3);
}

/// Reads a stream to its end.
template <class S>
task<std::size_t> number_of(S s) {
    auto all = co_await (std::move(s) | streams::to_vector());
    co_return all.size();
}

task<> operators(outcome& o) {
    return each_step(
        o,
        {[] { return number_of(count(0, 3)); },
         [] {
             return number_of(count(0, 1) | streams::concat(count(0, 1)) |
                              streams::merge(count(0, 1)));
         },
         [] {
             return number_of(
                 count(0, 1) |
                 streams::concat(count(0, 1), count(0, 1) | streams::map(give)));
         },
         [] { return number_of(count(0, 3) | streams::zip(count(0, 3), count(0, 3))); },
         [] { return number_of(count(0, 3) | streams::map_parallel(2, give)); },
         [] { return number_of(count(0, 3) | streams::map_unordered(2, give)); },
         [] { return number_of(count_tracked(3) | streams::take(3)); },
         [] {
             return number_of(count(0, 6) | streams::map(give) | streams::chunks(2));
         },
         []() -> task<std::size_t> {
             auto in = count(0, 3) | streams::map(give) | streams::to_channel(3);
             co_return co_await number_of(streams::from(in));
         }},
        3);
}

}  // namespace

TEST_CASE("law 70: each allocation of when_all, race and the parallel loops may fail") {
    CHECK(fail_each(structure) >= 30);
}

TEST_CASE("law 70: each allocation of streams and their operators may fail") {
    CHECK(fail_each(operators) >= 40);
}

TEST_SUITE_END();
