// SPDX-License-Identifier: BSL-1.0
// Calls of coroutines in Asio.
#include "peer.hpp"

#include <asio/basic_waitable_timer.hpp>
#include <asio/experimental/awaitable_operators.hpp>

#include <chrono>
#include <variant>

namespace {

// ---- calls K deep, which return a number ----

awaitable<long> nest(int depth) {
    if (depth == 1)
        co_return 1;
    co_return 1 + co_await nest(depth - 1);
}

awaitable<result> call(asio::io_context&, arguments a) {
    long calls = 0;
    stopwatch watch;
    while (calls < a.n)
        calls += co_await nest(a.k);
    co_return result{a.n, watch.elapsed(), calls};
}

// ---- calls K deep, the innermost of which throws ----

awaitable<long> nest_and_throw(int depth) {
    if (depth == 1)
        throw 1L;
    co_return 1 + co_await nest_and_throw(depth - 1);
}

awaitable<result> call_throw(asio::io_context&, arguments a) {
    long calls = 0;
    stopwatch watch;
    while (calls < a.n) {
        try {
            co_await nest_and_throw(a.k);
        } catch (long one) {
            calls += one * a.k;
        }
    }
    co_return result{a.n, watch.elapsed(), calls};
}

// ---- calls with a time limit, which they do not reach ----

awaitable<result> call_timeout(asio::io_context& io, arguments a) {
    using namespace asio::experimental::awaitable_operators;
    using namespace std::chrono_literals;
    using clock = std::chrono::steady_clock;
    asio::basic_waitable_timer<clock, asio::wait_traits<clock>, executor> limit(
        io.get_executor());
    long calls = 0;
    stopwatch watch;
    while (calls < a.n) {
        limit.expires_after(1h);
        auto first = co_await (nest(a.k) || limit.async_wait(use_awaitable));
        calls += std::get<0>(first);
    }
    co_return result{a.n, watch.elapsed(), calls};
}

const workload workloads[] = {
    {"call", run<call>},
    {"call_throw", run<call_throw>},
    {"call_timeout", run<call_timeout>},
};

}  // namespace
