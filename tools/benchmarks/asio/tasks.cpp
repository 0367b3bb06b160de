// SPDX-License-Identifier: BSL-1.0
// Coroutines in Asio.
#include "peer.hpp"

#include <asio/post.hpp>

namespace {

// ---- spawn all, then wait for all ----

awaitable<> child(long* left, channel<int> ended) {
    if (--*left == 0)
        co_await ended->async_send(asio::error_code(), 0, use_awaitable);
}

awaitable<result> spawn_join_all(asio::io_context& io, arguments a) {
    auto ended = make_channel<int>(io);
    long left = a.n;
    stopwatch watch;
    for (long i = 0; i < a.n; ++i)
        go(io, child(&left, ended));
    co_await ended->async_receive(use_awaitable);
    co_return result{a.n, watch.elapsed(), a.n - left};
}

// ---- spawn one, wait for it ----

awaitable<> count(long* ran) {
    ++*ran;
    co_return;
}

awaitable<result> spawn_join_each(asio::io_context& io, arguments a) {
    long ran = 0;
    stopwatch watch;
    for (long i = 0; i < a.n; ++i)
        co_await asio::co_spawn(home(io), count(&ran), use_awaitable);
    co_return result{a.n, watch.elapsed(), ran};
}

// ---- memory of coroutines that wait to receive ----

awaitable<> park(channel<int> in, long* started, long* woken) {
    ++*started;
    co_await in->async_receive(as_tuple(use_awaitable));
    ++*woken;
}

awaitable<result> parked(asio::io_context& io, arguments a) {
    auto c = make_channel<int>(io);
    long started = 0, woken = 0;
    const auto before = resident_bytes();
    for (long i = 0; i < a.n; ++i)
        go(io, park(c, &started, &woken));
    while (started < a.n)
        co_await asio::post(use_awaitable);
    const auto bytes = resident_bytes() - before;
    const auto waiting = started - woken;
    c->close();
    while (woken < a.n)
        co_await asio::post(use_awaitable);
    co_return result{a.n, bytes, waiting};
}

// ---- a chain of coroutines, each with a channel, passed once ----

awaitable<> daisy_link(channel<int> left, channel<int> right) {
    received<int> r;
    if (!try_receive(right, r))
        r = co_await right->async_receive(as_tuple(use_awaitable));
    const int v = get<1>(r) + 1;
    if (!try_send(left, v))
        co_await left->async_send(asio::error_code(), v, use_awaitable);
}

awaitable<> daisy_begin(channel<int> c) {
    co_await c->async_send(asio::error_code(), 1, use_awaitable);
}

awaitable<result> daisy(asio::io_context& io, arguments a) {
    stopwatch watch;
    auto leftmost = make_channel<int>(io);
    auto left = leftmost;
    for (long i = 0; i < a.n; ++i) {
        auto right = make_channel<int>(io);
        go(io, daisy_link(left, right));
        left = right;
    }
    go(io, daisy_begin(left));
    const int value = co_await leftmost->async_receive(use_awaitable);
    co_return result{a.n, watch.elapsed(), value};
}

const workload workloads[] = {
    {"spawn_join_all", run<spawn_join_all>},
    {"spawn_join_each", run<spawn_join_each>},
    {"parked", run<parked>},
    {"daisy", run<daisy>},
};

}  // namespace
