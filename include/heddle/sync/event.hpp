// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/sync/operations.hpp>

namespace heddle HEDDLE_VARIANT {

/// An event is set or not; tasks that wait for it go on when it is set.
///
///     heddle::event ready;
///     heddle::go(serve, std::ref(ready));     // calls ready.set() once it listens
///     co_await ready.wait();
///
/// Threads   every member may be called from any thread.
/// Resumes   all waiters in order of arrival, on their own hosts, never inside set(). A
///           task that waited when it was set goes on, even if the event is reset
///           before the task runs. set() is O(waiters).
/// Cancel    a cancelled wait() leaves no trace.
/// Lifetime  as of mutex.
class event {
public:
    explicit event(bool set = false)
        : core_(core_.adopt(new detail::wait_count("an event", set ? 0 : 1))) {}
    event(const event&) = delete;
    event& operator=(const event&) = delete;

    /// Setting it again does nothing.
    void set() noexcept { core_->set(0); }
    void reset() noexcept { core_->set(1); }
    bool is_set() const noexcept { return core_->zero(); }

    /// Suspends until the event is set. It is an arm.
    wait_op wait() const noexcept { return wait_op(*core_); }

private:
    detail::counted<detail::wait_count> core_;
};

}  // namespace heddle
