// SPDX-License-Identifier: BSL-1.0
// The workloads in heddle, written as its users would. With --locked the process has a
// second thread, parked, so that the locks of the library are no longer elided.
#include "measure.hpp"

#include <heddle/heddle.hpp>

#include <cstddef>
#include <optional>
#include <semaphore>
#include <string_view>
#include <thread>
#include <utility>

#include <sys/single_threaded.h>

namespace {

heddle::task<> increment(heddle::receiver<int> in, heddle::sender<int> out) {
    while (auto v = co_await in.receive())
        co_await out.send(*v + 1);
}

heddle::task<result> ping_pong(long n, int) {
    heddle::channel<int> ping, pong;
    long long sum = 0;
    stopwatch watch;
    heddle::go(increment, ping, pong);
    for (long i = 0; i < n; ++i) {
        co_await ping.send(int(i));
        sum += *co_await pong.receive();
    }
    ping.close();
    co_return result{n, watch.elapsed(), sum};
}

heddle::task<> produce(heddle::sender<int> out, long n) {
    for (long i = 0; i < n; ++i)
        co_await out.send(int(i));
    out.close();
}

heddle::task<result> stream(long n, int capacity) {
    heddle::channel<int> c(static_cast<std::size_t>(capacity));
    long long sum = 0;
    stopwatch watch;
    heddle::go(produce, c, n);
    while (auto v = co_await c.receive())
        sum += *v;
    co_return result{n, watch.elapsed(), sum};
}

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

heddle::task<result> select_any(long n, int k) {
    switch (k) {
    case 2:
        return select_among(n / k, std::make_index_sequence<2>());
    case 8:
        return select_among(n / k, std::make_index_sequence<8>());
    default:
        return select_among(n / 64, std::make_index_sequence<64>());
    }
}

heddle::task<> child(heddle::wait_group* all, long* ran) {
    ++*ran;
    all->done();
    co_return;
}

heddle::task<result> spawn_join_all(long n, int) {
    heddle::wait_group all;
    long ran = 0;
    stopwatch watch;
    all.add(n);
    for (long i = 0; i < n; ++i)
        heddle::go(child, &all, &ran);
    co_await all.wait();
    co_return result{n, watch.elapsed(), ran};
}

heddle::task<> count(long* ran) {
    ++*ran;
    co_return;
}

heddle::task<result> spawn_join_each(long n, int) {
    long ran = 0;
    stopwatch watch;
    for (long i = 0; i < n; ++i)
        co_await heddle::go(count, &ran);
    co_return result{n, watch.elapsed(), ran};
}

heddle::task<> park(heddle::receiver<int> in, long* started, long* woken) {
    ++*started;
    co_await in.receive();
    ++*woken;
}

heddle::task<result> parked(long n, int) {
    heddle::channel<int> c;
    long started = 0, woken = 0;
    const auto before = resident_bytes();
    for (long i = 0; i < n; ++i)
        heddle::go(park, c, &started, &woken);
    while (started < n)
        co_await heddle::yield();
    const auto bytes = resident_bytes() - before;
    const auto waiting = started - woken;
    c.close();
    while (woken < n)
        co_await heddle::yield();
    co_return result{n, bytes, waiting};
}

heddle::task<> daisy_link(heddle::sender<int> left, heddle::receiver<int> right) {
    co_await left.send(1 + *co_await right.receive());
}

heddle::task<> daisy_begin(heddle::sender<int> c) { co_await c.send(1); }

heddle::task<result> daisy(long n, int) {
    stopwatch watch;
    heddle::channel<int> leftmost;
    auto left = leftmost;
    for (long i = 0; i < n; ++i) {
        heddle::channel<int> right;
        heddle::go(daisy_link, left, right);
        left = right;
    }
    heddle::go(daisy_begin, left);
    const auto value = *co_await leftmost.receive();
    co_return result{n, watch.elapsed(), value};
}

/// Keeps a second thread parked for as long as it lives.
class second_thread {
public:
    ~second_thread() { leave_.release(); }

private:
    std::binary_semaphore leave_{0};
    std::jthread thread_{[this] { leave_.acquire(); }};
};

template <auto workload>
result run(long n, int k) {
    return heddle::run(workload(n, k));
}

}  // namespace

int main(int argc, char** argv) {
    const bool locked = argc > 1 && std::string_view(argv[1]) == "--locked";
    std::optional<second_thread> second;
    if (locked)
        second.emplace();
    const int status = measure(
        {
            {"ping_pong", run<ping_pong>},
            {"stream", run<stream>},
            {"select", run<select_any>},
            {"spawn_join_all", run<spawn_join_all>},
            {"spawn_join_each", run<spawn_join_each>},
            {"parked", run<parked>},
            {"daisy", run<daisy>},
        },
        argc - locked, argv + locked);
    if (bool(__libc_single_threaded) != locked)
        return status;
    std::fprintf(stderr, "bench_heddle: the number of threads is not as asked\n");
    return 1;
}
