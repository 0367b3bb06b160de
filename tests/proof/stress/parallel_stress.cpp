// SPDX-License-Identifier: BSL-1.0
// The parallel host under load, on 1, 2, 4 and 8 threads: tasks wait for each other in
// every way while they are stolen. Every value that is sent arrives once, every task
// that is started ends, and nothing is left.
#include "support/threads.hpp"
#include "support/world.hpp"

#include <asio/steady_timer.hpp>
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <numeric>
#include <optional>
#include <random>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

namespace {

using heddle::task;

template <class F>
auto run_on(unsigned n, F f) {
    heddle::run_options o;
    o.threads = n;
    return heddle::run(o, f());
}

/// Calls f(threads) with 1, 2, 4 and 8.
template <class F>
void on_threads(F f) {
    for (unsigned n : {1u, 2u, 4u, 8u}) {
        CAPTURE(n);
        f(n);
    }
}

task<> send_range(heddle::sender<long> out, long from, long n) {
    for (long i = from; i < from + n; ++i)
        co_await out.send(i);
}

task<long> sum_all(heddle::receiver<long> in) {
    long sum = 0, v = 0;
    while (co_await in.receive(v))
        sum += v;
    co_return sum;
}

task<long> tree(long leaf, long size) {
    if (size == 1)
        co_return leaf;
    std::vector<heddle::join_handle<long>> parts;
    for (int i = 0; i < 4; ++i)
        parts.push_back(heddle::go(tree, leaf + i * (size / 4), size / 4));
    long sum = 0;
    for (auto& p : parts)
        sum += co_await p;
    co_return sum;
}

task<> drop_multiples(heddle::receiver<long> in, heddle::sender<long> out, long prime) {
    long v = 0;
    while (co_await in.receive(v))
        if (v % prime != 0)
            co_await out.send(v);
    out.close();
}

}  // namespace

TEST_SUITE_BEGIN("stress.parallel");

TEST_CASE(
    "many senders and receivers lose no value and double none, at every capacity") {
    on_threads([](unsigned n) {
        for (std::size_t capacity : {0u, 1u, 64u}) {
            constexpr long each = 2'000;
            long sum = run_on(n, [&]() -> task<long> {
                heddle::channel<long> c(capacity);
                std::vector<heddle::join_handle<>> senders;
                std::vector<heddle::join_handle<long>> receivers;
                for (long i = 0; i < 4; ++i) {
                    senders.push_back(heddle::go(send_range, c, i * each, each));
                    receivers.push_back(heddle::go(sum_all, c));
                }
                for (auto& h : senders)
                    co_await h;
                c.close();
                long all = 0;
                for (auto& h : receivers)
                    all += co_await h;
                co_return all;
            });
            CHECK(sum == 4 * each * (4 * each - 1) / 2);
        }
    });
}

TEST_CASE("selects that face each other, with deadlines, conserve every value") {
    on_threads([](unsigned n) {
        std::atomic<long> sent{0}, received{0};
        run_on(n, [&]() -> task<> {
            heddle::channel<long> a, b, c(3);
            heddle::group g;
            for (int i = 0; i < 8; ++i)
                g.go([&, i]() -> task<> {
                    for (int k = 0; k < 1'000; ++k) {
                        std::optional<long> v;
                        long mine = i * 1'000 + k;
                        switch (co_await heddle::select(
                            a.send(mine), b.receive(v), c.send(mine), a.receive(v),
                            b.send(mine), c.receive(v), heddle::after(50us))) {
                        case 0:
                        case 2:
                        case 4:
                            sent += mine;
                            break;
                        case 6:
                            break;
                        default:
                            received += v.value();
                        }
                    }
                });
            co_await g.wait();
            for (std::optional<long> v;; received += *v)
                if (co_await heddle::select(c.receive(v), heddle::otherwise) == 1)
                    break;
        });
        CHECK(sent == received);
    });
}

TEST_CASE("the result of a tree of joins is the sum of its leaves") {
    on_threads([](unsigned n) {
        long leaves = 4096;
        for (int i = 0; i < 5; ++i)
            CHECK(run_on(n, [&] { return tree(0, leaves); }) ==
                  leaves * (leaves - 1) / 2);
    });
}

