// SPDX-License-Identifier: BSL-1.0
// The workloads on a runtime written by hand: what they cost at least.
#include "limit.hpp"
#include "measure.hpp"

#include <deque>
#include <memory>
#include <utility>
#include <vector>

using namespace limit;

namespace {

process increment(channel& in, channel& out) {
    for (int v; co_await in.receive(v);)
        co_await out.send(v + 1);
}

process serve(channel& out, channel& in, long n, long long& sum) {
    for (long i = 0; i < n; ++i) {
        co_await out.send(int(i));
        int reply = 0;
        co_await in.receive(reply);
        sum += reply;
    }
    out.close();
}

result ping_pong(long n, int) {
    channel ping, pong;
    long long sum = 0;
    stopwatch watch;
    spawn(increment(ping, pong));
    spawn(serve(ping, pong, n, sum));
    ready.run();
    return {n, watch.elapsed(), sum};
}

process produce(channel& out, long n) {
    for (long i = 0; i < n; ++i)
        co_await out.send(int(i));
    out.close();
}

process consume(channel& in, long long& sum) {
    for (int v; co_await in.receive(v);)
        sum += v;
}

result stream(long n, int capacity) {
    channel c(static_cast<unsigned>(capacity));
    long long sum = 0;
    stopwatch watch;
    spawn(produce(c, n));
    spawn(consume(c, sum));
    ready.run();
    return {n, watch.elapsed(), sum};
}

process repeat(channel& out, int value, long n) {
    for (long i = 0; i < n; ++i)
        co_await out.send(value);
}

process receive_any(std::deque<channel>& channels, long n, long long& sum) {
    std::vector<waiter> arms(channels.size());
    int start = 0;
    for (long i = 0; i < n; ++i) {
        int value = 0;
        int index = co_await select_op(arms, channels, start, value);
        sum += value * (index + 1);
        start = index + 1;
    }
}

result select_any(long n, int k) {
    std::deque<channel> channels(static_cast<std::size_t>(k));
    long long sum = 0;
    stopwatch watch;
    for (int i = 0; i < k; ++i)
        spawn(repeat(channels[std::size_t(i)], i + 1, n / k));
    spawn(receive_any(channels, n / k * k, sum));
    ready.run();
    return {n / k * k, watch.elapsed(), sum};
}

process child(join& all, long& ran) {
    ++ran;
    all.done();
    co_return;
}

process spawn_all(long n, long& ran) {
    join all(n);
    for (long i = 0; i < n; ++i)
        spawn(child(all, ran));
    co_await all;
}

result spawn_join_all(long n, int) {
    long ran = 0;
    stopwatch watch;
    spawn(spawn_all(n, ran));
    ready.run();
    return {n, watch.elapsed(), ran};
}

process spawn_each(long n, long& ran) {
    for (long i = 0; i < n; ++i) {
        join one(1);
        spawn(child(one, ran));
        co_await one;
    }
}

result spawn_join_each(long n, int) {
    long ran = 0;
    stopwatch watch;
    spawn(spawn_each(n, ran));
    ready.run();
    return {n, watch.elapsed(), ran};
}

process park(channel& c, long& started, long& woken) {
    ++started;
    int v = 0;
    co_await c.receive(v);
    ++woken;
}

result parked(long n, int) {
    channel c;
    long started = 0, woken = 0;
    auto before = resident_bytes();
    for (long i = 0; i < n; ++i)
        spawn(park(c, started, woken));
    ready.run();
    auto bytes = resident_bytes() - before;
    auto waiting = started - woken;
    c.close();
    ready.run();
    return {n, bytes, woken == n ? waiting : -1};
}

process daisy_link(channel& left, std::unique_ptr<channel> right) {
    int v = 0;
    co_await right->receive(v);
    co_await left.send(v + 1);
}

process daisy_begin(channel& c) { co_await c.send(1); }

process daisy_end(channel& c, int& v) { co_await c.receive(v); }

result daisy(long n, int) {
    channel leftmost;
    int value = 0;
    stopwatch watch;
    auto* left = &leftmost;
    for (long i = 0; i < n; ++i) {
        auto right = std::make_unique<channel>();
        auto* c = right.get();
        spawn(daisy_link(*left, std::move(right)));
        left = c;
    }
    spawn(daisy_begin(*left));
    spawn(daisy_end(leftmost, value));
    ready.run();
    return {n, watch.elapsed(), value};
}

}  // namespace

int main(int argc, char** argv) {
    return measure(
        {
            {"ping_pong", ping_pong},
            {"stream", stream},
            {"select", select_any},
            {"spawn_join_all", spawn_join_all},
            {"spawn_join_each", spawn_join_each},
            {"parked", parked},
            {"daisy", daisy},
        },
        argc, argv);
}
