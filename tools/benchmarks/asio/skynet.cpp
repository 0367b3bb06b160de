// SPDX-License-Identifier: BSL-1.0
// Skynet in Asio: a tree of coroutines, ten children each, whose leaves are added up.
#include "peer.hpp"

#include <asio/experimental/parallel_group.hpp>

#include <cstddef>
#include <utility>

namespace {

// ---- children send to their parent ----

awaitable<> by_channel(asio::io_context& io, channel<long> out, long first,
                       long leaves) {
    if (leaves == 1) {
        if (!try_send(out, first))
            co_await out->async_send(asio::error_code(), first, use_awaitable);
        co_return;
    }
    auto c = make_channel<long>(io);
    long sum = 0;
    for (int i = 0; i < 10; ++i)
        go(io, by_channel(io, c, first + i * (leaves / 10), leaves / 10));
    for (int i = 0; i < 10; ++i) {
        received<long> r;
        if (!try_receive(c, r))
            r = co_await c->async_receive(as_tuple(use_awaitable));
        sum += get<1>(r);
    }
    if (!try_send(out, sum))
        co_await out->async_send(asio::error_code(), sum, use_awaitable);
}

awaitable<result> skynet_channels(asio::io_context& io, arguments a) {
    stopwatch watch;
    auto c = make_channel<long>(io);
    go(io, by_channel(io, c, 0, a.n));
    const long sum = co_await c->async_receive(use_awaitable);
    co_return result{a.n, watch.elapsed(), sum};
}

// ---- a parent joins its children ----

awaitable<long> by_join(asio::io_context& io, long first, long leaves);

template <std::size_t... I>
auto children(asio::io_context& io, long first, long each, std::index_sequence<I...>) {
    return asio::experimental::make_parallel_group(asio::co_spawn(
        home(io), by_join(io, first + long(I) * each, each), deferred)...);
}

awaitable<long> by_join(asio::io_context& io, long first, long leaves) {
    if (leaves == 1)
        co_return first;
    auto all = children(io, first, leaves / 10, std::make_index_sequence<10>());
    auto [order, e0, a, e1, b, e2, c, e3, d, e4, e, e5, f, e6, g, e7, h, e8, i, e9, j] =
        co_await all.async_wait(asio::experimental::wait_for_all(), use_awaitable);
    co_return a + b + c + d + e + f + g + h + i + j;
}

awaitable<result> skynet_join(asio::io_context& io, arguments a) {
    stopwatch watch;
    const long sum = co_await by_join(io, 0, a.n);
    co_return result{a.n, watch.elapsed(), sum};
}

const workload workloads[] = {
    {"skynet_channels", run<skynet_channels>},
    {"skynet_join", run<skynet_join>},
};

}  // namespace
