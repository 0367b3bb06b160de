// SPDX-License-Identifier: BSL-1.0
// Work that spreads over the workers of heddle. many_cores.py compares its simulation with
// these runs.
#include "peer.hpp"

#include <atomic>
#include <chrono>
#include <vector>

namespace {

using namespace std::chrono_literals;

void spin(std::chrono::nanoseconds d) {
    for (auto end = std::chrono::steady_clock::now() + d;
         std::chrono::steady_clock::now() < end;) {
    }
}

// ---- n tasks of K microseconds, spawned by one ----

/// Notes when every thread has begun a task.
struct arrivals {
    void here() noexcept {
        static thread_local bool seen = false;
        if (!seen && (seen = true) && --missing == 0)
            all_here = watch.elapsed();
    }
    std::atomic<unsigned> missing;
    std::atomic<long long> all_here{0};
    stopwatch watch;
};

heddle::task<> toil(arrivals* who, std::chrono::microseconds d) {
    who->here();
    spin(d);
    co_return;
}

heddle::task<result> burst(arguments a) {
    arrivals who{.missing = a.threads};
    std::vector<heddle::join_handle<>> all;
    all.reserve(std::size_t(a.n));
    spin(20ms);  // by now the other threads wait
    who.watch = {};
    for (long i = 0; i < a.n; ++i)
        all.push_back(heddle::go(toil, &who, std::chrono::microseconds(a.k)));
    for (auto& h : all)
        co_await h;
    co_return result{a.n, who.watch.elapsed(), a.n, who.all_here};
}

// ---- K pairs, n round trips in all ----

heddle::task<> increment(heddle::receiver<int> in, heddle::sender<int> out) {
    while (auto v = co_await in.receive())
        co_await out.send(*v + 1);
}

heddle::task<long> play(long n) {
    heddle::channel<int> ping, pong;
    heddle::go(increment, ping, pong);
    long right = 0;
    for (long i = 0; i < n; ++i) {
        co_await ping.send(int(i));
        right += *co_await pong.receive() == int(i) + 1;
    }
    ping.close();
    co_return right;
}

/// Starts `part` K times, each with its share of n, and adds up what they count.
heddle::task<result> share(arguments a, heddle::task<long> (*part)(long n)) {
    std::vector<heddle::join_handle<long>> all;
    long counted = 0;
    stopwatch watch;
    for (int i = 0; i < a.k; ++i)
        all.push_back(heddle::go(part, a.n / a.k));
    for (auto& h : all)
        counted += co_await h;
    co_return result{a.n, watch.elapsed(), counted};
}

heddle::task<result> pairs(arguments a) { return share(a, play); }

// ---- one sender, K receivers that work for a microsecond on each value ----

heddle::task<long> work_off(heddle::receiver<int> in) {
    long n = 0;
    for (; co_await in.receive(); ++n)
        spin(1us);
    co_return n;
}

heddle::task<result> fan_out(arguments a) {
    heddle::channel<int> c(64);
    std::vector<heddle::join_handle<long>> all;
    long done = 0;
    stopwatch watch;
    for (int i = 0; i < a.k; ++i)
        all.push_back(heddle::go(work_off, c));
    for (long i = 0; i < a.n; ++i)
        co_await c.send(int(i));
    c.close();
    for (auto& h : all)
        done += co_await h;
    co_return result{a.n, watch.elapsed(), done};
}

// ---- K tasks that spawn a task and join it, n in all ----

heddle::task<> count(long* ran) {
    ++*ran;
    co_return;
}

heddle::task<long> spawn_each(long n) {
    long ran = 0;
    for (long i = 0; i < n; ++i)
        co_await heddle::go(count, &ran);
    co_return ran;
}

heddle::task<result> spawners(arguments a) { return share(a, spawn_each); }

const workload workloads[] = {
    {"burst", run<burst>},
    {"pairs", run<pairs>},
    {"fan_out", run<fan_out>},
    {"spawners", run<spawners>},
};

}  // namespace
