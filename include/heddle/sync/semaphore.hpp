// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/sync/operations.hpp>

#include <cstddef>

namespace heddle HEDDLE_VARIANT {

/// A semaphore holds a number of permits; acquire takes one, or waits for it.
///
///     heddle::semaphore slots(16);
///     co_await slots.acquire();
///     ...
///     slots.release();      // by any task: a permit has no owner
///
/// Threads   every member may be called from any thread.
/// Resumes   waiters in order of arrival, on their own hosts, never inside release().
///           No waiter overtakes another. Every operation is O(1) for each permit.
/// Cancel    an acquire that is cancelled, or loses its select, has taken no permit. If
///           a task is destroyed before it could use the permit that it was given, the
///           permit goes to the next waiter.
/// Lifetime  as of mutex.
/// Errors    made with a negative number: std::invalid_argument. release() of a
///           negative number, or beyond the largest std::ptrdiff_t: std::logic_error,
///           and nothing changes.
class HEDDLE_API semaphore {
public:
    explicit semaphore(std::ptrdiff_t permits);
    semaphore(const semaphore&) = delete;
    semaphore& operator=(const semaphore&) = delete;

    /// Takes a permit, and waits for one if none is free. It is an arm.
    acquire_op acquire() const noexcept { return acquire_op(*core_); }

    /// Never waits. Returns whether it took a permit.
    [[nodiscard]] bool try_acquire() noexcept { return core_->try_take(); }

    void release(std::ptrdiff_t n = 1);

private:
    detail::counted<detail::permit_core> core_;
};

}  // namespace heddle
