// SPDX-License-Identifier: BSL-1.0
// A channel is a lock, a ring and two queues. lib/README.md tells the life of a send.
#pragma once

#include <heddle/detail/core/failures.hpp>
#include <heddle/detail/wait/channel_base.hpp>

#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

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
    bool attempt_locked(wake_list& wakes) noexcept override {
        return channel_->take_locked(value, wakes) != outcome::pending;
    }
    bool may_happen_locked() const noexcept override {
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

/// An operation in the queue of senders. It is a send, or, without a value, a wait for
/// room.
template <class T>
class sending_operation : public operation {
public:
    spin_lock* source() const noexcept final {
        return channel_ ? &channel_->lock() : nullptr;
    }
    void enlist_locked() noexcept final { channel_->senders().push_back(*this); }
    bool happens_once() const noexcept final {
        return true;
    }  // a second send would have no value

    static T* value_of(operation& op) noexcept {
        return static_cast<sending_operation&>(op).value_;
    }

protected:
    sending_operation(channel_core<T>* channel, T* value) noexcept
        : channel_(channel), value_(value) {}
    ~sending_operation() = default;

    channel_core<T>* channel_;
    T* value_;

private:
    bool leave_queue() noexcept final {
        return channel_->withdraw(*this, channel_->senders());
    }
};

template <class T>
class send_operation final : public sending_operation<T> {
public:
    send_operation(channel_core<T>* channel, T& value) noexcept
        : sending_operation<T>(channel, std::addressof(value)) {}
    template <no_operation Op>
    explicit send_operation(Op& op) noexcept
        : send_operation(op.channel(), op.value()) {}

    bool attempt_locked(wake_list& wakes) noexcept override {
        this->result = this->channel_->send_locked(value(), wakes);
        return this->result != outcome::pending;
    }
    void describe(std::string& to) const override {
        to += "to send on ";
        this->channel_ ? this->channel_->describe(to) : void(to += "a nil channel");
    }
    void complete() override { take(); }
    void take() const;  // throws channel_closed; in channel_ops.hpp
    wait_failure take_failure() const noexcept;  // the same

    T& value() const noexcept { return *this->value_; }
};

template <class T>
class channel_core final : public channel_base {
public:
    static channel_core* make(std::size_t capacity, bool shared) {
        return ::new (allocate(ring_offset, capacity, sizeof(T)))
            channel_core(capacity, shared);
    }

    /// Hands the value to a receiver, or puts it into the ring. Returns pending if
    /// neither is possible: the value stays where it is. Returns dropped if the channel
    /// does not wait for room: then the dropped value lies where `value` was.
    outcome send_locked(T& value, wake_list& wakes) noexcept {
        return special_locked() ? send_by_rules_locked(value, wakes)
                                : send_plainly_locked(value, wakes);
    }

    /// Does the same for a channel without rules.
    HEDDLE_ALWAYS_INLINE outcome send_plainly_locked(T& value,
                                                     wake_list& wakes) noexcept {
        check_host();
        if (closed_locked())
            return outcome::closed;
        if (operation* op = pop_claimed(receivers_)) {  // [receiver]: the ring is empty
            hand_over(value, *op, wakes);
            return outcome::done;
        }
        if (size_ == capacity_)
            return outcome::pending;
        append(value);
        return outcome::done;
    }

    /// Does the same if only the ring is touched, which is the usual case.
    first_look send_quickly_locked(T& value) noexcept {
        check_host();
        if (state_ != 0 || !receivers_.empty())
            return first_look::not_known;
        if (size_ == capacity_)
            return first_look::pending;
        append(value);
        return first_look::done;
    }
    first_look take_quickly_locked(std::optional<T>& to) noexcept {
        check_host();
        if (state_ != 0 || !senders_.empty())
            return first_look::not_known;
        if (size_ == 0)
            return first_look::pending;
        take_head(to);
        return first_look::done;
    }

    /// Takes the next value. Returns closed if the channel is closed and drained, and
    /// pending if there is no value yet.
    outcome take_locked(std::optional<T>& to, wake_list& wakes) noexcept {
        return special_locked() ? take_by_rules_locked(to, wakes)
                                : take_plainly_locked(to, wakes);
    }

    /// Does the same for a channel without rules.
    HEDDLE_ALWAYS_INLINE outcome take_plainly_locked(std::optional<T>& to,
                                                     wake_list& wakes) noexcept {
        check_host();
        if (size_ != 0) {
            take_head(to);
            if (operation* op = pop_claimed(senders_)) {  // [sender]: refill the ring
                append(*sending_operation<T>::value_of(*op));
                sent(*op, wakes);
            }
            return outcome::done;
        }
        if (operation* op = pop_claimed(senders_))
            return take_from(*op, to, wakes);
        return closed_locked() ? outcome::closed : outcome::pending;
    }

    /// Sends a value and closes, at once; returns false if it is closed already.
    /// Requires: a buffer that is empty.
    bool send_last(T& value) noexcept {
        wake_list wakes;
        {
            guard g(lock_);
            check_host();
            if (closed_locked())
                return false;
            if (operation* op = pop_claimed(receivers_))
                hand_over(value, *op, wakes);
            else
                append_locked(value);
            close_locked(wakes);
        }
        wakes.release();
        return true;
    }

    /// Takes room for one value, and a handle with it. Requires: allow_permits().
    outcome reserve_locked() noexcept {
        check_host();
        if (closed_locked())
            return outcome::closed;
        if (rules_->overflow == overflow::wait && !has_room_locked())
            return outcome::pending;
        keep_room_locked();
        return outcome::done;
    }

    /// Gives the room back, or with a value uses it. The handle is still the caller's.
    outcome unreserve_locked(T* value, wake_list& wakes) noexcept {
        check_host();
        --rules_->reserved;
        outcome result = outcome::done;
        if (value && closed_locked()) {
            result = outcome::closed;
        } else if (value) {
            if (operation* op = pop_claimed(receivers_))
                hand_over(*value, *op, wakes);
            else if (rules_->overflow != overflow::wait)
                return enter_by_rules_locked(*value);
            else
                append_locked(*value);
        }
        refill_by_rules_locked(wakes);
        return result;
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

    HEDDLE_NOINLINE outcome send_by_rules_locked(T& value, wake_list& wakes) noexcept {
        check_host();
        if (closed_locked())
            return outcome::closed;
        if (operation* op = pop_claimed(receivers_)) {
            hand_over(value, *op, wakes);
            return outcome::done;
        }
        return enter_by_rules_locked(value);
    }

    outcome enter_by_rules_locked(T& value) noexcept {
        overflow full = rules_->overflow;
        // Room that is reserved belongs to sends which would not wait anyway.
        if (full == overflow::wait ? has_room_locked() : size_ != capacity_) {
            append_locked(value);
            return outcome::done;
        }
        if (full == overflow::wait)
            return outcome::pending;
        ++rules_->dropped;
        if (full == overflow::drop_oldest) {
            std::optional<T> oldest;
            take_head(oldest);
            append(value);
            value.~T();
            ::new (static_cast<void*>(std::addressof(value))) T(*std::move(oldest));
        }
        return outcome::dropped;
    }

    HEDDLE_NOINLINE void
    refill_by_rules_locked(wake_list& wakes) noexcept {  // [sender]
        while (has_room_locked()) {
            operation* op = pop_claimed(senders_);
            if (!op)
                return;
            if (T* value = sending_operation<T>::value_of(*op))
                append_locked(*value);
            else
                keep_room_locked();
            sent(*op, wakes);
        }
    }

    HEDDLE_NOINLINE outcome take_by_rules_locked(std::optional<T>& to,
                                                 wake_list& wakes) noexcept {
        check_host();
        if (size_ != 0) {
            weigh_locked(slot(0), -1);
            take_head(to);
            refill_by_rules_locked(wakes);
            return outcome::done;
        }
        // The first send, which is not always the first that waits for room.
        operation* op = senders_.pop_claimed_if(
            [](operation& o) noexcept {
                return sending_operation<T>::value_of(o) != nullptr;
            },
            [this](operation& o) noexcept { pass_over(o); });
        if (op)
            return take_from(*op, to, wakes);
        return closed_locked() ? outcome::closed : outcome::pending;
    }

    void keep_room_locked() noexcept {
        ++rules_->reserved;
        take(one_sender);
    }
    void weigh_locked(const T& value, int sign) noexcept {
        if (rules_->weigh)
            rules_->weight +=
                rules_->weigh(std::addressof(value)) * static_cast<std::size_t>(sign);
    }
    void append_locked(T& value) noexcept {
        weigh_locked(value, 1);
        append(value);
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
    static void hand_over(T& value, operation& receive, wake_list& wakes) noexcept {
        static_cast<receive_operation<T>&>(receive).value.emplace(std::move(value));
        wakes.add(*receive.who);
    }
    static outcome take_from(operation& op, std::optional<T>& to,
                             wake_list& wakes) noexcept {
        to.emplace(std::move(*sending_operation<T>::value_of(op)));
        sent(op, wakes);
        return outcome::done;
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

template <class T>
receive_operation<T>::~receive_operation() {
    if (value)
        count_undelivered();
}

}  // namespace heddle::detail
