// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/heddle.hpp>

#include <doctest/doctest.h>

#include "support/joined_thread.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace test {

/// Some threads, each with an io_context. Tasks are dealt to them in turn.
class loom {
public:
    explicit loom(unsigned threads = 4) : contexts_(threads) {}

    template <class... Args>
    void go(heddle::task<> (*f)(Args...), std::type_identity_t<Args>... args) {
        ++left_;
        auto& ctx = contexts_[next_++ % contexts_.size()].ctx;
        heddle::go(ctx, run(*this, f(std::forward<Args>(args)...)));
    }

    /// Runs all tasks to their end. Fails if they hang, or if one throws.
    void finish() {
        std::vector<joined_thread> threads;
        for (auto& c : contexts_)
            threads.emplace_back([this, &c] {
                try {
                    c.ctx.run();
                } catch (...) {
                    std::lock_guard lock(mutex_);
                    failure_ = std::current_exception();
                    over_.notify_one();
                }
            });
        bool ended;
        {
            std::unique_lock lock(mutex_);
            ended = over_.wait_for(lock, std::chrono::seconds(60),
                                   [&] { return left_ == 0 || failure_; });
        }
        for (auto& c : contexts_)
            c.ctx.stop();
        threads.clear();
        if (failure_)
            std::rethrow_exception(failure_);
        REQUIRE_MESSAGE(ended, "tasks are left that nothing will ever wake");
    }

private:
    struct context {
        asio::io_context ctx{1};
        decltype(asio::make_work_guard(ctx)) work = asio::make_work_guard(ctx);
    };

    static heddle::task<> run(loom& self, heddle::task<> work) {
        co_await std::move(work);
        std::lock_guard lock(self.mutex_);
        if (--self.left_ == 0)
            self.over_.notify_one();
    }

    std::vector<context> contexts_;
    std::size_t next_ = 0;
    std::mutex mutex_;
    std::condition_variable over_;
    std::size_t left_ = 0;        // guarded by mutex_
    std::exception_ptr failure_;  // guarded by mutex_
};

/// Each of n numbers is sent once and must be received once.
class ledger {
public:
    explicit ledger(int n) : seen_(static_cast<std::size_t>(n)) {}
    void sent(int i) { seen_[index(i)].fetch_add(1); }
    void received(int i) { seen_[index(i)].fetch_add(16); }

    /// Returns how many numbers were not sent and received exactly once. A number that
    /// was never sent is no error.
    int wrong() const {
        int n = 0;
        for (auto& s : seen_)
            n += s.load() != 17 && s.load() != 0;
        return n;
    }
    int complete() const {
        int n = 0;
        for (auto& s : seen_)
            n += s.load() == 17;
        return n;
    }

private:
    static std::size_t index(int i) { return static_cast<std::size_t>(i); }
    std::vector<std::atomic<int>> seen_;
};

/// Sends every step-th number from first.
inline heddle::task<> send_numbers(heddle::channel<int> out, int first, int last,
                                   int step, ledger& book, heddle::channel<> ended) {
    for (int i = first; i < last; i += step) {
        co_await out.send(i);
        book.sent(i);
    }
    co_await ended.send();
}

inline heddle::task<> receive_numbers(heddle::channel<int> in, ledger& book) {
    int v = 0;
    while (co_await in.receive(v))
        book.received(v);
}

/// Closes the channels after `senders` signals.
inline heddle::task<> close_all(std::vector<heddle::channel<int>> c,
                                heddle::channel<> ended, int senders) {
    for (int i = 0; i < senders; ++i)
        co_await ended.receive();
    for (auto& each : c)
        each.close();
}

}  // namespace test
