// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/joined_thread.hpp"
#include "support/latch.hpp"

#include <heddle/inspect.hpp>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <thread>
#include <utility>
#include <vector>

namespace test {

/// An io_context and the threads that run it, until it is joined or destroyed.
class crew {
public:
    explicit crew(int threads) : work_(ctx.get_executor()) {
        for (int i = 0; i < threads; ++i)
            threads_.emplace_back([this] { ctx.run(); });
    }
    ~crew() { stop(); }

    /// Lets the context run out of work, and joins the threads.
    void join() {
        work_.reset();
        threads_.clear();
    }
    /// Ends the threads, even if work is left.
    void stop() {
        ctx.stop();
        threads_.clear();
    }

    asio::io_context ctx;

private:
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    std::vector<joined_thread> threads_;
};

/// Runs f(0) ... f(n-1) on threads that start together. Returns when all have ended.
template <class F>
void together(int n, F f) {
    latch start(n);
    std::vector<joined_thread> threads;
    for (int i = 0; i < n; ++i)
        threads.emplace_back([&, i] {
            start.arrive_and_wait();
            f(i);
        });
}

/// Runs the tasks that `start` starts on each of n contexts, each of which has a thread,
/// to their end.
template <class Start>
void on_contexts(int n, Start start) {
    std::vector<std::unique_ptr<asio::io_context>> contexts;
    for (int i = 0; i < n; ++i)
        start(*contexts.emplace_back(std::make_unique<asio::io_context>()));
    together(n, [&](int i) {
        asio::io_context& ctx = *contexts[static_cast<std::size_t>(i)];
        // A task that another thread wakes does not yet count as work of its context.
        while (heddle::live_tasks(ctx) != 0) {
            ctx.restart();
            if (ctx.run() == 0)
                std::this_thread::yield();
        }
    });
}

/// Runs a() and b() on two threads that start within nanoseconds of each other, at a
/// small random distance, and then after(); repeats that `rounds` times.
template <class A, class B, class After>
void race(int rounds, unsigned seed, A a, B b, After after) {
    std::atomic<int> arrived = 0;
    auto meet = [&arrived](int until, std::uint_fast32_t distance) {
        arrived.fetch_add(1);
        for (int spins = 0; arrived.load() < until; ++spins)
            if (spins > 1000)
                std::this_thread::yield();
        for (volatile std::uint_fast32_t i = 0; i < distance;)
            i = i + 1;
    };
    joined_thread other([&] {
        std::mt19937 random(seed + 1);
        for (int n = 0; n < rounds; ++n) {
            meet(4 * n + 2, random() % (n % 2 ? 64 : 4096));
            b();
            meet(4 * n + 4, 0);
        }
    });
    std::mt19937 random(seed);
    for (int n = 0; n < rounds; ++n) {
        meet(4 * n + 2, random() % (n % 2 ? 64 : 4096));
        a();
        meet(4 * n + 4, 0);
        after();
    }
}

}  // namespace test
