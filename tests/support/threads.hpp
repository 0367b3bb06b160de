// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>

#include <latch>
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

    /// Lets the context run out of work.
    void join() {
        work_.reset();
        threads_.clear();
    }
    /// Ends the threads, whatever is left to do.
    void stop() {
        ctx.stop();
        threads_.clear();
    }

    asio::io_context ctx;

private:
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    std::vector<std::jthread> threads_;
};

/// Runs f(0) ... f(n-1) on threads that start together; returns when all have ended.
template <class F>
void together(int n, F f) {
    std::latch start(n);
    std::vector<std::jthread> threads;
    for (int i = 0; i < n; ++i)
        threads.emplace_back([&, i] {
            start.arrive_and_wait();
            f(i);
        });
}

}  // namespace test
