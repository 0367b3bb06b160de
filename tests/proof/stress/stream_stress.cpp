// SPDX-License-Identifier: BSL-1.0
// Streams, and calls that run in parallel, on several threads at once.
#include <heddle/heddle.hpp>
#include <heddle/streams.hpp>

#include "support/loom.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <functional>
#include <numeric>
#include <optional>
#include <vector>

namespace {

using heddle::stream;
using heddle::task;
using std::ref;
namespace streams = heddle::streams;

constexpr int values = 20'000;
constexpr long sum_of_values = long(values) * (values - 1) / 2;

stream<int> count(int n) {
    for (int i = 0; i < n; ++i)
        co_yield i;
}

/// Yields what it receives, wherever it is read.
stream<int> relay(heddle::receiver<int> in) {
    while (std::optional<int> v = co_await in.receive())
        co_yield *v;
}

using numbers = stream<int>;

/// Reads a few values, and hands the stream on.
task<> read_some(heddle::channel<numbers> turns, std::atomic<long>& sum) {
    while (std::optional<numbers> s = co_await turns.receive()) {
        bool is_over = false;
        for (int i = 0; i < 7 && !is_over; ++i) {
            std::optional<int> v = co_await s->next();
            is_over = !v;
            sum += v.value_or(0);
        }
        if (is_over) {
            turns.close();
            co_return;
        }
        co_await turns.send(std::move(*s));
    }
}

task<> send_all(heddle::channel<int> to) {
    for (int i = 0; i < values; ++i)
        co_await to.send(i);
    to.close();
}

task<int> hop(int n) {
    if (n % 3 == 0)
        co_await heddle::yield();
    co_return n;
}

/// It has no members: TSan does not see the count by which libstdc++ orders a look at an
/// exception before its end on another thread.
struct failure {};

task<int> fail_at(int n, int at) {
    co_await heddle::yield();
    if (n == at)
        throw failure();
    co_return n;
}

/// Everything that runs calls, on the workers of a parallel host.
task<> use_all() {
    long sum = co_await (count(values) | streams::map_parallel(8, hop) |
                         streams::fold(0L, std::plus<>()));
    CHECK(sum == sum_of_values);
    sum = co_await (count(values) | streams::map_unordered(8, hop) |
                    streams::merge(count(values)) | streams::fold(0L, std::plus<>()));
    CHECK(sum == 2 * sum_of_values);
    for (int round = 0; round < 300; ++round) {
        std::vector<int> all =
            co_await heddle::map_parallel(std::views::iota(0, 20), 4, hop);
        CHECK(std::accumulate(all.begin(), all.end(), 0) == 190);
        auto [a, b, c] = co_await heddle::when_all(hop(round), hop(1), hop(2));
        CHECK(a + b + c == round + 3);
        int first = co_await heddle::race(hop(3), hop(4), hop(5));
        CHECK((first >= 3 && first <= 5));
        bool has_failed = false;
        try {
            auto call = [round](int n) { return fail_at(n, round % 20); };
            co_await heddle::for_each_parallel(std::views::iota(0, 20), 4, call);
        } catch (const failure&) {
            has_failed = true;
        }
        CHECK(has_failed);
        // Dropped while its calls run.
        auto dropped =
            count(50) | streams::map_parallel(4, hop) | streams::merge(count(50));
        for (int i = 0; i < round % 5; ++i)
            (void)co_await dropped.next();
    }
}

}  // namespace

TEST_SUITE_BEGIN("stress.stream");

TEST_CASE("a stream that is handed from thread to thread loses nothing") {
    test::loom loom;
    std::atomic<long> sum{0};
    heddle::channel<int> in;
    heddle::channel<numbers> turns(1);
    (void)turns.try_send(relay(in));
    loom.go(send_all, in);
    for (int i = 0; i < 6; ++i)
        loom.go(read_some, turns, ref(sum));
    loom.finish();
    CHECK(sum == sum_of_values);
}

TEST_CASE(
    "calls on the workers of a parallel host lose nothing, fail and are dropped") {
    heddle::run({.threads = 4}, use_all());
}

TEST_SUITE_END();
