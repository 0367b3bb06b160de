// SPDX-License-Identifier: BSL-1.0
// The waits of a channel: what send() and receive() give.
#pragma once

#include <heddle/detail/await.hpp>
#include <heddle/detail/channel_async.hpp>
#include <heddle/detail/channel_core.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace heddle {

namespace detail {

[[noreturn]] HEDDLE_API void throw_send_on_closed(channel_base&);
[[noreturn]] HEDDLE_API void throw_close_of_closed(channel_base*);
[[noreturn]] HEDDLE_API void throw_capacity();

template <class T>
void send_operation<T>::take() const {
    if (result == outcome::closed)
        throw_send_on_closed(*channel_);
}

/// The three shapes of a receive differ in where the value goes.
template <class T>
class receive_arm final : public receive_operation<T> {
public:
    template <class Op>
    explicit receive_arm(Op& op) noexcept
        : receive_operation<T>(op.channel()), to_(op.destination()) {}
    void complete() override { take(); }
    bool take() {
        bool some = this->value.has_value();
        if (to_) {
            to_->reset();
            if (some)
                to_->emplace(*std::move(this->value));
        }
        this->value.reset();
        return some;
    }

private:
    std::optional<T>* to_;
};

template <class T>
class receive_value final : public receive_operation<T> {
public:
    using receive_operation<T>::receive_operation;
    std::optional<T> take() noexcept {
        std::optional<T> got(std::move(this->value));
        this->value.reset();
        return got;
    }
};

template <class T>
class receive_into final : public receive_operation<T> {
public:
    receive_into(channel_core<T>* channel, T& to) noexcept
        : receive_operation<T>(channel), to_(to) {}
    bool take() {
        if (!this->value)
            return false;
        std::optional<T> got(std::move(this->value));
        this->value.reset();
        to_ = *std::move(got);
        return true;
    }

private:
    T& to_;
};

/// A channel whose handle is kept by whoever waits.
template <class T>
struct channel_ref {
    channel_core<T>* core() const noexcept { return channel; }
    channel_core<T>* channel;
};

}  // namespace detail

/// A receive into an optional: an arm, or `co_await`ed to a bool.
template <class T>
class [[nodiscard]] receive_op {
public:
    receive_op(detail::channel_core<T>* channel, std::optional<T>* to) noexcept
        : channel_(channel), to_(to) {}

    // -- for the library ------------------------------------------------------------
    auto await_by(detail::process& self) {
        return detail::await_one<detail::receive_arm<T>>(self, *this);
    }
    using arm_node = detail::receive_arm<T>;
    detail::channel_core<T>* channel() const noexcept { return channel_; }
    std::optional<T>* destination() const noexcept { return to_; }

private:
    detail::channel_core<T>* channel_;
    std::optional<T>* to_;
};

/// A receive that gives the value itself. As an arm it takes the value and drops it.
template <class T>
class [[nodiscard]] receive_value_op {
public:
    explicit receive_value_op(detail::channel_core<T>* channel) noexcept
        : channel_(channel) {}
    operator receive_op<T>() const noexcept { return {channel_, nullptr}; }

    /// As async_receive(token); the handle must outlive the wait. With it an asio::awaitable
    /// can `co_await c.receive()`, with an Asio newer than 1.22.
    template <detail::token_for<void(std::error_code, std::optional<T>)> Token>
    auto operator()(Token&& token) const {
        return detail::initiate_token_wait<void(std::error_code, std::optional<T>)>(
            detail::async_receive_traits<detail::channel_ref<T>, T>{{channel_}},
            detail::no_executor(), std::forward<Token>(token));
    }

    // -- for the library ------------------------------------------------------------
    auto await_by(detail::process& self) const {
        return detail::await_one<detail::receive_value<T>>(self, channel_);
    }
    using arm_node = detail::receive_arm<T>;
    detail::channel_core<T>* channel() const noexcept { return channel_; }
    std::optional<T>* destination() const noexcept { return nullptr; }

private:
    detail::channel_core<T>* channel_;
};

/// A receive into a T. Not an arm: a select could not tell closed from received.
template <class T>
class [[nodiscard]] receive_into_op {
public:
    receive_into_op(detail::channel_core<T>* channel, T& to) noexcept
        : channel_(channel), to_(to) {}

    // -- for the library ------------------------------------------------------------
    auto await_by(detail::process& self) const {
        return detail::await_one<detail::receive_into<T>>(self, channel_, to_);
    }

private:
    detail::channel_core<T>* channel_;
    T& to_;
};

/// A send: `co_await`ed, or an arm. It owns a copy, or refers to the value it was given.
template <class T>
class [[nodiscard]] send_op {
public:
    send_op(detail::channel_core<T>* channel, T& value) noexcept
        : channel_(channel), referred_(std::addressof(value)) {}
    template <class... Args>
    send_op(detail::channel_core<T>* channel, std::in_place_t, Args&&... args)
        : channel_(channel), owned_(std::in_place, std::forward<Args>(args)...) {}

    /// As async_send(value, token): the value is moved into the operation. The handle must
    /// outlive the wait.
    template <detail::token_for<void(std::error_code)> Token>
    auto operator()(Token&& token) {
        return detail::initiate_token_wait<void(std::error_code)>(
            detail::async_send_traits<detail::channel_ref<T>, T>{{channel_},
                                                                 std::move(value())},
            detail::no_executor(), std::forward<Token>(token));
    }

    // -- for the library ------------------------------------------------------------
    auto await_by(detail::process& self) {
        return detail::await_one<detail::send_operation<T>>(self, *this);
    }
    using arm_node = detail::send_operation<T>;
    detail::channel_core<T>* channel() const noexcept { return channel_; }
    T& value() noexcept { return referred_ ? *referred_ : *owned_; }

private:
    detail::channel_core<T>* channel_;
    T* referred_ = nullptr;
    std::optional<T> owned_;
};

}  // namespace heddle
