// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/core/await.hpp>
#include <heddle/detail/wait/channel_ops.hpp>

#include <optional>
#include <string>
#include <utility>

namespace heddle HEDDLE_VARIANT {

namespace detail {

[[noreturn]] HEDDLE_API void throw_empty_permit();

template <class T>
channel_core<T>* for_permits(channel_core<T>* channel) {
    if (channel)
        channel->allow_permits();
    return channel;
}

/// Gives the room back, or with a value uses it.
template <class T>
outcome end_permit(channel_core<T>& channel, T* value) noexcept {
    wake_list wakes;
    outcome result;
    {
        guard g(channel.lock());
        result = channel.unreserve_locked(value, wakes);
    }
    wakes.release();
    return result;
}

}  // namespace detail

/// A permit is room for one value in the buffer of a channel: its send never waits.
///
///     auto room = co_await out.reserve();     // waits for room
///     room.send(next_job());                  // a job is taken only if it can be sent
///
/// The room belongs to the permit until it is used or destroyed: meanwhile the other
/// sends have a capacity that is smaller by one. A channel that drops values never
/// waits for room, so its permits keep none.
///
/// Threads   as of a channel's handle. A permit may be used on another thread than the
///           one that got it.
/// Resumes   a permit that is destroyed lets in the send, or the reserve, that has
///           waited longest.
/// Closing   send() then throws channel_closed, and the value is still the caller's.
/// Cancel    a reserve that is cancelled, or loses its select, keeps no room.
/// Lifetime  the channel lives while a permit does. A moved-from permit is empty.
/// Errors    reserve() on an unbuffered channel, and a send by an empty permit:
///           std::logic_error. The first reserve() of a channel takes memory:
///           std::bad_alloc.
template <class T>
class [[nodiscard("heddle: a permit that is dropped gives its room back")]] permit {
public:
    permit() noexcept = default;
    permit(permit&& o) noexcept : channel_(std::exchange(o.channel_, nullptr)) {}
    permit& operator=(permit&& o) noexcept {
        permit old(std::move(*this));
        channel_ = std::exchange(o.channel_, nullptr);
        return *this;
    }
    ~permit() {
        if (channel_) {
            (void)detail::end_permit<T>(*channel_, nullptr);
            leave();
        }
    }

    /// Sends the value, which is moved from unless this throws, and uses the permit up.
    /// Never waits.
    void send(T&& value) {
        if (!channel_)
            detail::throw_empty_permit();
        struct last {
            ~last() { used.leave(); }
            permit& used;
        } at_last{*this};
        detail::end_send(detail::end_permit(*channel_, std::addressof(value)),
                         *channel_, value);
    }
    void send(const T& value)
        requires std::is_copy_constructible_v<T>
    {
        T copy(value);
        send(std::move(copy));
    }

    /// Whether it has room for a value.
    explicit operator bool() const noexcept { return channel_ != nullptr; }

    // -- for the library ------------------------------------------------------------
    /// Requires: the room is reserved.
    explicit permit(detail::channel_core<T>& channel) noexcept : channel_(&channel) {}
    static permit try_take(detail::channel_core<T>* channel) {
        if (!detail::for_permits(channel))
            return {};
        detail::guard g(channel->lock());
        return channel->reserve_locked() == detail::outcome::done ? permit(*channel)
                                                                  : permit();
    }

private:
    void leave() noexcept {
        std::exchange(channel_, nullptr)->drop(detail::channel_base::one_sender);
    }

    detail::channel_core<T>* channel_ = nullptr;
};

namespace detail {

/// The wait for room. `result` is done while the node has room that its task has not
/// taken: if the task is destroyed in between, the node gives it back.
template <class T>
class reserve_operation : public sending_operation<T> {
public:
    bool attempt_locked(wake_list&) noexcept final {
        this->result = this->channel_->reserve_locked();
        return this->result != outcome::pending;
    }
    void describe(std::string& to) const final {
        to += "for room in ";
        this->channel_ ? this->channel_->describe(to) : void(to += "a nil channel");
    }

protected:
    explicit reserve_operation(channel_core<T>* channel) noexcept
        : sending_operation<T>(channel, nullptr) {}
    ~reserve_operation() {
        if (this->result == outcome::done)
            permit<T> unused(*this->channel_);
    }

    permit<T> claim_room() {
        if (this->result == outcome::closed)
            throw_send_on_closed(*this->channel_);
        this->result = outcome::pending;
        return permit<T>(*this->channel_);
    }
};

template <class T>
class reserve_value_operation final : public reserve_operation<T> {
public:
    explicit reserve_value_operation(channel_core<T>* channel) noexcept
        : reserve_operation<T>(channel) {}
    permit<T> take() { return this->claim_room(); }
};

template <class T>
class reserve_into_operation final : public reserve_operation<T> {
public:
    template <no_operation Op>
    explicit reserve_into_operation(Op& op) noexcept
        : reserve_operation<T>(op.channel()), to_(op.destination()) {}
    void complete() override { take(); }
    void take() { to_ = this->claim_room(); }

private:
    permit<T>& to_;
};

}  // namespace detail

/// reserve() of a channel that gives the permit. It is not an arm: its permit would be
/// lost.
template <class T>
class [[nodiscard("heddle: auto room = co_await c.reserve(): before that no room is "
                  "kept")]] reserve_op : public detail::awaited_by_tasks {
public:
    explicit reserve_op(detail::channel_core<T>* channel)
        : channel_(detail::for_permits(channel)) {}

    // -- for the library ------------------------------------------------------------
    static constexpr auto mistake = detail::mistake_kind::reserve;
    auto await_by(detail::process& self) const {
        return detail::await_one<detail::reserve_value_operation<T>>(self, channel_);
    }

private:
    detail::channel_core<T>* channel_;
};

/// reserve() of a channel into a permit: an arm, or `co_await`ed.
template <class T>
class [[nodiscard("heddle: co_await this reserve, or make it an arm: before that no "
                  "room is kept")]] reserve_into_op : public detail::awaited_by_tasks {
public:
    reserve_into_op(detail::channel_core<T>* channel, permit<T>& to)
        : channel_(detail::for_permits(channel)), to_(&to) {}

    // -- for the library ------------------------------------------------------------
    auto await_by(detail::process& self) const {
        return detail::await_one<detail::reserve_into_operation<T>>(self, *this);
    }
    using arm_node = detail::reserve_into_operation<T>;
    detail::channel_core<T>* channel() const noexcept { return channel_; }
    permit<T>& destination() const noexcept { return *to_; }

private:
    detail::channel_core<T>* channel_;
    permit<T>* to_;
};

}  // namespace heddle
