// SPDX-License-Identifier: BSL-1.0
// A channel is a lock, a ring and two queues. lib/README.md tells the life of a send.
#pragma once

#include <heddle/detail/core/operation.hpp>
#include <heddle/detail/memory/frame_pool.hpp>

#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

/// The part of a channel that does not depend on its element type. Invariants, whenever
/// lock_ is free:
///   [queues]   at most one of the two queues is non-empty, unless one process selects
///              on both.
///   [receiver] while a receiver is parked, the ring is empty.
///   [sender]   while a sender is parked, the ring is full.
///   [final]    closed_ never turns false again; once it is true, nobody is parked.
///   [orphan]   while orphan_ is set, no handle is left; the waits that are still
///              linked keep the core alive, and the last to leave frees it.
///   [lost]     an arm whose task was claimed elsewhere stays linked, in lost_, until it is
///              withdrawn: its task may be about to take the lock for that. An arm of a
///              selector keeps a handle instead.
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
        return closed_;
    }
    std::size_t size() noexcept {
        guard g(lock_);
        return size_;
    }
    std::size_t capacity() const noexcept { return capacity_; }

    /// Returns whether this call closed the channel. All waiters are claimed when it
    /// returns.
    bool close() noexcept;

    void name(std::string name);
    void describe(std::string& to);          // its name
    void describe_receive(std::string& to);  // and whether anybody can still send

    spin_lock& lock() noexcept { return lock_; }
    bool can_give_locked() const noexcept {
        return size_ != 0 || !senders_.empty() || closed_;
    }
    wait_list& senders() noexcept { return senders_; }
    wait_list& receivers() noexcept { return receivers_; }
    bool withdraw(operation& op, wait_list& list) noexcept;

    /// Pops the first operation of a queue whose sleeper can be claimed. Requires: the lock.
    operation* pop_claimed(wait_list& list) noexcept {
        return list.pop_claimed([this](operation& op) noexcept { pass_over(op); });
    }

protected:
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

    spin_lock lock_;
    bool closed_ = false;  // guarded by lock_, as is all below but handles_
    bool orphan_ = false;
    wait_list senders_;
    wait_list receivers_;
    wait_list lost_;  // [lost]
    std::size_t size_ = 0;
    std::size_t first_ = 0;
    const std::size_t capacity_;
    atomic<std::uint64_t> handles_{one_sender};  // low half: all; high half: senders

private:
    /// Called for an operation that was popped, and whose sleeper was claimed elsewhere.
    void pass_over(operation& op) noexcept {
        op.of_selector ? wait_list::unlink(op) : keep_linked(op);  // [lost]
    }
    void keep_linked(operation& op) noexcept;
    bool waited_in() const noexcept {
        return !senders_.empty() || !receivers_.empty() || !lost_.empty();
    }
    void last_handle_gone() noexcept;
    virtual void dispose() noexcept = 0;

    std::unique_ptr<std::string> name_;
    const void* only_host_ = nullptr;  // the first host that used it, if only one may
};

template <class T>
class channel_core;

/// The result of a first look at a channel. `not_known`: a waiter may have to be woken,
/// or the channel is closed.
enum class first_look { done, pending, not_known };

template <class T>
class receive_operation : public operation {
public:
    explicit receive_operation(channel_core<T>* channel) noexcept : channel_(channel) {}

    spin_lock* source() const noexcept final {
        return channel_ ? &channel_->lock() : nullptr;
    }
    bool attempt_locked(wake_list& wakes) noexcept final {
        return channel_->take_locked(value, wakes) != outcome::pending;
    }
    bool may_happen_locked() const noexcept final {
        return channel_->can_give_locked();
    }
    void enlist_locked() noexcept final { channel_->receivers().push_back(*this); }
    void describe(std::string& to) const final {
        to += "to receive on ";
        channel_ ? channel_->describe_receive(to) : void(to += "a nil channel");
    }

    /// The value arrives here, not at its destination: no user code but the move of T
    /// runs under the lock.
    std::optional<T> value;

protected:
    ~receive_operation();

    channel_core<T>* channel_;

private:
    bool leave_queue() noexcept final {
        return channel_->withdraw(*this, channel_->receivers());
    }
};

template <class T>
class send_operation final : public operation {
public:
    send_operation(channel_core<T>* channel, T& value) noexcept
        : channel_(channel), value_(value) {}
    template <no_operation Op>
    explicit send_operation(Op& op) noexcept
        : send_operation(op.channel(), op.value()) {}

