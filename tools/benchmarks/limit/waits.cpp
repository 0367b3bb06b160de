// SPDX-License-Identifier: BSL-1.0
// Time and cancellation on a runtime written by hand: the least that they cost.
#include "../measure.hpp"
#include "channel.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <queue>
#include <thread>

using namespace limit;

namespace {

using clock_type = std::chrono::steady_clock;

// ---- n tasks sleep up to K milliseconds: processor time, and how late the latest is ----

struct timer {
    clock_type::time_point due;
    process::promise_type* sleeping;
    bool operator<(const timer& other) const {
        return due > other.due;
    }  // first on top
};
std::priority_queue<timer> timers;

struct sleep_until {
    clock_type::time_point due;
    bool await_ready() { return false; }
    std::coroutine_handle<> await_suspend(handle h) {
        timers.push({due, &h.promise()});
        return ready.next();
    }
    void await_resume() {}
};

process sleeper(std::chrono::microseconds d, long& in_time,
                clock_type::duration& latest) {
    const auto due = clock_type::now() + d;
    co_await sleep_until(due);
    const auto late = clock_type::now() - due;
    in_time += late >= clock_type::duration::zero();
    latest = std::max(latest, late);
}

void run_with_timers() {
    for (ready.run(); !timers.empty(); ready.run()) {
        std::this_thread::sleep_until(timers.top().due);
        const auto now = clock_type::now();
        for (; !timers.empty() && timers.top().due <= now; timers.pop())
            ready.push(timers.top().sleeping);
    }
}

result sleep_all(arguments a) {
    long in_time = 0;
    clock_type::duration latest{};
    const auto before = cpu_time();
    for (long i = 0; i < a.n; ++i)
        spawn(sleeper(nap(i, a.k), in_time, latest));
    run_with_timers();
    return {a.n, cpu_time() - before, in_time,
            std::chrono::nanoseconds(latest).count()};
}

// ---- n tasks in select{receive, done}, then done closes ----

process wait_or_leave(channel<int>& in, channel<int>& done, long& cancelled) {
    std::array<waiter<int>, 2> arms;
    std::array<channel<int>*, 2> channels{&in, &done};
    int v = 0;
    cancelled += co_await select_op<int>(arms, channels, 0, v) == 1;
}

result cancel(arguments a, bool one_channel) {
    std::deque<channel<int>> channels(1);
    channel<int> done;
    long cancelled = 0;
    for (long i = 0; i < a.n; ++i) {
        spawn(wait_or_leave(channels.back(), done, cancelled));
        if (!one_channel)
            channels.emplace_back();
    }
    ready.run();
    stopwatch watch;
    done.close();
    ready.run();
    return {a.n, watch.elapsed(), cancelled};
}

result cancel_own(arguments a) { return cancel(a, false); }
result cancel_shared(arguments a) { return cancel(a, true); }

const workload workloads[] = {
    {"sleep", sleep_all}, {"cancel_own", cancel_own}, {"cancel_shared", cancel_shared}};

}  // namespace
