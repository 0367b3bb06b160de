// SPDX-License-Identifier: BSL-1.0
// Tasks on a runtime written by hand: the least that they cost.
#include "../measure.hpp"
#include "channel.hpp"

#include <memory>
#include <utility>

using namespace limit;

namespace {

// ---- spawn all, then join them ----

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

result spawn_join_all(arguments a) {
    long ran = 0;
    stopwatch watch;
    spawn(spawn_all(a.n, ran));
    ready.run();
    return {a.n, watch.elapsed(), ran};
}

// ---- spawn one, join it ----

process spawn_each(long n, long& ran) {
    for (long i = 0; i < n; ++i) {
        join one(1);
        spawn(child(one, ran));
        co_await one;
    }
}

result spawn_join_each(arguments a) {
    long ran = 0;
    stopwatch watch;
    spawn(spawn_each(a.n, ran));
    ready.run();
    return {a.n, watch.elapsed(), ran};
}

// ---- memory of tasks that wait to receive ----

process park(channel<int>& c, long& started, long& woken) {
    ++started;
    int v = 0;
    co_await c.receive(v);
    ++woken;
}

result parked(arguments a) {
    channel<int> c;
    long started = 0, woken = 0;
    auto before = resident_bytes();
    for (long i = 0; i < a.n; ++i)
        spawn(park(c, started, woken));
    ready.run();
    auto bytes = resident_bytes() - before;
    auto waiting = started - woken;
    c.close();
    ready.run();
    return {a.n, bytes, woken == a.n ? waiting : -1};
}

// ---- a chain of tasks, each with a channel, passed once ----

process daisy_link(channel<int>& left, std::unique_ptr<channel<int>> right) {
    int v = 0;
    co_await right->receive(v);
    co_await left.send(v + 1);
}

process daisy_begin(channel<int>& c) { co_await c.send(1); }

process daisy_end(channel<int>& c, int& v) { co_await c.receive(v); }

result daisy(arguments a) {
    channel<int> leftmost;
    int value = 0;
    stopwatch watch;
    auto* left = &leftmost;
    for (long i = 0; i < a.n; ++i) {
        auto right = std::make_unique<channel<int>>();
        auto* c = right.get();
        spawn(daisy_link(*left, std::move(right)));
        left = c;
    }
    spawn(daisy_begin(*left));
    spawn(daisy_end(leftmost, value));
    ready.run();
    return {a.n, watch.elapsed(), value};
}

const workload workloads[] = {
    {"spawn_join_all", spawn_join_all},
    {"spawn_join_each", spawn_join_each},
    {"parked", parked},
    {"daisy", daisy},
};

}  // namespace
