// SPDX-License-Identifier: BSL-1.0
// The cost of an operation as the number of things around it grows, in heddle.
#include "peer.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

namespace {

// ---- K tasks take turns ----

heddle::task<> take_turns(heddle::wait_group* all, long n, long* taken) {
    for (long i = 0; i < n; ++i) {
        co_await heddle::yield();
        ++*taken;
    }
    all->done();
}

heddle::task<result> tasks(arguments a) {
    heddle::wait_group all;
    long taken = 0;
    all.add(a.k);
    stopwatch watch;
    for (int i = 0; i < a.k; ++i)
        heddle::go(take_turns, &all, a.n / a.k, &taken);
    co_await all.wait();
    co_return result{a.n, watch.elapsed(), taken};
}

// ---- K unbuffered channels, a pair of tasks on each ----

heddle::task<> produce(heddle::sender<int> out, long n) {
    for (long i = 0; i < n; ++i)
        co_await out.send(1);
}

heddle::task<> consume(heddle::wait_group* all, heddle::receiver<int> in, long n,
                       long long* sum) {
    for (long i = 0; i < n; ++i)
        *sum += *co_await in.receive();
    all->done();
}

heddle::task<result> channels(arguments a) {
    heddle::wait_group all;
    long long sum = 0;
    all.add(a.k);
    stopwatch watch;
    for (int i = 0; i < a.k; ++i) {
        heddle::channel<int> c;
        heddle::go(produce, c, a.n / a.k);
        heddle::go(consume, &all, c, a.n / a.k, &sum);
    }
    co_await all.wait();
    co_return result{a.n, watch.elapsed(), sum};
}

// ---- a select over K channels, of which one sender takes one at a time ----

heddle::task<> scatter(std::vector<heddle::channel<int>> out, long n) {
    for (long i = 0; i < n; ++i) {
        auto at = std::size_t(i) * 2654435761 % out.size();
        co_await out[at].send(int(at) + 1);
    }
}

heddle::task<result> arms(arguments a) {
    const auto k = static_cast<std::size_t>(a.k);
    std::vector<heddle::channel<int>> c(k);
    std::vector<std::optional<int>> values(k);
    std::vector<heddle::receive_op<int>> all;
    for (std::size_t i = 0; i < k; ++i)
        all.push_back(c[i].receive(values[i]));
    long right = 0;
    stopwatch watch;
    heddle::go(scatter, c, a.n);
    for (long i = 0; i < a.n; ++i) {
        auto index = co_await heddle::select(all);
        right += *values[index] == int(index) + 1;
    }
    co_return result{a.n, watch.elapsed(), right};
}

// ---- the same by a selector ----

heddle::task<result> kept_arms(arguments a) {
    const auto k = static_cast<std::size_t>(a.k);
    std::vector<heddle::channel<int>> c(k);
    heddle::selector all;
    std::optional<int> v;
    for (auto& each : c)
        all.add(each.receive(v));
    long right = 0;
    stopwatch watch;
    heddle::go(scatter, c, a.n);
    for (long i = 0; i < a.n; ++i) {
        auto index = co_await all.next();
        right += *v == int(index) + 1;
    }
    co_return result{a.n, watch.elapsed(), right};
}

// ---- K tasks sleep at once, n naps in all ----

heddle::task<> doze(heddle::wait_group* all, long first, long n, int most,
                    long* in_time) {
    for (long i = 0; i < n; ++i) {
        const auto due = heddle::now() + nap(first + i, most);
        co_await heddle::sleep_until(due);
        *in_time += heddle::now() >= due;
    }
    all->done();
}

heddle::task<result> timers(arguments a) {
    heddle::wait_group all;
    long in_time = 0;
    const long each = a.n / a.k;
    const auto before = cpu_time();
    all.add(a.k);
    for (int i = 0; i < a.k; ++i)
        heddle::go(doze, &all, i * each, each, int(1000 / each), &in_time);
    co_await all.wait();
    co_return result{a.n, cpu_time() - before, in_time};
}

// ---- K receivers wait at one channel, n values come one by one ----

heddle::task<> receive_all(heddle::receiver<int> in, long* waiting, long* received) {
    ++*waiting;
    while (auto v = co_await in.receive())
        ++*received;
}

heddle::task<result> waiters(arguments a) {
    heddle::channel<int> c;
    long waiting = 0, received = 0;
    for (int i = 0; i < a.k; ++i)
        heddle::go(receive_all, c, &waiting, &received);
    while (waiting < a.k)
        co_await heddle::yield();
    stopwatch watch;
    for (long i = 0; i < a.n; ++i) {
        co_await c.send(1);
        co_await heddle::yield();  // the receiver waits again, behind the others
    }
    co_return result{a.n, watch.elapsed(), received};
}

const workload workloads[] = {
    {"scale_tasks", run<tasks>},   {"scale_channels", run<channels>},
    {"scale_arms", run<arms>},     {"scale_selector", run<kept_arms>},
    {"scale_timers", run<timers>}, {"scale_waiters", run<waiters>},
};

}  // namespace
