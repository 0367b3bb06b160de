// SPDX-License-Identifier: BSL-1.0
// The operations that send() and receive() of a channel return, and their waits.
#pragma once

#include <heddle/detail/core/await.hpp>
#include <heddle/detail/wait/channel_async.hpp>
#include <heddle/detail/wait/channel_core.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

namespace heddle HEDDLE_VARIANT {

namespace detail {

[[noreturn]] HEDDLE_API void throw_send_on_closed(channel_base&);
[[noreturn]] HEDDLE_API void throw_close_of_closed(channel_base*);
[[noreturn]] HEDDLE_API void throw_capacity();
[[noreturn]] HEDDLE_API void throw_receive_none();

/// Throws, or destroys the value that was dropped, which is now outside the lock.
template <class T>
HEDDLE_NOINLINE void end_unusual_send(outcome result, channel_core<T>& channel,
                                      T& value) {
    if (result == outcome::closed)
        throw_send_on_closed(channel);
    [[maybe_unused]] T dropped(std::move(value));
}

/// Ends a send in its task.
template <class T>
HEDDLE_ALWAYS_INLINE inline void end_send(outcome result, channel_core<T>& channel,
                                          T& value) {
    if (result != outcome::done) [[unlikely]]
        end_unusual_send(result, channel, value);
}

template <class T>
void send_operation<T>::take() const {
    end_send(this->result, *this->channel_, value());
}

/// The destinations of received values. deliver() moves the value there, and
/// returns the result of `co_await`.
template <class T>
struct to_result {
    std::optional<T> deliver(std::optional<T>& value) const noexcept {
        std::optional<T> got(std::move(value));
        value.reset();
        return got;
    }
};

template <class T>
struct to_optional {
    bool deliver(std::optional<T>& value) const {
        bool some = value.has_value();
        if (to) {
            to->reset();
            if (some)
                to->emplace(*std::move(value));
        }
        value.reset();
        return some;
    }
    std::optional<T>* to;
};

template <class T>
struct to_variable {
    bool deliver(std::optional<T>& value) const {
        if (!value)
            return false;
        struct delivered {  // resets the value even if the assignment throws
            ~delivered() { value.reset(); }
            std::optional<T>& value;
        } at_last{value};
        to = *std::move(value);
        return true;
    }
    T& to;
};

template <class T, class Destination>
class receive_wait final : public receive_operation<T> {
public:
    receive_wait(channel_core<T>* channel, Destination to) noexcept
        : receive_operation<T>(channel), to_(to) {}
    template <no_operation Op>
    explicit receive_wait(Op& op) noexcept
        : receive_wait(op.channel(), Destination{op.destination()}) {}

    void complete() override { to_.deliver(this->value); }
    decltype(auto) take() { return to_.deliver(this->value); }

private:
    [[no_unique_address]] Destination to_;
};

template <class T>
using receive_arm = receive_wait<T, to_optional<T>>;

/// A send before it parks.
template <class T>
struct send_attempt {
    using operation_type = send_operation<T>;

    HEDDLE_ALWAYS_INLINE first_look try_quickly_locked() noexcept {
        return channel->send_quickly_locked(operand);
    }
    bool try_plainly_locked(wake_list& wakes) noexcept {
        result = channel->send_plainly_locked(operand, wakes);
        return result != outcome::pending;
    }
    bool try_locked(wake_list& wakes) noexcept {
        result = channel->send_locked(operand, wakes);
        return result != outcome::pending;
    }
    void take() const { end_send(result, *channel, operand); }

    channel_core<T>* channel;
    T& operand;
    outcome result = outcome::done;
};

/// A receive before it parks.
template <class T, class Destination>
struct receive_attempt {
    using operation_type = receive_wait<T, Destination>;

    ~receive_attempt() {
        if (value)
            count_undelivered();
    }
    HEDDLE_ALWAYS_INLINE first_look try_quickly_locked() noexcept {
        return channel->take_quickly_locked(value);
    }
    bool try_plainly_locked(wake_list& wakes) noexcept {
        return channel->take_plainly_locked(value, wakes) != outcome::pending;
    }
    bool try_locked(wake_list& wakes) noexcept {
        return channel->take_locked(value, wakes) != outcome::pending;
    }
    decltype(auto) take() { return operand.deliver(value); }