    spin_lock* source() const noexcept final {
        return channel_ ? &channel_->lock() : nullptr;
    }
    bool attempt_locked(wake_list& wakes) noexcept final {
        result = channel_->send_locked(value_, wakes);
        return result != outcome::pending;
    }
    void enlist_locked() noexcept override { channel_->senders().push_back(*this); }
    void describe(std::string& to) const override {
        to += "to send on ";
        channel_ ? channel_->describe(to) : void(to += "a nil channel");
    }
    bool happens_once() const noexcept override {
        return true;
    }  // a second send would have no value
    void complete() override { take(); }
    void take() const;  // throws channel_closed; in channel_ops.hpp

    T& value() noexcept { return value_; }

private:
    bool leave_queue() noexcept override {
        return channel_->withdraw(*this, channel_->senders());
    }

    channel_core<T>* channel_;
    T& value_;
};

template <class T>
class channel_core final : public channel_base {
public:
    static channel_core* make(std::size_t capacity, bool shared) {
        return ::new (allocate(ring_offset, capacity, sizeof(T)))
            channel_core(capacity, shared);
    }

    /// Hands the value to a receiver, or puts it into the ring. Returns pending if
    /// neither is possible: the value stays where it is.
    outcome send_locked(T& value, wake_list& wakes) noexcept {
        check_host();
        if (closed_)
            return outcome::closed;
        if (operation* op = pop_claimed(receivers_)) {  // [receiver]: the ring is empty
            static_cast<receive_operation<T>*>(op)->value.emplace(std::move(value));
            wakes.add(*op->who);
            return outcome::done;
        }
        return send_quickly_locked(value) == first_look::done ? outcome::done
                                                              : outcome::pending;
    }

    /// Does the same if only the ring is touched, which is the usual case.
    first_look send_quickly_locked(T& value) noexcept {
        check_host();
        if (closed_ || !receivers_.empty())
            return first_look::not_known;
        if (size_ == capacity_)
            return first_look::pending;
        append(value);
        return first_look::done;
    }
    first_look take_quickly_locked(std::optional<T>& to) noexcept {
        check_host();
        if (closed_ || !senders_.empty())
            return first_look::not_known;
        if (size_ == 0)
            return first_look::pending;
        take_head(to);
        return first_look::done;
    }

    /// Takes the next value. Returns closed if the channel is closed and drained, and
    /// pending if there is no value yet.
    outcome take_locked(std::optional<T>& to, wake_list& wakes) noexcept {
        check_host();
        if (size_ != 0) {
            take_head(to);
            if (operation* op = pop_claimed(senders_)) {  // [sender]: refill the ring
                append(static_cast<send_operation<T>*>(op)->value());
                sent(*op, wakes);
            }
            return outcome::done;
        }
        if (operation* op = pop_claimed(senders_)) {
            to.emplace(std::move(static_cast<send_operation<T>*>(op)->value()));
            sent(*op, wakes);
            return outcome::done;
        }
        return closed_ ? outcome::closed : outcome::pending;
    }

private:
    static constexpr std::size_t alignment = alignof(T) > alignof(channel_base)
                                                 ? alignof(T)
                                                 : alignof(channel_base);
    static_assert(alignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__,
                  "heddle::channel<T>: T is over-aligned; send a std::unique_ptr<T>");
    static constexpr std::size_t ring_offset =
        (sizeof(channel_base) + alignment - 1) / alignment * alignment;

    channel_core(std::size_t capacity, bool shared) noexcept
        : channel_base(capacity, shared) {}
    ~channel_core() {
        for (; size_ != 0; --size_, first_ = index(1))
            slot(0).~T();
    }

    void append(T& value) noexcept {
        ::new (static_cast<void*>(std::addressof(slot(size_)))) T(std::move(value));
        ++size_;
    }
    void take_head(std::optional<T>& to) noexcept {
        T& head = slot(0);
        to.emplace(std::move(head));
        head.~T();
        first_ = index(1);
        --size_;
    }
    static void sent(operation& op, wake_list& wakes) noexcept {
        op.result = outcome::done;
        wakes.add(*op.who);
    }
    T& slot(std::size_t i) noexcept {
        auto* ring = reinterpret_cast<std::byte*>(this) + ring_offset;
        return reinterpret_cast<T*>(ring)[index(i)];
    }
    void dispose() noexcept override {
        std::size_t bytes = ring_offset + capacity_ * sizeof(T);
        this->~channel_core();
        free_frame(this, bytes);
    }
};

/// Counts a value that was handed to a receiver which was destroyed before it ran.
HEDDLE_API void count_undelivered() noexcept;
HEDDLE_API std::uint64_t undelivered() noexcept;  // so far

template <class T>
receive_operation<T>::~receive_operation() {
    if (value)
        count_undelivered();
}

}  // namespace heddle::detail
