// SPDX-License-Identifier: BSL-1.0
// The cores of sync.hpp: each is a lock, a queue and a number.
#pragma once

#include <heddle/detail/core/await.hpp>
#include <heddle/detail/memory/frame_pool.hpp>

#include <cstddef>
#include <string>
#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

/// The part of a primitive that may outlive the object. Invariant:
///   [users] users_ counts the object, each counted pointer, each holder of a mutex,
///           and each node from when it is queued until it is destroyed; the last to
///           leave frees the core. So a dying context may destroy tasks, the primitives
///           in their frames and the locks they hold in any order.
class sync_core : public pooled, pinned {
public:
    spin_lock& lock() noexcept { return lock_; }
    wait_list& waiters() noexcept { return waiters_; }  // guarded by lock()

    void take() noexcept {
        guard g(lock_);
        enter_locked();
    }
    void drop() noexcept {
        bool last;
        {
            guard g(lock_);
            last = leave_locked();
        }
        if (last)
            delete this;
    }

    void enter_locked() noexcept { ++users_; }

    /// Returns whether that was the last user, which deletes the core after unlocking
    /// it.
    bool leave_locked() noexcept { return --users_ == 0; }

protected:
    sync_core() = default;
    virtual ~sync_core() = default;

private:
    spin_lock lock_;
    wait_list waiters_;
    std::size_t users_ = 1;  // guarded by lock_
};

/// A wait in the queue of a core.
template <class Core>
class sync_operation : public operation {
public:
    explicit sync_operation(Core& core) noexcept : core_(core) {}

    spin_lock* source() const noexcept final { return &core_.lock(); }
    void enlist_locked() noexcept final {
        if (!std::exchange(entered_, true))
            core_.enter_locked();  // [users]
        core_.waiters().push_back(*this);
    }
    void postpone() noexcept final {
        if (!std::exchange(entered_, true))
            core_.take();  // [users]
    }

protected:
    ~sync_operation() {
        if (entered_)
            core_.drop();
    }

    Core& core_;

private:
    bool leave_queue() noexcept final {
        return leave(core_.waiters(), core_.lock(), *this);
    }

    bool entered_ = false;
};

inline void describe_wait(std::string& to, const char* what) {
    to += "for ";
    to += what;
}

/// Permits, handed out first come, first served: those of a semaphore, and the one of a
/// mutex. Invariant, whenever lock() is free:
///   [permit] while a permit is free, nobody waits: a permit that is given back goes to
///            the waiter that has waited longest, and nobody overtakes.
class HEDDLE_API permit_core final : public sync_core {
public:
    static constexpr std::ptrdiff_t max = PTRDIFF_MAX;

    /// `owned` says that the holder of a permit gives it back, and is a user of the
    /// core until then.
    permit_core(const char* what, std::ptrdiff_t free, bool owned) noexcept
        : what_(what), free_(free), owned_(owned) {}

    bool take_locked() noexcept {
        if (free_ == 0)
            return false;
        --free_;
        if (owned_)
            enter_locked();  // [users]
        return true;
    }
    bool try_take() noexcept {
        guard g(lock());
        return take_locked();
    }

    /// Returns false, and changes nothing, if there would be more than max.
    bool give(std::ptrdiff_t n = 1) noexcept;

    /// Gives one if none is free.
    void give_if_none() noexcept;

    /// Lets all waiters go on, without a permit.
    void wake_all() noexcept;

    const char* what() const noexcept { return what_; }

private:
    void hand_out_locked(wake_list&) noexcept;

    const char* const what_;
    std::ptrdiff_t free_;  // guarded by lock()
    const bool owned_;
};

/// The wait for a permit. `result` is done while the node has a permit that its task
/// has not taken: if the task is destroyed between hand-over and resumption, the node
/// passes the permit on.
class permit_operation : public sync_operation<permit_core> {
public:
    using sync_operation::sync_operation;

    bool attempt_locked(wake_list&) noexcept final {
        if (!core_.take_locked())
            return false;
        result = outcome::done;
        return true;
    }
    void describe(std::string& to) const final { describe_wait(to, core_.what()); }

protected:
    ~permit_operation() {
        if (result == outcome::done)
            core_.give();
    }

    /// The permit is the caller's now.
    permit_core& claim_permit() noexcept {
        result = outcome::pending;
        return core_;
    }
};

class acquire_operation final : public permit_operation {
public:
    explicit acquire_operation(permit_core& core) noexcept : permit_operation(core) {}
    template <no_operation Op>
    explicit acquire_operation(Op& op) noexcept : permit_operation(op.core()) {}

    void complete() override { take(); }
    void take() noexcept { claim_permit(); }
};

/// A count whose waiters wait for it to be zero. It is that of a wait group or a latch;
/// the count of an event is 1 while it is not set. Invariant, whenever lock() is free:
///   [zero] while the count is zero, nobody waits.
class HEDDLE_API wait_count : public sync_core {
public:
    explicit wait_count(const char* what, std::ptrdiff_t n = 0) noexcept
        : what_(what), count_(n) {}

    /// Throws std::logic_error, and leaves the count, if it would be below zero or
    /// beyond the largest count.
    void add(std::ptrdiff_t n);
    void set(std::ptrdiff_t n) noexcept;

    bool zero_locked() const noexcept { return count_ == 0; }
    bool zero() noexcept {
        guard g(lock());
        return zero_locked();
    }

    const char* what() const noexcept { return what_; }

protected:
    void set_locked(std::ptrdiff_t n, wake_list&) noexcept;

private:
    const char* const what_;
    std::ptrdiff_t count_;  // guarded by lock()
};

class count_operation final : public sync_operation<wait_count> {
public:
    explicit count_operation(wait_count& count) noexcept : sync_operation(count) {}
    template <no_operation Op>
    explicit count_operation(Op& op) noexcept(noexcept(op.core()))
        : sync_operation(op.core()) {}

    bool attempt_locked(wake_list&) noexcept override { return core_.zero_locked(); }
    void describe(std::string& to) const override { describe_wait(to, core_.what()); }
    void take() const noexcept {}
};

/// The tasks that have arrived at a barrier; all but the last of them wait.
class HEDDLE_API barrier_core final : public sync_core {
public:
    explicit barrier_core(std::ptrdiff_t n) noexcept : expected_(n) {}

    /// Returns whether that was the last arrival, which opens the barrier for all.
    bool arrive_locked(wake_list&) noexcept;

private:
    const std::ptrdiff_t expected_;
    std::ptrdiff_t arrived_ = 0;  // guarded by lock()
};

/// The attempt is the arrival, which counts even if the wait is cancelled: so this is
/// no arm of a select.
class barrier_operation final : public sync_operation<barrier_core> {
public:
    using sync_operation::sync_operation;

    bool attempt_locked(wake_list& wakes) noexcept override {
        return core_.arrive_locked(wakes);
    }
    void describe(std::string& to) const override { to += "for others at a barrier"; }
    void take() const noexcept {}
};

/// An operation that is `co_await`ed or is an arm. It refers to its core only; Node is
/// the type of its node.
template <class Core, class Node>
class [[nodiscard]] sync_op {
public:
    explicit sync_op(Core& core) noexcept : core_(&core) {}

    // -- for the library ------------------------------------------------------------
    auto await_by(process& self) const { return await_one<Node>(self, *core_); }
    using arm_node = Node;
    Core& core() const noexcept { return *core_; }

private:
    Core* core_;
};

}  // namespace heddle::detail