    channel_core<T>* channel;
    [[no_unique_address]] Destination operand;
    std::optional<T> value = std::nullopt;
};

/// Awaits a send or a receive. Most happen at once and touch only the ring: that path
/// is inline. The operation is made only to park, in the place of the attempt.
template <class Attempt>
class [[nodiscard]] await_channel {
    using operation_type = typename Attempt::operation_type;

public:
    template <class Channel, class Operand>
    await_channel(process& self, Channel* channel, Operand&& operand) noexcept
        : attempt_{channel, static_cast<Operand&&>(operand)}, self_(self) {}
    HEDDLE_ALWAYS_INLINE ~await_channel() {
        if (state_ == state::parked)
            parked_.~operation_type();
        else
            attempt_.~Attempt();
    }

    HEDDLE_ALWAYS_INLINE bool await_ready() noexcept {
        if (self_.interrupted()) {
            state_ = state::cancelled;
            return true;
        }
        if (!attempt_.channel)
            return false;  // nil: parks for ever
        if (!is_left_out(attempt_.channel->lock()))
            return lock_and_try();
        return try_quickly(false);
    }

    HEDDLE_GIVES_AWAY std::coroutine_handle<>
    await_suspend(std::coroutine_handle<> frame) noexcept {
        host& home = *self_.home;
        if (state_ == state::happened) {  // but the budget is spent
            home.push(self_);
            return home.next();
        }
        make_operation();
        return park_one(self_, parked_, locked_) ? home.next() : frame;
    }

    HEDDLE_ALWAYS_INLINE decltype(auto) await_resume() {
        if (state_ == state::happened)
            return attempt_.take();
        if (state_ == state::cancelled)
            self_.throw_cancelled();
        self_.waits = nullptr;
        if (!self_.winner) {  // the token closed, before or after it parked
            parked_.withdraw();
            self_.throw_cancelled();
        }
        return parked_.take();
    }

private:
    enum class state : std::uint8_t { none, happened, cancelled, parked };

    // These functions release the lock if it was taken, unless the process is to park.

    HEDDLE_NOINLINE bool lock_and_try() noexcept {
        attempt_.channel->lock().lock();
        return try_quickly(locked_ = true);
    }

    HEDDLE_ALWAYS_INLINE bool try_quickly(bool locked) noexcept {
        first_look found = attempt_.try_quickly_locked();
        if (found == first_look::not_known)
            return try_fully(locked);
        if (found == first_look::pending)
            return false;
        release(attempt_.channel->lock(), locked);
        state_ = state::happened;
        return self_.home->spend();
    }

    HEDDLE_NOINLINE bool try_fully(bool locked) noexcept {
        if (attempt_.channel->special_locked()) [[unlikely]]
            return try_by_rules(locked);
        wake_list wakes;  // stays in registers, as only inlined code sees it
        return attempt_.try_plainly_locked(wakes) && happened(wakes, locked);
    }

    HEDDLE_NOINLINE bool try_by_rules(bool locked) noexcept {
        wake_list wakes;
        return attempt_.try_locked(wakes) && happened(wakes, locked);
    }

    HEDDLE_ALWAYS_INLINE bool happened(wake_list& wakes, bool locked) noexcept {
        release(attempt_.channel->lock(), locked);
        state_ = state::happened;
        wakes.release(self_.home);
        return self_.home->spend();
    }

    void make_operation() noexcept {
        ::new (static_cast<void*>(std::addressof(parked_)))
            operation_type(attempt_.channel, attempt_.operand);
        parked_.who = &self_;
        state_ = state::parked;
    }

    union {
        Attempt attempt_;
        operation_type parked_;
    };
    process& self_;
    bool locked_ = false;
    state state_ = state::none;
};

/// A channel whose handle the caller keeps for as long as it waits.
template <class T>
struct channel_ref {
    channel_core<T>* core() const noexcept { return channel; }
    channel_core<T>* channel;
};

}  // namespace detail

}  // namespace heddle
