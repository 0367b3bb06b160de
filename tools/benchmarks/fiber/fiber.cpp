// SPDX-License-Identifier: BSL-1.0
// The workloads in Boost.Fiber. It has no select and no sockets. A buffered channel of n
// slots holds n - 1 values.
#include "../measure.hpp"

#include <boost/fiber/all.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace {

namespace fibers = boost::fibers;
template <class T>
using unbuffered = fibers::unbuffered_channel<T>;
using buffered = fibers::buffered_channel<int>;

constexpr auto success = fibers::channel_op_status::success;

/// Starts a fiber with a stack of 16 KiB, whose pages cost memory once they are touched.
template <class F>
fibers::fiber go(F f) {
    return fibers::fiber(fibers::launch::post, std::allocator_arg,
                         fibers::fixedsize_stack(16 * 1024), std::move(f));
}

/// A second thread that shares the fibers of this one, if two threads are asked for. Neither
/// sleeps when it is idle, which is faster here.
class second_thread {
public:
    explicit second_thread(unsigned threads) {
        if (threads < 2)
            return;
        fibers::use_scheduling_algorithm<fibers::algo::shared_work>(false);
        other_ = std::jthread([this] {
            fibers::use_scheduling_algorithm<fibers::algo::shared_work>(false);
            std::unique_lock held(mutex_);
            leave_.wait(held, [this] { return left_; });
        });
    }
    ~second_thread() {
        {
            std::lock_guard held(mutex_);
            left_ = true;
        }
        leave_.notify_all();
    }

private:
    fibers::mutex mutex_;
    fibers::condition_variable_any leave_;
    bool left_ = false;
    std::jthread other_;
};

// ---- channels ----

result ping_pong(arguments a) {
    unbuffered<int> ping, pong;
    long long sum = 0;
    second_thread second(a.threads);
    stopwatch watch;
    auto other = go([&] {
        for (int v; ping.pop(v) == success;)
            pong.push(v + 1);
    });
    for (long i = 0; i < a.n; ++i) {
        ping.push(int(i));
        sum += pong.value_pop();
    }
    const auto elapsed = watch.elapsed();
    ping.close();
    other.join();
    return {a.n, elapsed, sum};
}

result stream(arguments a) {
    buffered c(static_cast<std::size_t>(a.k == 1 ? 2 : a.k));
    long long sum = 0;
    second_thread second(a.threads);
    stopwatch watch;
    auto sender = go([&] {
        for (long i = 0; i < a.n; ++i)
            c.push(int(i));
        c.close();
    });
    for (int v; c.pop(v) == success;)
        sum += v;
    const auto elapsed = watch.elapsed();
    sender.join();
    return {a.n, elapsed, sum};
}

result mpmc(arguments a) {
    buffered c(64);
    std::vector<long long> sums(static_cast<std::size_t>(a.k));
    std::vector<fibers::fiber> senders, receivers;
    second_thread second(a.threads);
    stopwatch watch;
    for (int i = 0; i < a.k; ++i) {
        senders.push_back(go([&c, a, i] {
            for (long j = i; j < a.n; j += a.k)
                c.push(int(j));
        }));
        receivers.push_back(go([&c, &total = sums[std::size_t(i)]] {
            long long sum = 0;
            for (int v; c.pop(v) == success;)
                sum += v;
            total = sum;
        }));
    }
    for (auto& s : senders)
        s.join();
    c.close();
    for (auto& r : receivers)
        r.join();
    const auto elapsed = watch.elapsed();
    long long sum = 0;
    for (auto s : sums)
        sum += s;
    return {a.n, elapsed, sum};
}

// A value that all filters pass on ends the sieve: in Boost 1.74 it crashes to close a channel at
// which a fiber waits to push.
result sieve(arguments a) {
    static constexpr int end = -1;
    std::deque<unbuffered<int>> channels(1);
    std::vector<fibers::fiber> all;
    std::atomic<bool> enough = false;
    long long sum = 0;
    second_thread second(a.threads);
    stopwatch watch;
    all.push_back(go([&enough, &out = channels.back()] {
        for (int i = 2; !enough.load(std::memory_order_relaxed); ++i)
            out.push(i);
        out.push(end);
    }));
    for (long i = 0; i < a.n; ++i) {
        auto& in = channels.back();
        const int prime = in.value_pop();
        sum += prime;
        all.push_back(go([&in, &out = channels.emplace_back(), prime] {
            int v;
            do {
                v = in.value_pop();
                if (v % prime != 0)
                    out.push(v);
            } while (v != end);
        }));
    }
    const auto elapsed = watch.elapsed();
    enough = true;
    while (channels.back().value_pop() != end) {
    }
    for (auto& f : all)
        f.join();
    return {a.n, elapsed, sum};
}

// ---- tasks ----

