// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/wait/sync_core.hpp>

#include <utility>

namespace heddle HEDDLE_VARIANT {

/// A mutex lets one task at a time go on; it is held across co_awaits, by a guard.
///
///     {
///         auto held = co_await m.lock();
///         co_await log.write(line);
///     }                                                      // unlocks
///     heddle::mutex::guard held;
///     switch (co_await heddle::select(m.lock(held), heddle::after(1s))) ...   // an arm
///
/// Not recursive: a task that locks what it holds waits for itself.
///
/// Threads   every member may be called from any thread, and a guard may unlock on
///           another thread than the one it was locked on; one guard from one thread at
///           a time.
/// Resumes   unlocking hands the mutex to the task that has waited longest. That task
///           resumes on its own host, never inside unlock(). No task overtakes another.
///           Every operation is O(1).
/// Cancel    a lock that is cancelled, or loses its select, has not taken the mutex. If
///           a task is destroyed before it could use the lock that it was handed, the
///           next waiter gets the lock.
/// Lifetime  the mutex outlives the tasks that wait for it or hold it; but when a
///           context is destroyed, the order in which it destroys mutex, waiters and
///           guards does not matter.
/// Errors    unlocking through a guard that holds nothing: std::logic_error.
class mutex {
    class lock_op;
    class lock_into_op;

public:
    class [[nodiscard]] guard;

    mutex() : core_(core_.adopt(new detail::permit_core("a mutex", 1, true))) {}
    mutex(const mutex&) = delete;
    mutex& operator=(const mutex&) = delete;

    /// Gives a guard that holds the mutex. It is not an arm: its guard would be lost.
    lock_op lock() const noexcept;

    /// Puts the guard into `to`, which then unlocks the mutex that it held before; this
    /// is the form for select.
    lock_into_op lock(guard& to) const noexcept;

    /// Never waits. The guard is empty if the mutex is not free.
    guard try_lock() const noexcept;

    // -- for the library ------------------------------------------------------------
    static constexpr auto mistake = detail::mistake_kind::mutex;

private:
    detail::counted<detail::permit_core> core_;
};

/// A guard holds a mutex, or nothing; it unlocks when it is destroyed.
class HEDDLE_API mutex::guard {
public:
    guard() noexcept = default;
    guard(guard&& o) noexcept : core_(std::exchange(o.core_, nullptr)) {}
    guard& operator=(guard&& o) noexcept {
        guard old(std::move(*this));
        core_ = std::exchange(o.core_, nullptr);
        return *this;
    }
    ~guard() {
        if (core_)
            core_->give();
    }

    /// Unlocks before the end of the scope.
    void unlock();

    /// Does it hold a mutex?
    explicit operator bool() const noexcept { return core_ != nullptr; }

    // -- for the library ------------------------------------------------------------
    explicit guard(detail::permit_core& core) noexcept : core_(&core) {}
    detail::permit_core* core() const noexcept { return core_; }

private:
    detail::permit_core* core_ = nullptr;  // alive: a holder is one of its users
};

namespace detail {

class lock_operation final : public permit_operation {
public:
    using permit_operation::permit_operation;
    mutex::guard take() noexcept { return mutex::guard(claim_permit()); }
};

class lock_into_operation final : public permit_operation {
public:
    template <class Op>
    explicit lock_into_operation(Op& op) noexcept
        : permit_operation(op.core()), to_(op.destination()) {}
    bool happens_once() const noexcept override { return true; }
    void complete() override { take(); }
    void take() noexcept { to_ = mutex::guard(claim_permit()); }

private:
    mutex::guard& to_;
};

}  // namespace detail

class [[nodiscard("heddle: auto guard = co_await m.lock(): before that nothing is "
                  "locked")]] mutex::lock_op : public detail::awaited_by_tasks {
public:
    explicit lock_op(detail::permit_core& core) noexcept : core_(&core) {}

    // -- for the library ------------------------------------------------------------
    static constexpr auto mistake = detail::mistake_kind::lock;
    auto await_by(detail::process& self) const {
        return detail::await_one<detail::lock_operation>(self, *core_);
    }

private:
    detail::permit_core* core_;
};

class [[nodiscard(
    "heddle: co_await m.lock(guard), or make it an arm: before that nothing "
    "is locked")]] mutex::lock_into_op : public detail::awaited_by_tasks {
public:
    lock_into_op(detail::permit_core& core, guard& to) noexcept
        : core_(&core), to_(&to) {}

    // -- for the library ------------------------------------------------------------
    auto await_by(detail::process& self) const {
        return detail::await_one<detail::lock_into_operation>(self, *this);
    }
    using arm_node = detail::lock_into_operation;
    detail::permit_core& core() const noexcept { return *core_; }
    guard& destination() const noexcept { return *to_; }

private:
    detail::permit_core* core_;
    guard* to_;
};

inline mutex::lock_op mutex::lock() const noexcept { return lock_op(*core_); }
inline mutex::lock_into_op mutex::lock(guard& to) const noexcept {
    return lock_into_op(*core_, to);
}
inline mutex::guard mutex::try_lock() const noexcept {
    return core_->try_take() ? guard(*core_) : guard();
}

}  // namespace heddle
