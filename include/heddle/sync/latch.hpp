// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/sync/operations.hpp>

#include <cstddef>

namespace heddle HEDDLE_VARIANT {

/// A latch is counted down to zero, once; then the tasks that wait for it go on, and
/// every later wait ends at once.
///
/// Threads   every member may be called from any thread.
/// Resumes   all waiters in order of arrival, on their own hosts, never inside
///           count_down().
/// Cancel    a cancelled wait() leaves the count as it was.
/// Lifetime  as of mutex.
/// Errors    counted below zero: std::logic_error, and the count stays. Made with a
///           negative count, or counted down by a negative number:
///           std::invalid_argument.
class HEDDLE_API latch {
public:
    explicit latch(std::ptrdiff_t count);
    latch(const latch&) = delete;
    latch& operator=(const latch&) = delete;

    void count_down(std::ptrdiff_t n = 1);

    /// Suspends until the count is zero. It is an arm.
    wait_op wait() const noexcept { return wait_op(*core_); }

private:
    detail::counted<detail::wait_count> core_;
};

}  // namespace heddle
