// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/platform/asio.hpp>
#include <heddle/detail/platform/config.hpp>

#include HEDDLE_ASIO(post.hpp)
#include HEDDLE_ASIO(thread_pool.hpp)

#include <cstddef>
#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

/// The threads of a context that run the functions of go_blocking. Functions that wait for
/// a thread at its end are dropped.
class blocking_threads : pinned {
public:
    explicit blocking_threads(std::size_t n) : threads_(n) {}
    ~blocking_threads() { end(); }

    bool runs_here() noexcept {
        return threads_.get_executor().running_in_this_thread();
    }

    /// Waits for the functions that run. If that takes a second, it says what it waits
    /// for.
    void end() noexcept;

    /// Runs job() on one of the threads.
    template <class Job>
    void post(Job job) {
        asio::post(threads_, [this, job = std::move(job)]() mutable {
            add(running_, 1, std::memory_order_relaxed);
            job();
            add(running_, -1, std::memory_order_relaxed);
        });
    }

private:
    int running() const noexcept { return running_.load(std::memory_order_relaxed); }

    atomic<int> running_{0};
    asio::thread_pool threads_;
};

}  // namespace heddle::detail
