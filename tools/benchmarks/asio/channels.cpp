// SPDX-License-Identifier: BSL-1.0
// Channels in Asio.
#include "peer.hpp"

#include <asio/experimental/parallel_group.hpp>

#include <cstddef>
#include <utility>
#include <vector>

namespace {

// ---- there and back, over two unbuffered channels ----

awaitable<> increment(channel<int> in, channel<int> out) {
    for (;;) {
        received<int> r;
        if (!try_receive(in, r))
            r = co_await in->async_receive(as_tuple(use_awaitable));
        auto [closed, v] = r;
        if (closed)
            co_return;
        if (!try_send(out, v + 1))
            co_await out->async_send(asio::error_code(), v + 1, use_awaitable);
    }
}

awaitable<result> ping_pong(asio::io_context& io, arguments a) {
    auto ping = make_channel<int>(io), pong = make_channel<int>(io);
    long long sum = 0;
    stopwatch watch;
    go(io, increment(ping, pong));
    for (long i = 0; i < a.n; ++i) {
        if (!try_send(ping, int(i)))
            co_await ping->async_send(asio::error_code(), int(i), use_awaitable);
        received<int> r;
        if (!try_receive(pong, r))
            r = co_await pong->async_receive(as_tuple(use_awaitable));
        sum += get<1>(r);
    }
    ping->close();
    co_return result{a.n, watch.elapsed(), sum};
}

// ---- one sender, one receiver, a channel of capacity K ----

// The last value ends the stream: in Asio 1.22 close() drops the values in the buffer.
constexpr int end_of_values = -1;

awaitable<> produce(channel<int> out, long n) {
    for (long i = 0; i < n; ++i)
        if (!try_send(out, int(i)))
            co_await out->async_send(asio::error_code(), int(i), use_awaitable);
    co_await out->async_send(asio::error_code(), end_of_values, use_awaitable);
}

awaitable<long long> add_up(channel<int> in) {
    for (long long sum = 0;;) {
        received<int> r;
        if (!try_receive(in, r))
            r = co_await in->async_receive(as_tuple(use_awaitable));
        if (get<1>(r) == end_of_values)
            co_return sum;
        sum += get<1>(r);
    }
}

awaitable<result> stream(asio::io_context& io, arguments a) {
    auto c = make_channel<int>(io, static_cast<std::size_t>(a.k));
    stopwatch watch;
    go(io, produce(c, a.n));
    const long long sum = co_await add_up(c);
    co_return result{a.n, watch.elapsed(), sum};
}

// ---- K senders, K receivers, one channel of capacity 64 ----

awaitable<> produce_every(channel<int> out, long first, long n, int step,
                          channel<int> ended) {
    for (long i = first; i < n; i += step)
        if (!try_send(out, int(i)))
            co_await out->async_send(asio::error_code(), int(i), use_awaitable);
    co_await ended->async_send(asio::error_code(), 0, use_awaitable);
}

awaitable<> report_sum(channel<int> in, channel<long long> sums) {
    const long long sum = co_await add_up(std::move(in));
    co_await sums->async_send(asio::error_code(), sum, use_awaitable);
}

awaitable<result> mpmc(asio::io_context& io, arguments a) {
    auto c = make_channel<int>(io, 64), ended = make_channel<int>(io);
    auto sums = make_channel<long long>(io);
    long long sum = 0;
    stopwatch watch;
    for (int i = 0; i < a.k; ++i) {
        go(io, produce_every(c, i, a.n, a.k, ended));
        go(io, report_sum(c, sums));
    }
    for (int i = 0; i < a.k; ++i)
        co_await ended->async_receive(use_awaitable);
    for (int i = 0; i < a.k; ++i)
        co_await c->async_send(asio::error_code(), end_of_values, use_awaitable);
    for (int i = 0; i < a.k; ++i)
        sum += co_await sums->async_receive(use_awaitable);
    co_return result{a.n, watch.elapsed(), sum};
}

// ---- a select over K channels, one sender each ----

awaitable<> repeat(channel<int> out, int value, long n) {
    for (long i = 0; i < n; ++i)
        if (!try_send(out, value))
            co_await out->async_send(asio::error_code(), value, use_awaitable);
}

// The operator || of awaitables loses the values of other channels that were ready too; a
// parallel group hands over all of them.
template <std::size_t... I>
awaitable<result> select_among(asio::io_context& io, long each,
                               std::index_sequence<I...>) {
    const long n = each * long(sizeof...(I));
    std::vector<channel<int>> c;
    long long sum = 0;
    stopwatch watch;
    for (std::size_t i = 0; i < sizeof...(I); ++i) {
        c.push_back(make_channel<int>(io));
        go(io, repeat(c[i], int(i) + 1, each));
    }
    for (long got = 0; got < n;) {
        auto all =
            asio::experimental::make_parallel_group(c[I]->async_receive(deferred)...);
        auto r =
            co_await all.async_wait(asio::experimental::wait_for_one(), use_awaitable);
        auto take = [&](long arm, asio::error_code lost, int value) {
            got += !lost;
            sum += lost ? 0 : value * (arm + 1);
        };
        (take(long(I), get<1 + 2 * I>(r), get<2 + 2 * I>(r)), ...);
    }
    co_return result{n, watch.elapsed(), sum};
}

awaitable<result> select_any(asio::io_context& io, arguments a) {
    if (a.k == 2)
        return select_among(io, a.n / 2, std::make_index_sequence<2>());
    if (a.k == 8)
        return select_among(io, a.n / 8, std::make_index_sequence<8>());
    return select_among(io, a.n / 64, std::make_index_sequence<64>());
}

// ---- the prime sieve ----

awaitable<> generate(channel<int> out) {
    for (int i = 2;; ++i)
        if (!try_send(out, i))
            co_await out->async_send(asio::error_code(), i, use_awaitable);
}

awaitable<> filter(channel<int> in, channel<int> out, int prime) {
    for (;;) {
        received<int> r;
        if (!try_receive(in, r))
            r = co_await in->async_receive(as_tuple(use_awaitable));
        const int i = get<1>(r);
        if (i % prime != 0 && !try_send(out, i))
            co_await out->async_send(asio::error_code(), i, use_awaitable);
    }
}

awaitable<result> sieve(asio::io_context& io, arguments a) {
    auto c = make_channel<int>(io);
    long long sum = 0;
    stopwatch watch;
    go(io, generate(c));
    for (long i = 0; i < a.n; ++i) {
        const int prime = co_await c->async_receive(use_awaitable);
        sum += prime;
        auto next = make_channel<int>(io);
        go(io, filter(c, next, prime));
        c = next;
    }
    co_return result{a.n, watch.elapsed(), sum};
}

const workload workloads[] = {
    {"ping_pong", run<ping_pong>}, {"stream", run<stream>},       {"mpmc", run<mpmc>},
    {"select", run<select_any>},   {"selector", run<select_any>}, {"sieve", run<sieve>},
};

}  // namespace