TEST_CASE("a chain of filters keeps the order of its values, wherever its tasks run") {
    on_threads([](unsigned n) {
        std::vector<long> primes;
        run_on(n, [&]() -> task<> {
            heddle::channel<long> in;
            heddle::go(
                [](heddle::sender<long> out) -> task<> {
                    for (long i = 2;; ++i)
                        co_await out.send(i);
                },
                in);
            for (int i = 0; i < 60; ++i) {
                auto p = co_await in.receive();
                primes.push_back(p.value());
                heddle::channel<long> out;
                heddle::go(drop_multiples, in, out, *p);
                in = out;
            }
        });
        REQUIRE(primes.size() == 60);
        CHECK(primes.back() == 281);
    });
}

TEST_CASE("a task that is cancelled in any state ends, and holds nothing") {
    on_threads([](unsigned n) {
        for (int round = 0; round < 5; ++round) {
            std::atomic<int> ended{0};
            run_on(n, [&]() -> task<> {
                heddle::channel<int> c(1);
                heddle::mutex m;
                heddle::semaphore s(2);
                std::vector<heddle::join_handle<>> all;
                for (int i = 0; i < 40; ++i)
                    all.push_back(heddle::go([&, i]() -> task<> {
                        try {
                            asio::steady_timer timer(heddle::this_task::executor());
                            for (std::optional<int> v;;)
                                switch (i % 6) {
                                case 0:
                                    co_await c.send(i);
                                    break;
                                case 1:
                                    co_await c.receive();
                                    break;
                                case 2: {
                                    auto held = co_await m.lock();
                                    co_await heddle::yield();
                                    break;
                                }
                                case 3:
                                    co_await s.acquire();
                                    co_await heddle::yield();
                                    s.release();
                                    break;
                                case 4:
                                    co_await heddle::select(
                                        c.receive(v), heddle::after(20us), c.send(i));
                                    break;
                                default:
                                    timer.expires_after(20us);
                                    co_await timer.async_wait(heddle::use_task);
                                }
                        } catch (const heddle::cancelled&) {
                            ++ended;
                            throw;
                        }
                    }));
                for (int i = 0; i < 2 * round; ++i)
                    co_await heddle::yield();
                for (auto& h : all)
                    h.cancel();
                for (auto& h : all)
                    CHECK(co_await heddle::select(h) == 0);
                auto free = m.try_lock();
                CHECK(free);
            });
            CHECK(ended == 40);
        }
    });
}

TEST_CASE("bursts from plain threads wake idle workers, each time") {
    for (unsigned n : {1u, 2u, 4u, 8u}) {
        test::crew threads(static_cast<int>(n));
        std::atomic<long> ran{0};
        test::together(3, [&](int i) {
            std::minstd_rand random(static_cast<unsigned>(i + 1));
            for (int burst = 0; burst < 100; ++burst) {
                for (auto k = random() % 20; k > 0; --k)
                    heddle::go(heddle::parallel(threads.ctx, n), [&]() -> task<> {
                        co_await heddle::yield();
                        co_await heddle::go([&] { ++ran; });
                    });
                for (auto k = random() % 2'000; k > 0; --k)
                    std::atomic_signal_fence(std::memory_order_seq_cst);
            }
        });
        threads.join();  // returns only if no work is left, and no search either
        CHECK(ran > 0);
        CHECK(heddle::live_tasks(threads.ctx) == 0);
    }
}

TEST_CASE(
    "contexts with parallel hosts communicate, and one of them ends in the middle") {
    for (int round = 0; round < 8; ++round) {
        test::crew one(2);
        heddle::channel<int> c(2);
        std::atomic<int> ended{0};
        {
            test::crew two(2);
            for (int i = 0; i < 10; ++i) {
                heddle::go(heddle::parallel(one.ctx, 2), [&ended, c]() -> task<> {
                    try {
                        for (int k = 0;; ++k)
                            co_await c.send(k);
                    } catch (const heddle::channel_closed&) {
                        ++ended;
                    }
                });
                heddle::go(heddle::parallel(two.ctx, 2), [c]() -> task<> {
                    while (co_await c.receive()) {
                    }
                });
            }
            for (int i = 0; i < 50 * round; ++i)
                std::this_thread::yield();
        }
        c.close();
        one.join();
        CHECK(ended == 10);
    }
}

TEST_SUITE_END();