/// Counts down; one fiber waits for zero.
class wait_group {
public:
    explicit wait_group(long n) : left_(n) {}
    void done() {
        if (--left_ == 0)
            ended_.notify_one();
    }
    void wait() {
        std::unique_lock held(mutex_);
        ended_.wait(held, [this] { return left_ == 0; });
    }

private:
    long left_;
    fibers::mutex mutex_;
    fibers::condition_variable ended_;
};

result spawn_join_all(arguments a) {
    wait_group all(a.n);
    long ran = 0;
    stopwatch watch;
    for (long i = 0; i < a.n; ++i)
        go([&] {
            ++ran;
            all.done();
        }).detach();
    all.wait();
    return {a.n, watch.elapsed(), ran};
}

result spawn_join_each(arguments a) {
    long ran = 0;
    stopwatch watch;
    for (long i = 0; i < a.n; ++i)
        go([&] { ++ran; }).join();
    return {a.n, watch.elapsed(), ran};
}

result parked(arguments a) {
    unbuffered<int> c;
    wait_group all(a.n);
    long started = 0, woken = 0;
    const auto before = resident_bytes();
    for (long i = 0; i < a.n; ++i)
        go([&] {
            ++started;
            int v;
            c.pop(v);
            ++woken;
            all.done();
        }).detach();
    while (started < a.n)
        boost::this_fiber::yield();
    const auto bytes = resident_bytes() - before;
    const auto waiting = started - woken;
    c.close();
    all.wait();
    return {a.n, bytes, waiting};
}

result daisy(arguments a) {
    stopwatch watch;
    std::deque<unbuffered<int>> channels(1);
    for (long i = 0; i < a.n; ++i) {
        auto& left = channels.back();
        go([&left, &right = channels.emplace_back()] {
            left.push(1 + right.value_pop());
        }).detach();
    }
    go([&last = channels.back()] { last.push(1); }).detach();
    const int value = channels.front().value_pop();
    return {a.n, watch.elapsed(), value};
}

// ---- skynet: a tree of fibers, ten children each, whose leaves are added up ----

void by_channel(unbuffered<long>& out, long first, long leaves) {
    if (leaves == 1) {
        out.push(first);
        return;
    }
    unbuffered<long> c;
    std::vector<fibers::fiber> children;
    long sum = 0;
    for (int i = 0; i < 10; ++i)
        children.push_back(
            go([&c, first = first + i * (leaves / 10), leaves = leaves / 10] {
                by_channel(c, first, leaves);
            }));
    for (int i = 0; i < 10; ++i)
        sum += c.value_pop();
    for (auto& child : children)  // so that their last call of the channel has returned
        child.join();
    out.push(sum);
}

result skynet_channels(arguments a) {
    second_thread second(a.threads);
    stopwatch watch;
    unbuffered<long> c;
    auto root = go([&] { by_channel(c, 0, a.n); });
    const long sum = c.value_pop();
    root.join();
    return {a.n, watch.elapsed(), sum};
}

long by_join(long first, long leaves) {
    if (leaves == 1)
        return first;
    std::vector<fibers::fiber> children;
    long sums[10], sum = 0;
    for (int i = 0; i < 10; ++i)
        children.push_back(go([&to = sums[i], first = first + i * (leaves / 10),
                               leaves = leaves / 10] { to = by_join(first, leaves); }));
    for (auto& child : children)
        child.join();
    for (long s : sums)
        sum += s;
    return sum;
}

result skynet_join(arguments a) {
    second_thread second(a.threads);
    stopwatch watch;
    const long sum = by_join(0, a.n);
    return {a.n, watch.elapsed(), sum};
}

// ---- n fibers sleep up to K milliseconds: processor time, and how late the latest is ----

result sleep_all(arguments a) {
    using clock = std::chrono::steady_clock;
    wait_group all(a.n);
    long in_time = 0;
    clock::duration latest{};
    const auto before = cpu_time();
    for (long i = 0; i < a.n; ++i)
        go([&, d = nap(i, a.k)] {
            const auto due = clock::now() + d;
            boost::this_fiber::sleep_until(due);
            const auto late = clock::now() - due;
            in_time += late >= clock::duration::zero();
            latest = std::max(latest, late);
            all.done();
        }).detach();
    all.wait();
    return {a.n, cpu_time() - before, in_time,
            std::chrono::nanoseconds(latest).count()};
}

const workload workloads[] = {
    {"ping_pong", ping_pong},
    {"stream", stream},
    {"mpmc", mpmc},
    {"sieve", sieve},
    {"spawn_join_all", spawn_join_all},
    {"spawn_join_each", spawn_join_each},
    {"parked", parked},
    {"daisy", daisy},
    {"skynet_channels", skynet_channels},
    {"skynet_join", skynet_join},
    {"sleep", sleep_all},
};

}  // namespace
