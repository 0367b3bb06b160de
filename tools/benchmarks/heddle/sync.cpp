// SPDX-License-Identifier: BSL-1.0
// Broadcasts, watches, oneshots, locks, permits and rates in heddle, written as its users
// would.
#include "peer.hpp"

#include <heddle/broadcast.hpp>
#include <heddle/oneshot.hpp>
#include <heddle/resilience/rate_limiter.hpp>
#include <heddle/watch.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;

heddle::task<long long> sum_of(std::vector<heddle::join_handle<long long>> all) {
    long long sum = 0;
    for (auto& one : all)
        sum += co_await one;
    co_return sum;
}

// ---- one publisher, K subscribers; none loses a value ----

heddle::task<long long> read_all(heddle::subscription<long> in) {
    long long sum = 0;
    while (auto v = co_await in.receive())
        sum += *v;
    co_return sum;
}

heddle::task<result> broadcast(arguments a) {
    heddle::broadcast<long> b(64, heddle::hold_back);
    std::vector<heddle::join_handle<long long>> readers;
    stopwatch watch;
    for (int i = 0; i < a.k; ++i)
        readers.push_back(heddle::go(read_all, b.subscribe()));
    for (long i = 0; i < a.n / a.k; ++i)
        co_await b.send(i);
    b.close();
    long long sum = co_await sum_of(std::move(readers));
    co_return result{a.n, watch.elapsed(), sum};
}

// ---- one setter, K watchers; each sees every value ----

heddle::task<long long> follow(heddle::watcher<long> in) {
    long long sum = 0;
    while (auto v = co_await in.next())
        sum += *v;
    co_return sum;
}

heddle::task<result> watch_value(arguments a) {
    heddle::watch<long> value(0);
    std::vector<heddle::join_handle<long long>> readers;
    stopwatch watch;
    for (int i = 0; i < a.k; ++i)
        readers.push_back(heddle::go(follow, value.subscribe()));
    for (long i = 1; i <= a.n / a.k; ++i) {
        value.set(i);
        co_await heddle::yield();
    }
    value.close();
    long long sum = co_await sum_of(std::move(readers));
    co_return result{a.n, watch.elapsed(), sum};
}

// ---- requests through a channel of capacity 1, each answered through a oneshot ----

struct request {
    request(long v, heddle::promise<long> r) noexcept : value(v), reply(std::move(r)) {}
    long value;
    heddle::promise<long> reply;
};

heddle::task<> answer(heddle::receiver<request> in) {
    while (auto r = co_await in.receive())
        r->reply.set(r->value + 1);
}

heddle::task<result> oneshot(arguments a) {
    heddle::channel<request> c(1);
    long long sum = 0;
    stopwatch watch;
    heddle::go(answer, c);
    for (long i = 0; i < a.n; ++i) {
        heddle::oneshot<long> once;
        co_await c.emplace(i, std::move(once.promise));
        sum += co_await once.future.get();
    }
    c.close();
    co_return result{a.n, watch.elapsed(), sum};
}

// ---- K readers and a writer share a lock, and wait while they hold it, now and then ----

struct two_counts {
    heddle::shared_mutex lock;
    long first = 0, second = 0;
};

heddle::task<long long> read_often(two_counts& s, long n) {
    long long same = 0;
    for (long i = 0; i < n; ++i) {
        auto reading = co_await s.lock.lock_shared();
        if (i % 10 == 0)
            co_await heddle::yield();
        same += s.first == s.second;
    }
    co_return same;
}

heddle::task<long long> write_often(two_counts& s, long n) {
    for (long i = 0; i < n; ++i) {
        auto writing = co_await s.lock.lock();
        ++s.first;
        if (i % 10 == 0)
            co_await heddle::yield();
        ++s.second;
    }
    co_return s.second;
}

heddle::task<result> shared_mutex(arguments a) {
    two_counts shared;
    std::vector<heddle::join_handle<long long>> all;
    const long each = a.n / (a.k + 1);
    stopwatch watch;
    for (int i = 0; i < a.k; ++i)
        all.push_back(heddle::go(read_often, std::ref(shared), each));
    all.push_back(heddle::go(write_often, std::ref(shared), each));
    long long sum = co_await sum_of(std::move(all));
    co_return result{a.n, watch.elapsed(), sum};
}

// ---- K tasks share half as many permits, and wait while they hold one ----

heddle::task<long long> use(heddle::semaphore& slots, long n, long& held, int most) {
    long long right = 0;
    for (long i = 0; i < n; ++i) {
        co_await slots.acquire();
        right += ++held <= most;
        co_await heddle::yield();
        --held;
        slots.release();
    }
    co_return right;
}

heddle::task<result> semaphore(arguments a) {
    heddle::semaphore slots(a.k / 2);
    long held = 0;
    std::vector<heddle::join_handle<long long>> all;
    stopwatch watch;
    for (int i = 0; i < a.k; ++i)
        all.push_back(
            heddle::go(use, std::ref(slots), a.n / a.k, std::ref(held), a.k / 2));
    long long sum = co_await sum_of(std::move(all));
    co_return result{a.n, watch.elapsed(), sum};
}

// ---- a rate that nobody has to wait for ----

heddle::task<result> rate_limiter(arguments a) {
    heddle::rate_limiter limit(1'000'000'000, 1s, static_cast<std::size_t>(a.n));
    long long passed = 0;
    stopwatch watch;
    for (long i = 0; i < a.n; ++i) {
        co_await limit.acquire();
        ++passed;
    }
    co_return result{a.n, watch.elapsed(), passed};
}

const workload workloads[] = {
    {"broadcast", run<broadcast>}, {"watch", run<watch_value>},
    {"oneshot", run<oneshot>},     {"shared_mutex", run<shared_mutex>},
    {"semaphore", run<semaphore>}, {"rate_limiter", run<rate_limiter>},
};

}  // namespace
