// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/sync/operations.hpp>

namespace heddle HEDDLE_VARIANT {

/// A notify tells a task that something may have changed, as Tokio's Notify.
///
///     heddle::notify changed;
///     jobs.push_back(j), changed.notify_one();         // any task, any thread
///     while (jobs.empty()) co_await changed.wait();    // the tasks that work
///
/// If nobody waits, notify_one() is kept: the next wait() returns at once. One is kept,
/// however often it is called. notify_all() is not kept. So a task that looks at its
/// condition and then waits misses no notify_one().
///
/// Threads   every member may be called from any thread.
/// Resumes   notify_one(): the task that has waited longest; notify_all(): all that
///           wait, in order of arrival; on their own hosts, never inside the call.
/// Cancel    a wait that is cancelled, or loses its select, has used no notification.
///           If a task is destroyed before it could use a notify_one(), the next waiter
///           gets it.
/// Lifetime  as of mutex.
class HEDDLE_API notify {
public:
    notify() : core_(core_.adopt(new detail::permit_core("a notify", 0, false))) {}
    notify(const notify&) = delete;
    notify& operator=(const notify&) = delete;

    /// O(1).
    void notify_one() noexcept { core_->give_if_none(); }
    /// O(waiters).
    void notify_all() noexcept { core_->wake_all(); }

    /// Suspends until it is notified. It is an arm.
    notified_op wait() const noexcept { return notified_op(*core_); }

private:
    detail::counted<detail::permit_core> core_;
};

}  // namespace heddle
