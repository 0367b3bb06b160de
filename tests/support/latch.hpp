// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace test {

/// A std::latch, which loses wakes with libstdc++ 12 on systems without a futex, and with it
/// std::atomic::wait.
class latch {
public:
    explicit latch(std::ptrdiff_t n) : left_(n) {}

    void count_down() {
        std::lock_guard lock(mutex_);
        if (--left_ == 0)
            zero_.notify_all();
    }
    void wait() {
        std::unique_lock lock(mutex_);
        zero_.wait(lock, [this] { return left_ == 0; });
    }
    bool try_wait() {
        std::lock_guard lock(mutex_);
        return left_ == 0;
    }
    void arrive_and_wait() {
        count_down();
        wait();
    }

private:
    std::mutex mutex_;
    std::condition_variable zero_;
    std::ptrdiff_t left_;  // guarded by mutex_
};

}  // namespace test
