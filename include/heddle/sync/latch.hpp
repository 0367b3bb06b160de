// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/wait/sync_core.hpp>

#include <cstddef>

namespace heddle {

/// A latch is counted down to zero, once; who waits for it goes on then, and so does
/// everybody later.
///
/// Threads   every member may be called from any thread.
/// Resumes   all who wait, in order of arrival, on their own hosts, never inside
///           count_down().
/// Cancel    a cancelled wait() leaves the count as it was.
/// Lifetime  as of mutex.
/// Errors    a count below zero: std::logic_error, and the count stays; to be made with
///           one, or to count down by a negative number: std::invalid_argument.
class HEDDLE_API latch {
public:
    explicit latch(std::ptrdiff_t count);
    latch(const latch&) = delete;
    latch& operator=(const latch&) = delete;

    void count_down(std::ptrdiff_t n = 1);

    /// Suspends until the count is zero; an arm.
    detail::wait_op wait() const noexcept { return detail::wait_op(*core_); }

private:
    detail::counted<detail::wait_count> core_;
};

}  // namespace heddle
