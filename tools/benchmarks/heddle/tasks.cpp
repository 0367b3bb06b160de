// SPDX-License-Identifier: BSL-1.0
// Tasks in heddle, written as its users would.
#include "peer.hpp"

namespace {

// ---- spawn all, then join them ----

heddle::task<> child(heddle::wait_group* all, long* ran) {
    ++*ran;
    all->done();
    co_return;
}

heddle::task<result> spawn_join_all(arguments a) {
    heddle::wait_group all;
    long ran = 0;
    stopwatch watch;
    all.add(a.n);
    for (long i = 0; i < a.n; ++i)
        heddle::go(child, &all, &ran);
    co_await all.wait();
    co_return result{a.n, watch.elapsed(), ran};
}

// ---- spawn one, join it ----

heddle::task<> count(long* ran) {
    ++*ran;
    co_return;
}

heddle::task<result> spawn_join_each(arguments a) {
    long ran = 0;
    stopwatch watch;
    for (long i = 0; i < a.n; ++i)
        co_await heddle::go(count, &ran);
    co_return result{a.n, watch.elapsed(), ran};
}

// ---- memory of tasks that wait to receive ----

heddle::task<> park(heddle::receiver<int> in, long* started, long* woken) {
    ++*started;
    co_await in.receive();
    ++*woken;
}

heddle::task<result> parked(arguments a) {
    heddle::channel<int> c;
    long started = 0, woken = 0;
    const auto before = resident_bytes();
    for (long i = 0; i < a.n; ++i)
        heddle::go(park, c, &started, &woken);
    while (started < a.n)
        co_await heddle::yield();
    const auto bytes = resident_bytes() - before;
    const auto waiting = started - woken;
    c.close();
    while (woken < a.n)
        co_await heddle::yield();
    co_return result{a.n, bytes, waiting};
}

// ---- a chain of tasks, each with a channel, passed once ----

heddle::task<> daisy_link(heddle::sender<int> left, heddle::receiver<int> right) {
    co_await left.send(1 + *co_await right.receive());
}

heddle::task<> daisy_begin(heddle::sender<int> c) { co_await c.send(1); }

heddle::task<result> daisy(arguments a) {
    stopwatch watch;
    heddle::channel<int> leftmost;
    auto left = leftmost;
    for (long i = 0; i < a.n; ++i) {
        heddle::channel<int> right;
        heddle::go(daisy_link, left, right);
        left = right;
    }
    heddle::go(daisy_begin, left);
    const auto value = *co_await leftmost.receive();
    co_return result{a.n, watch.elapsed(), value};
}

const workload workloads[] = {
    {"spawn_join_all", run<spawn_join_all>},
    {"spawn_join_each", run<spawn_join_each>},
    {"parked", run<parked>},
    {"daisy", run<daisy>},
};

}  // namespace
