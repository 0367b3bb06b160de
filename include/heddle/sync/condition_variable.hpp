// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/sync/mutex.hpp>
#include <heddle/task.hpp>

#include <concepts>
#include <cstdint>
#include <list>
#include <utility>

namespace heddle HEDDLE_VARIANT {

namespace detail {

class condition_place;

/// The tasks that wait for a condition, longest first. The places are guarded by
/// lock().
class HEDDLE_API condition_core final : public sync_core {
public:
    void notify_one() noexcept;
    void notify_all() noexcept;

private:
    friend class condition_place;
    bool notify(std::uint64_t before) noexcept;

    std::list<condition_place*> places_;
    std::uint64_t next_ = 0;  // the number of the next place
};

[[nodiscard]] HEDDLE_API task<> wait_for_notification(counted<condition_core> core,
                                                      mutex::guard& held);

template <class Ready>
task<> wait_until_ready(counted<condition_core> core, mutex::guard& held, Ready ready) {
    while (!ready())
        co_await wait_for_notification(core, held);
}

}  // namespace detail

/// A condition_variable lets tasks that hold a mutex wait until others have changed
/// what it guards.
///
///     auto held = co_await m.lock();
///     co_await changed.wait(held, [&] { return !jobs.empty(); });
///     use(jobs.front());                       // `held` holds m again
///
///     jobs.push_back(j), changed.notify_one();        // another task, under m
///
/// wait() unlocks the mutex, waits, and locks it again; a notification between the
/// unlocking and the waiting is not missed. There are no spurious notifications, but
/// what a task was notified of may have changed before it has the mutex again, so give
/// wait() a predicate. Where no mutex is held, use a channel, or a notify.
///
/// Threads   notify_one() and notify_all() from any thread, with or without the mutex.
/// Resumes   notify_one(): the task that has waited longest; notify_all(): all that
///           wait, in order of arrival; on their own hosts, when they have the mutex.
/// Cancel    wait() locks the mutex again however it ends, before it throws
///           `cancelled`; that cannot be cut short, so it is no arm. A time limit is
///           with_timeout(d, c.wait(held)). A task that is cancelled, or destroyed,
///           when it was notified passes the notification on.
/// Lifetime  as of mutex; `held` outlives the wait.
/// Errors    wait() with a guard that holds nothing: std::logic_error. Each wait takes
///           memory: std::bad_alloc, and then the mutex was not unlocked. What the
///           predicate throws.
class condition_variable {
public:
    condition_variable() : core_(core_.adopt(new detail::condition_core())) {}
    condition_variable(const condition_variable&) = delete;
    condition_variable& operator=(const condition_variable&) = delete;

    /// O(1).
    void notify_one() noexcept { core_->notify_one(); }
    /// O(waiters).
    void notify_all() noexcept { core_->notify_all(); }

    /// Waits for one notification.
    task<> wait(mutex::guard& held) const {
        return detail::wait_for_notification(core_, held);
    }
    /// Waits until ready() is true, which is called under the mutex.
    template <std::predicate Ready>
    task<> wait(mutex::guard& held, Ready ready) const {
        return detail::wait_until_ready(core_, held, std::move(ready));
    }

private:
    detail::counted<detail::condition_core> core_;
};

}  // namespace heddle
