// SPDX-License-Identifier: BSL-1.0
// The types that the verbs of a channel return. Programs seldom name them.
#pragma once

#include <heddle/detail/wait/channel_ops.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace heddle HEDDLE_VARIANT {

/// The outcome of an attempt that never waits.
enum class try_status { done, would_block, closed };

/// A receive into an optional: an arm, or `co_await`ed to a bool.
template <class T>
class [[nodiscard]] receive_op {
public:
    receive_op(detail::channel_core<T>* channel, std::optional<T>* to) noexcept
        : channel_(channel), to_(to) {}

    // -- for the library ------------------------------------------------------------
    auto await_by(detail::process& self) {
        return detail::await_channel<
            detail::receive_attempt<T, detail::to_optional<T>>>(
            self, channel_, detail::to_optional<T>{to_});
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

    /// Works as async_receive(token) does; the handle must outlive the wait. So an
    /// asio::awaitable can `co_await c.receive()`, with an Asio newer than 1.22.
    // Asio asks whether this can be called with a token. The answer must be a
    // constraint: an error in the body would end the compilation instead.
    template <asio::completion_token_for<void(error_code, std::optional<T>)> Token>
    auto operator()(Token&& token) const {
        return detail::initiate_token_wait<void(error_code, std::optional<T>)>(
            detail::async_receive_traits<detail::channel_ref<T>, T>{{channel_}},
            detail::no_executor(), std::forward<Token>(token));
    }

    // -- for the library ------------------------------------------------------------
    auto await_by(detail::process& self) const {
        return detail::await_channel<detail::receive_attempt<T, detail::to_result<T>>>(
            self, channel_, detail::to_result<T>{});
    }
    using arm_node = detail::receive_arm<T>;
    detail::channel_core<T>* channel() const noexcept { return channel_; }
    std::optional<T>* destination() const noexcept { return nullptr; }

private:
    detail::channel_core<T>* channel_;
};

/// A receive into a T. It is not an arm: a select could not tell closed from received.
template <class T>
class [[nodiscard]] receive_into_op {
public:
    receive_into_op(detail::channel_core<T>* channel, T& to) noexcept
        : channel_(channel), to_(to) {}

    // -- for the library ------------------------------------------------------------
    auto await_by(detail::process& self) const {
        return detail::await_channel<
            detail::receive_attempt<T, detail::to_variable<T>>>(
            self, channel_, detail::to_variable<T>{to_});
    }

private:
    detail::channel_core<T>* channel_;
    T& to_;
};

/// A send: `co_await`ed, or an arm. It owns a copy, or refers to the value it was
/// given.
template <class T>
class [[nodiscard]] send_op {
public:
    send_op(detail::channel_core<T>* channel, T& value) noexcept
        : channel_(channel), referred_(std::addressof(value)) {}
    template <class... Args>
    send_op(detail::channel_core<T>* channel, std::in_place_t, Args&&... args)
        : channel_(channel), owned_(std::in_place, std::forward<Args>(args)...) {}

    /// Works as async_send(value, token) does: the value is moved into the operation.
    /// The handle must outlive the wait.
    template <asio::completion_token_for<void(error_code)> Token>
    auto operator()(Token&& token) {
        return detail::initiate_token_wait<void(error_code)>(
            detail::async_send_traits<detail::channel_ref<T>, T>{{channel_},
                                                                 std::move(value())},
            detail::no_executor(), std::forward<Token>(token));
    }

    // -- for the library ------------------------------------------------------------
    auto await_by(detail::process& self) {
        return detail::await_channel<detail::send_attempt<T>>(self, channel_, value());
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
