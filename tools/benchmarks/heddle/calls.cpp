// SPDX-License-Identifier: BSL-1.0
// Calls of coroutines in heddle, written as its users would.
#include "peer.hpp"

#include <chrono>

namespace {

// ---- calls K deep, which return a number ----

heddle::task<long> nest(int depth) {
    if (depth == 1)
        co_return 1;
    co_return 1 + co_await nest(depth - 1);
}

heddle::task<result> call(arguments a) {
    long calls = 0;
    stopwatch watch;
    while (calls < a.n)
        calls += co_await nest(a.k);
    co_return result{a.n, watch.elapsed(), calls};
}

// ---- calls K deep, the innermost of which throws ----

heddle::task<long> nest_and_throw(int depth) {
    if (depth == 1)
        throw 1L;
    co_return 1 + co_await nest_and_throw(depth - 1);
}

heddle::task<result> call_throw(arguments a) {
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

heddle::task<result> call_timeout(arguments a) {
    using namespace std::chrono_literals;
    long calls = 0;
    stopwatch watch;
    while (calls < a.n)
        calls += co_await heddle::with_timeout(1h, nest(a.k));
    co_return result{a.n, watch.elapsed(), calls};
}

const workload workloads[] = {
    {"call", run<call>},
    {"call_throw", run<call_throw>},
    {"call_timeout", run<call_timeout>},
};

}  // namespace
