// SPDX-License-Identifier: BSL-1.0
// Time and cancellation in heddle, written as its users would.
#include "peer.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

namespace {

// ---- n tasks sleep up to K milliseconds: processor time, and how late the latest is ----

struct naps {
    heddle::wait_group all;
    long in_time = 0;  // not early
    heddle::duration latest{};
};

heddle::task<> sleeper(naps* shared, heddle::duration d) {
    const auto due = heddle::now() + d;
    co_await heddle::sleep(d);
    const auto late = heddle::now() - due;
    shared->in_time += late >= heddle::duration::zero();
    shared->latest = std::max(shared->latest, late);
    shared->all.done();
}

heddle::task<result> sleep_all(arguments a) {
    naps shared;
    const auto before = cpu_time();
    shared.all.add(a.n);
    for (long i = 0; i < a.n; ++i)
        heddle::go(sleeper, &shared, nap(i, a.k));
    co_await shared.all.wait();
    const auto used = cpu_time() - before;
    co_return result{a.n, used, shared.in_time,
                     std::chrono::nanoseconds(shared.latest).count()};
}

// ---- n tasks in select{receive, done}, then done closes ----

struct waiters {
    heddle::wait_group all;
    long waiting = 0, cancelled = 0;
};

heddle::task<> wait_or_leave(waiters* shared, heddle::receiver<int> in,
                             heddle::done_token done) {
    ++shared->waiting;
    std::optional<int> v;
    shared->cancelled += co_await heddle::select(in.receive(v), done) == 1;
    shared->all.done();
}

heddle::task<result> cancel(arguments a, bool one_channel) {
    waiters shared;
    heddle::done_source done;
    heddle::channel<int> c;
    shared.all.add(a.n);
    for (long i = 0; i < a.n; ++i) {
        heddle::go(wait_or_leave, &shared, c, done.token());
        if (!one_channel)
            c = heddle::channel<int>();
    }
    while (shared.waiting < a.n)
        co_await heddle::yield();
    stopwatch watch;
    done.close();
    co_await shared.all.wait();
    co_return result{a.n, watch.elapsed(), shared.cancelled};
}

heddle::task<result> cancel_own(arguments a) { return cancel(a, false); }
heddle::task<result> cancel_shared(arguments a) { return cancel(a, true); }

const workload workloads[] = {
    {"sleep", run<sleep_all>},
    {"cancel_own", run<cancel_own>},
    {"cancel_shared", run<cancel_shared>},
};

}  // namespace
