// SPDX-License-Identifier: BSL-1.0
// What a channel is, whatever it carries: a lock, two queues, and where its ring
// stands.
#pragma once

#include <heddle/detail/core/operation.hpp>
#include <heddle/detail/memory/frame_pool.hpp>
#include <heddle/detail/wait/channel_rules.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>

namespace heddle HEDDLE_VARIANT::detail {

/// The part of a channel that does not depend on its element type. Invariants, whenever
/// lock_ is free:
///   [queues]   at most one of the two queues is non-empty, unless one process selects
///              on both.
///   [receiver] while a receiver is parked, the ring is empty.
///   [sender]   while a sender is parked, the ring has no room; or, where permits have
///              reserved all room that is left, only a wait for a permit is.
///   [final]    a channel that is closed stays closed, and nobody is parked there.
///   [rules]    rules_ is never replaced. Its rules, and its permits, are looked at
///              where is_special is set only; its name and cause anywhere.
///   [orphan]   while orphan_ is set, no handle is left; the waits that are still
///              linked keep the core alive, and the last to leave frees it.
///   [lost]     an arm whose task was claimed elsewhere stays linked, in lost_, until
///              it is withdrawn: its task may be about to take the lock for that. An
///              arm of a selector keeps a handle instead.
class HEDDLE_API channel_base : pinned {
public:
    static constexpr std::uint64_t one_handle = 1;
    static constexpr std::uint64_t one_sender = (std::uint64_t{1} << 32) + 1;

    void take(std::uint64_t kind) noexcept {
        add(handles_, kind, std::memory_order_relaxed);
    }
    void drop(std::uint64_t kind) noexcept {
        if (static_cast<std::uint32_t>(
                add(handles_, 0 - kind, std::memory_order_acq_rel)) == 1)
            last_handle_gone();
    }

    bool closed() noexcept {
        guard g(lock_);
        return closed_locked();
    }
    std::size_t size() noexcept {
        guard g(lock_);
        return size_;
    }
    std::size_t capacity() const noexcept { return capacity_; }

    /// Returns whether this call closed the channel. All waiters are claimed when it
    /// returns. Throws, and closes nothing, if there is no memory to keep a cause.
    bool close(std::exception_ptr cause);
    bool close() noexcept;
    std::exception_ptr cause() noexcept;

    /// How many values were dropped, since the ring was full.
    std::uint64_t dropped() noexcept;
    std::size_t weight() noexcept;

    /// Gives the channel rules. Requires: no other thread knows it yet.
    void set_rules(std::unique_ptr<channel_rules> rules) noexcept;

    /// Prepares for permits, which only a channel with a buffer has.
    void allow_permits();

    void name(std::string name);
    void describe(std::string& to);          // its name
    void describe_receive(std::string& to);  // and whether anybody can still send

    spin_lock& lock() noexcept { return lock_; }
    bool closed_locked() const noexcept { return (state_ & is_closed) != 0; }
    bool special_locked() const noexcept { return (state_ & is_special) != 0; }
    bool can_give_locked() const noexcept {
        return size_ != 0 || !senders_.empty() || closed_locked();
    }
    bool can_give() noexcept {
        guard g(lock_);
        return can_give_locked();
    }
    wait_list& senders() noexcept { return senders_; }
    wait_list& receivers() noexcept { return receivers_; }
    bool withdraw(operation& op, wait_list& list) noexcept;

    /// Pops the first operation of a queue whose sleeper can be claimed. Requires: the
    /// lock.
    operation* pop_claimed(wait_list& list) noexcept {
        return list.pop_claimed([this](operation& op) noexcept { pass_over(op); });
    }

protected:
    /// Called for an operation that was popped, and whose sleeper was claimed
    /// elsewhere.
    void pass_over(operation& op) noexcept {
        op.of_selector ? wait_list::unlink(op) : keep_linked(op);  // [lost]
    }
    void keep_linked(operation& op) noexcept;
    void close_locked(wake_list&) noexcept;

    channel_base(std::size_t capacity, bool shared) noexcept
        : lock_(shared), capacity_(capacity) {}
    ~channel_base();

    /// Allocates a core and its ring. Throws std::length_error if there is no memory
    /// for a ring of this capacity.
    static void* allocate(std::size_t core, std::size_t capacity, std::size_t element);

    /// Asserts, in a debug build, that a same_host channel is used by one host only.
    void check_host() noexcept {
#ifndef NDEBUG
        if (!lock_.shared())
            check_same_host();
#endif
    }
    void check_same_host() noexcept;

    std::size_t index(std::size_t i) const noexcept {
        i += first_;
        return i < capacity_ ? i : i - capacity_;
    }

    /// Whether a value may enter the ring. Requires: special_locked().
    bool has_room_locked() const noexcept {
        return size_ + rules_->reserved < capacity_ &&
               rules_->weight < rules_->weight_limit;
    }

    static constexpr std::uint8_t is_closed = 1;
    static constexpr std::uint8_t is_special = 2;  // [rules]

    spin_lock lock_;
    std::uint8_t state_ = 0;  // guarded by lock_, as is all below but handles_
    bool orphan_ = false;
    wait_list senders_;
    wait_list receivers_;
    wait_list lost_;  // [lost]
    std::size_t size_ = 0;
    std::size_t first_ = 0;
    const std::size_t capacity_;
    std::unique_ptr<channel_rules> rules_;
    atomic<std::uint64_t> handles_{one_sender};  // low half: all; high half: senders

private:
    bool waited_in() const noexcept {
        return !senders_.empty() || !receivers_.empty() || !lost_.empty();
    }
    void last_handle_gone() noexcept;
    bool close_because(std::exception_ptr cause,
                       std::unique_ptr<channel_rules> made) noexcept;
    void keep_rules(std::unique_ptr<channel_rules>& made) noexcept;
    virtual void dispose() noexcept = 0;

    const void* only_host_ = nullptr;  // the first host that used it, if only one may
};

/// Counts a value that was handed to a receiver which was destroyed before it ran.
HEDDLE_API void count_undelivered() noexcept;
HEDDLE_API std::uint64_t undelivered() noexcept;  // so far

}  // namespace heddle::detail
