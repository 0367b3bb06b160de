// SPDX-License-Identifier: BSL-1.0
// Time and cancellation in Asio.
#include "peer.hpp"

#include <asio/basic_waitable_timer.hpp>
#include <asio/experimental/parallel_group.hpp>
#include <asio/post.hpp>

#include <algorithm>
#include <chrono>

namespace {

using clock_type = std::chrono::steady_clock;
using timer =
    asio::basic_waitable_timer<clock_type, asio::wait_traits<clock_type>, executor>;

// ---- n coroutines sleep up to K milliseconds: processor time, and how late the latest is ----

struct naps {
    channel<int> ended;
    long left;
    long in_time = 0;  // not early
    clock_type::duration latest{};
};

awaitable<> sleeper(asio::io_context& io, naps* shared, std::chrono::microseconds d) {
    timer t(io.get_executor(), d);
    co_await t.async_wait(use_awaitable);
    const auto late = clock_type::now() - t.expiry();
    shared->in_time += late >= clock_type::duration::zero();
    shared->latest = std::max(shared->latest, late);
    if (--shared->left == 0)
        co_await shared->ended->async_send(asio::error_code(), 0, use_awaitable);
}

awaitable<result> sleep_all(asio::io_context& io, arguments a) {
    naps shared{make_channel<int>(io), a.n};
    const auto before = cpu_time();
    for (long i = 0; i < a.n; ++i)
        go(io, sleeper(io, &shared, nap(i, a.k)));
    co_await shared.ended->async_receive(use_awaitable);
    const auto used = cpu_time() - before;
    co_return result{a.n, used, shared.in_time,
                     std::chrono::nanoseconds(shared.latest).count()};
}

// ---- n coroutines wait for a value or for the end, then that comes ----

struct waiters {
    channel<int> ended;
    long left;
    long waiting = 0, cancelled = 0;
};

awaitable<> wait_or_leave(waiters* shared, channel<int> in, channel<int> done) {
    ++shared->waiting;
    auto both = asio::experimental::make_parallel_group(in->async_receive(deferred),
                                                        done->async_receive(deferred));
    auto r =
        co_await both.async_wait(asio::experimental::wait_for_one(), use_awaitable);
    shared->cancelled += get<0>(r)[0] == 1;
    if (--shared->left == 0)
        co_await shared->ended->async_send(asio::error_code(), 0, use_awaitable);
}

awaitable<result> cancel(asio::io_context& io, arguments a, bool one_channel) {
    waiters shared{make_channel<int>(io), a.n};
    auto done = make_channel<int>(io), c = make_channel<int>(io);
    for (long i = 0; i < a.n; ++i) {
        go(io, wait_or_leave(&shared, c, done));
        if (!one_channel)
            c = make_channel<int>(io);
    }
    while (shared.waiting < a.n)
        co_await asio::post(use_awaitable);
    stopwatch watch;
    done->close();
    co_await shared.ended->async_receive(use_awaitable);
    co_return result{a.n, watch.elapsed(), shared.cancelled};
}

awaitable<result> cancel_own(asio::io_context& io, arguments a) {
    return cancel(io, a, false);
}
awaitable<result> cancel_shared(asio::io_context& io, arguments a) {
    return cancel(io, a, true);
}

const workload workloads[] = {
    {"sleep", run<sleep_all>},
    {"cancel_own", run<cancel_own>},
    {"cancel_shared", run<cancel_shared>},
};

}  // namespace
