// SPDX-License-Identifier: BSL-1.0
// Channels on a runtime written by hand: the least that they cost.
#include "../measure.hpp"
#include "channel.hpp"

#include <deque>
#include <vector>

using namespace limit;

namespace {

// ---- there and back, over two unbuffered channels ----

process increment(channel<int>& in, channel<int>& out) {
    for (int v; co_await in.receive(v);)
        co_await out.send(v + 1);
}

process ask(channel<int>& out, channel<int>& in, long n, long long& sum) {
    for (long i = 0; i < n; ++i) {
        co_await out.send(int(i));
        int reply = 0;
        co_await in.receive(reply);
        sum += reply;
    }
    co_await leave();
}

result ping_pong(arguments a) {
    channel<int> ping, pong;
    long long sum = 0;
    stopwatch watch;
    spawn(increment(ping, pong));
    spawn(ask(ping, pong, a.n, sum));
    ready.run(a.threads);
    return {a.n, watch.elapsed(), sum};
}

// ---- one sender, one receiver, a channel of capacity K ----

process produce(channel<int>& out, long n) {
    for (long i = 0; i < n; ++i)
        co_await out.send(int(i));
    out.close();
}

process consume(channel<int>& in, long long& sum) {
    for (int v; co_await in.receive(v);)
        sum += v;
    co_await leave();
}

result stream(arguments a) {
    channel<int> c(static_cast<unsigned>(a.k));
    long long sum = 0;
    stopwatch watch;
    spawn(produce(c, a.n));
    spawn(consume(c, sum));
    ready.run(a.threads);
    return {a.n, watch.elapsed(), sum};
}

// ---- K senders, K receivers, one channel of capacity 64 ----

process produce_every(channel<int>& out, long first, long n, int step, join& senders) {
    for (long i = first; i < n; i += step)
        co_await out.send(int(i));
    senders.done();
}

process add_up(channel<int>& in, long long& total, join& receivers) {
    long long sum = 0;
    for (int v; co_await in.receive(v);)
        sum += v;
    total = sum;
    receivers.done();
}

process close_after(join& senders, channel<int>& c, join& receivers) {
    co_await senders;
    c.close();
    co_await receivers;
    co_await leave();
}

result mpmc(arguments a) {
    channel<int> c(64);
    join senders(a.k), receivers(a.k);
    std::vector<long long> sums(std::size_t(a.k));
    stopwatch watch;
    for (int i = 0; i < a.k; ++i) {
        spawn(produce_every(c, i, a.n, a.k, senders));
        spawn(add_up(c, sums[std::size_t(i)], receivers));
    }
    spawn(close_after(senders, c, receivers));
    ready.run(a.threads);
    const auto elapsed = watch.elapsed();
    long long sum = 0;
    for (auto s : sums)
        sum += s;
    return {a.n, elapsed, sum};
}

// ---- a select over K channels, one sender each ----

process repeat(channel<int>& out, int value, long n) {
    for (long i = 0; i < n; ++i)
        co_await out.send(value);
}

process receive_any(const std::vector<channel<int>*>& channels, long n,
                    long long& sum) {
    std::vector<waiter<int>> arms(channels.size());
    int start = 0;
    for (long i = 0; i < n; ++i) {
        int value = 0;
        int index = co_await select_op<int>(arms, channels, start, value);
        sum += value * (index + 1);
        start = index + 1;
    }
    co_await leave();
}

result select_any(arguments a) {
    std::deque<channel<int>> channels(static_cast<std::size_t>(a.k));
    std::vector<channel<int>*> all;
    const long each = a.n / a.k;
    long long sum = 0;
    stopwatch watch;
    for (auto& c : channels) {
        all.push_back(&c);
        spawn(repeat(c, int(all.size()), each));
    }
    spawn(receive_any(all, each * a.k, sum));
    ready.run(a.threads);
    return {each * a.k, watch.elapsed(), sum};
}

// ---- the same by a mux, kept ----

process receive_next(mux<int>& all, long n, long long& sum) {
    for (long i = 0; i < n; ++i) {
        int value = 0;
        int index = co_await all.receive(value);
        sum += value * (index + 1);
    }
    co_await leave();
}

result select_next(arguments a) {
    std::deque<channel<int>> channels(static_cast<std::size_t>(a.k));
    mux<int> all;
    const long each = a.n / a.k;
    long long sum = 0;
    int index = 0;
    stopwatch watch;
    for (auto& c : channels) {
        all.add(c, index++);
        spawn(repeat(c, index, each));
    }
    spawn(receive_next(all, each * a.k, sum));
    ready.run(a.threads);
    return {each * a.k, watch.elapsed(), sum};
}

// ---- the prime sieve ----

process generate(channel<int>& out) {
    for (int i = 2;; ++i)
        co_await out.send(i);
}

process filter(channel<int>& in, channel<int>& out, int prime) {
    for (int i;;) {
        co_await in.receive(i);
        if (i % prime != 0)
            co_await out.send(i);
    }
}

process take_primes(std::deque<channel<int>>& channels, long n, long long& sum) {
    spawn(generate(channels.emplace_back()));
    for (long i = 0; i < n; ++i) {
        auto& in = channels.back();
        int prime = 0;
        co_await in.receive(prime);
        sum += prime;
        spawn(filter(in, channels.emplace_back(), prime));
    }
    co_await leave();
}

result sieve(arguments a) {
    std::deque<channel<int>> channels;
    long long sum = 0;
    stopwatch watch;
    spawn(take_primes(channels, a.n, sum));
    ready.run(a.threads);
    return {a.n, watch.elapsed(), sum};
}

const workload workloads[] = {
    {"ping_pong", ping_pong}, {"stream", stream},        {"mpmc", mpmc},
    {"select", select_any},   {"selector", select_next}, {"sieve", sieve},
};

}  // namespace
