// SPDX-License-Identifier: BSL-1.0
// Pipelines of ten operators in heddle, written as its users would.
#include "peer.hpp"

#include <heddle/streams.hpp>

#include <functional>
#include <optional>
#include <ranges>

namespace {

namespace streams = heddle::streams;

heddle::stream<long> count(long n) {
    for (long v = 0; v < n; ++v)
        co_yield std::move(v);
}

template <class Source>
auto ten_operators(Source&& source, long n) {
    return std::forward<Source>(source) | streams::map([](long v) { return v + 1; }) |
           streams::filter([](long v) { return v % 3 != 0; }) |
           streams::map([](long v) { return v ^ 1; }) | streams::filter_map([](long v) {
               return v % 5 == 0 ? std::nullopt : std::optional<long>(v * 2);
           }) |
           streams::skip(10) | streams::take_while([](long v) { return v >= 0; }) |
           streams::map([](long v) { return v + 7; }) |
           streams::filter([](long v) { return v % 7 != 0; }) | streams::take(n) |
           streams::map([](long v) { return v & 0xffff; });
}

// ---- a coroutine that yields, ten operators, and a fold ----

heddle::task<result> pipeline(arguments a) {
    stopwatch watch;
    auto sum = ten_operators(count(a.n), a.n) | streams::fold(0L, std::plus<>());
    long check = co_await std::move(sum);
    co_return result{a.n, watch.elapsed(), check};
}

// ---- the same, read value by value ----

heddle::task<result> pipeline_next(arguments a) {
    stopwatch watch;
    long check = 0;
    auto values = ten_operators(count(a.n), a.n);
    while (std::optional<long> v = co_await values.next())
        check += *v;
    co_return result{a.n, watch.elapsed(), check};
}

// ---- the same over a range ----

heddle::task<result> pipeline_range(arguments a) {
    stopwatch watch;
    auto sum = ten_operators(streams::from(std::views::iota(0L, a.n)), a.n) |
               streams::fold(0L, std::plus<>());
    long check = co_await std::move(sum);
    co_return result{a.n, watch.elapsed(), check};
}

// ---- a loop by hand over the coroutine ----

heddle::task<result> pipeline_by_hand(arguments a) {
    stopwatch watch;
    long check = 0, skipped = 0, taken = 0;
    auto values = count(a.n);
    while (std::optional<long> next = co_await values.next()) {
        long v = *next + 1;
        if (v % 3 == 0)
            continue;
        v ^= 1;
        if (v % 5 == 0)
            continue;
        v *= 2;
        if (skipped++ < 10)
            continue;
        if (v < 0)
            break;
        v += 7;
        if (v % 7 == 0)
            continue;
        if (taken++ == a.n)
            break;
        check += v & 0xffff;
    }
    co_return result{a.n, watch.elapsed(), check};
}

const workload workloads[] = {
    {"pipeline", run<pipeline>},
    {"pipeline_next", run<pipeline_next>},
    {"pipeline_range", run<pipeline_range>},
    {"pipeline_by_hand", run<pipeline_by_hand>},
};

}  // namespace
