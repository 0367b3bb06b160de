// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/wait/sync_core.hpp>

#include <cstddef>

namespace heddle HEDDLE_VARIANT {

/// A barrier makes `n` tasks wait for each other, again and again.
///
///     for (auto& step : steps) {
///         compute(step);
///         co_await all.arrive_and_wait();
///     }
///
/// Threads   every member may be called from any thread.
/// Resumes   the task that arrives last goes on at once; the others resume in order of
///           arrival, on their own hosts.
/// Cancel    a task whose token is closed does not arrive. An arrival cannot be
///           withdrawn: a task that is cancelled while it waits throws `cancelled`, and
///           has arrived all the same. So arrive_and_wait() is no arm.
/// Lifetime  as of mutex.
/// Errors    made for less than one task: std::invalid_argument.
class HEDDLE_API barrier {
    class arrive_op;

public:
    explicit barrier(std::ptrdiff_t n);
    barrier(const barrier&) = delete;
    barrier& operator=(const barrier&) = delete;

    /// Suspends until `n` tasks have arrived since the barrier opened last.
    arrive_op arrive_and_wait() const noexcept;

private:
    class [[nodiscard("heddle: co_await arrive_and_wait(): before that nobody has "
                      "arrived")]] arrive_op : public detail::awaited_by_tasks {
    public:
        explicit arrive_op(detail::barrier_core& core) noexcept : core_(core) {}

        // -- for the library --------------------------------------------------------
        static constexpr auto mistake = detail::mistake_kind::arrival;
        auto await_by(detail::process& self) const {
            return detail::await_one<detail::barrier_operation>(self, core_);
        }

    private:
        detail::barrier_core& core_;
    };

    detail::counted<detail::barrier_core> core_;
};

inline barrier::arrive_op barrier::arrive_and_wait() const noexcept {
    return arrive_op(*core_);
}

}  // namespace heddle
