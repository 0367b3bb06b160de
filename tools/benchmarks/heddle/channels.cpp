// SPDX-License-Identifier: BSL-1.0
// Channels in heddle, written as its users would.
#include "peer.hpp"

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace {

// ---- there and back, over two unbuffered channels ----

heddle::task<> increment(heddle::receiver<int> in, heddle::sender<int> out) {
    while (auto v = co_await in.receive())
        co_await out.send(*v + 1);
}

heddle::task<result> ping_pong(arguments a) {
    heddle::channel<int> ping, pong;
    long long sum = 0;
    stopwatch watch;
    heddle::go(increment, ping, pong);
    for (long i = 0; i < a.n; ++i) {
        co_await ping.send(int(i));
        sum += *co_await pong.receive();
    }
    ping.close();
    co_return result{a.n, watch.elapsed(), sum};
}

// ---- one sender, one receiver, a channel of capacity K ----

heddle::task<> produce(heddle::sender<int> out, long n) {
    for (long i = 0; i < n; ++i)
        co_await out.send(int(i));
    out.close();
}

heddle::task<result> stream(arguments a) {
    heddle::channel<int> c(static_cast<std::size_t>(a.k));
    long long sum = 0;
    stopwatch watch;
    heddle::go(produce, c, a.n);
    while (auto v = co_await c.receive())
        sum += *v;
    co_return result{a.n, watch.elapsed(), sum};
}

// ---- K senders, K receivers, one channel of capacity 64 ----

heddle::task<> produce_every(heddle::sender<int> out, long first, long n, int step) {
    for (long i = first; i < n; i += step)
        co_await out.send(int(i));
}

heddle::task<long long> add_up(heddle::receiver<int> in) {
    long long sum = 0;
    while (auto v = co_await in.receive())
        sum += *v;
    co_return sum;
}

heddle::task<result> mpmc(arguments a) {
    heddle::channel<int> c(64);
    std::vector<heddle::join_handle<>> senders;
    std::vector<heddle::join_handle<long long>> receivers;
    long long sum = 0;
    stopwatch watch;
    for (int i = 0; i < a.k; ++i) {
        senders.push_back(heddle::go(produce_every, c, i, a.n, a.k));
        receivers.push_back(heddle::go(add_up, c));
    }
    for (auto& s : senders)
        co_await s;
    c.close();
    for (auto& r : receivers)
        sum += co_await r;
    co_return result{a.n, watch.elapsed(), sum};
}

// ---- a select over K channels, one sender each ----

heddle::task<> repeat(heddle::sender<int> out, int value, long n) {
    for (long i = 0; i < n; ++i)
        co_await out.send(value);
}

template <std::size_t... I>
heddle::task<result> select_among(long each, std::index_sequence<I...>) {
    constexpr auto k = sizeof...(I);
    const long n = each * long(k);
    heddle::channel<int> c[k];
    long long sum = 0;
    stopwatch watch;
    for (std::size_t i = 0; i < k; ++i)
        heddle::go(repeat, c[i], int(i) + 1, each);
    for (long i = 0; i < n; ++i) {
        std::optional<int> v;
        auto index = co_await heddle::select(c[I].receive(v)...);
        sum += *v * (long(index) + 1);
    }
    co_return result{n, watch.elapsed(), sum};
}

heddle::task<result> select_any(arguments a) {
    switch (a.k) {
    case 2:
        return select_among(a.n / a.k, std::make_index_sequence<2>());
    case 8:
        return select_among(a.n / a.k, std::make_index_sequence<8>());
    default:
        return select_among(a.n / 64, std::make_index_sequence<64>());
    }
}

// ---- the same by a selector ----

heddle::task<result> select_next(arguments a) {
    const long each = a.n / a.k, n = each * a.k;
    long long sum = 0;
    std::optional<int> v;
    heddle::selector all;
    stopwatch watch;
    for (int i = 0; i < a.k; ++i) {
        heddle::channel<int> c;
        all.add(c.receive(v));
        heddle::go(repeat, c, i + 1, each);
    }
    for (long i = 0; i < n; ++i) {
        auto index = co_await all.next();
        sum += *v * (long(index) + 1);
    }
    co_return result{n, watch.elapsed(), sum};
}

// ---- the prime sieve ----

heddle::task<> generate(heddle::sender<int> out) {
    for (int i = 2;; ++i)
        co_await out.send(i);
}

heddle::task<> filter(heddle::receiver<int> in, heddle::sender<int> out, int prime) {
    for (;;)
        if (int i = *co_await in.receive(); i % prime != 0)
            co_await out.send(i);
}

heddle::task<result> sieve(arguments a) {
    heddle::channel<int> c;
    long long sum = 0;
    stopwatch watch;
    heddle::go(generate, c);
    for (long i = 0; i < a.n; ++i) {
        int prime = *co_await c.receive();
        sum += prime;
        heddle::channel<int> next;
        heddle::go(filter, c, next, prime);
        c = next;
    }
    co_return result{a.n, watch.elapsed(), sum};
}

const workload workloads[] = {
    {"ping_pong", run<ping_pong>},
    {"stream", run<stream>},
    {"mpmc", run<mpmc>},
    {"select", run<select_any>},
    {"selector", run<select_next>},
    {"sieve", run<sieve>},
};

}  // namespace
