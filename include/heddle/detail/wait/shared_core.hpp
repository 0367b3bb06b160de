// SPDX-License-Identifier: BSL-1.0
// The core of a shared_mutex.
#pragma once

#include <heddle/detail/wait/sync_core.hpp>

#include <cstddef>
#include <string>

namespace heddle HEDDLE_VARIANT::detail {

class shared_operation;

/// A lock that one writer holds, or many readers. Its holders are its users. Invariant,
/// whenever lock() is free:
///   [first] who waits first could not go on: a writer, because somebody holds the
///           lock, or a reader, because a writer does.
class HEDDLE_API shared_core final : public sync_core {
public:
    /// Never overtakes who waits.
    bool take_locked(bool shared) noexcept {
        if (!waiters().empty() || !free_for(shared))
            return false;
        hold_locked(shared);
        return true;
    }
    bool try_take(bool shared) noexcept {
        guard g(lock());
        return take_locked(shared);
    }

    /// Ends a hold.
    void give() noexcept;

    /// Takes a waiter out; returns whether it was still in the queue.
    bool leave_queue(shared_operation&) noexcept;

private:
    bool free_for(bool shared) const noexcept {
        return shared ? !writer_ : !writer_ && readers_ == 0;
    }
    void hold_locked(bool shared) noexcept {
        if (shared)
            ++readers_;
        else
            writer_ = true;
        enter_locked();  // [users]
    }
    void hand_out_locked(wake_list&) noexcept;

    // Guarded by lock().
    std::size_t readers_ = 0;
    bool writer_ = false;
};

/// The wait for such a lock. `result` is done while the node has a hold that its task
/// has not taken: if the task is destroyed in between, the node gives it back.
class shared_operation : public operation {
public:
    spin_lock* source() const noexcept final { return &core_.lock(); }
    bool attempt_locked(wake_list&) noexcept final {
        if (!core_.take_locked(shared_))
            return false;
        result = outcome::done;
        return true;
    }
    void enlist_locked() noexcept final {
        enter_locked();
        core_.waiters().push_back(*this);
    }
    void postpone() noexcept final {}  // its hold is a user
    void describe(std::string& to) const final {
        to +=
            shared_ ? "to read under a shared_mutex" : "to write under a shared_mutex";
    }
    bool shared() const noexcept { return shared_; }

protected:
    shared_operation(shared_core& core, bool shared) noexcept
        : core_(core), shared_(shared) {}
    ~shared_operation() {
        if (result == outcome::done)
            core_.give();
        if (entered_)
            core_.drop();
    }

    /// The hold is the caller's now.
    shared_core& claim_hold() noexcept {
        result = outcome::pending;
        return core_;
    }

private:
    void enter_locked() noexcept {
        if (!entered_)
            core_.enter_locked();  // [users]
        entered_ = true;
    }
    bool leave_queue() noexcept final { return core_.leave_queue(*this); }

    shared_core& core_;
    const bool shared_;
    bool entered_ = false;
};

}  // namespace heddle::detail
