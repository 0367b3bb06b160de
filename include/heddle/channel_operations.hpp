// SPDX-License-Identifier: BSL-1.0
// The types that the verbs of a channel return. Programs seldom name them.
#pragma once

#include <heddle/detail/wait/channel_many.hpp>
#include <heddle/detail/wait/channel_ops.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT {

/// The outcome of an attempt that never waits.
enum class try_status { done, would_block, closed };

/// The value of a channel that carries signals only.
struct unit {
    friend bool operator==(unit, unit) = default;
};

namespace detail {

/// Only a signal can be received and dropped without a word.
template <class T>
struct arm_of_signal {
    static constexpr auto mistake = mistake_kind::receive_value;
};
template <>
struct arm_of_signal<unit> {
    using arm_node = receive_arm<unit>;
};

}  // namespace detail

/// A receive into an optional: an arm, or `co_await`ed to a bool.
template <class T>
class [[nodiscard(
    "heddle: co_await this receive, or make it an arm: before that nothing "
    "is received")]] receive_op : public detail::awaited_by_tasks {
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

/// A receive that gives the value itself. Of a signal it is an arm, too.
template <class T>
class [[nodiscard("heddle: co_await this receive: before that nothing is "
                  "received")]] receive_value_op : public detail::arm_of_signal<T>,
                                                   public detail::awaited_by_tokens {
public:
    using detail::awaited_by_tokens::operator();

    explicit receive_value_op(detail::channel_core<T>* channel) noexcept
        : channel_(channel) {}
    operator receive_op<T>() const noexcept {
        constexpr bool right = std::is_same_v<T, unit>;
        static_assert(
            right, "heddle: c.receive() would lose the value: write c.receive(v), with "
                   "std::optional<T> v, or c.receive(std::ignore)");
        return {channel_, nullptr};
    }

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
    detail::channel_core<T>* channel() const noexcept { return channel_; }
    std::optional<T>* destination() const noexcept { return nullptr; }

private:
    detail::channel_core<T>* channel_;
};

/// A receive into a T. It is not an arm: a select could not tell closed from received.
template <class T>
class [[nodiscard("heddle: co_await this receive: before that nothing is "
                  "received")]] receive_into_op : public detail::awaited_by_tasks {
public:
    receive_into_op(detail::channel_core<T>* channel, T& to) noexcept
        : channel_(channel), to_(to) {}

    // -- for the library ------------------------------------------------------------
    static constexpr auto mistake = detail::mistake_kind::receive_into;
    auto await_by(detail::process& self) const {
        return detail::await_channel<
            detail::receive_attempt<T, detail::to_variable<T>>>(
            self, channel_, detail::to_variable<T>{to_});
    }

private:
    detail::channel_core<T>* channel_;
    T& to_;
};

/// A receive of several values into a container: `co_await`ed to their number, and an
/// arm if the container can reserve.
template <class T, class Container>
class [[nodiscard(
    "heddle: co_await this receive, or make it an arm: before that nothing "
    "is received")]] receive_many_op : public detail::awaited_by_tasks {
    using destination_type = detail::to_container<T, Container>;

public:
    receive_many_op(detail::channel_core<T>* channel, Container& to, std::size_t most)
        : to_{channel, std::addressof(to), most} {
        if (most == 0)
            detail::throw_receive_none();
    }

    // -- for the library ------------------------------------------------------------
    auto await_by(detail::process& self) const {
        if constexpr (detail::reserving<Container, T>) {
            detail::make_room(*to_.to);
            return detail::await_channel<detail::receive_attempt<T, destination_type>>(
                self, to_.channel, to_);
        } else {
            return detail::await_with_place<T, Container>(self, to_.channel, *to_.to,
                                                          to_.most);
        }
    }
    using arm_node = detail::receive_many_arm<T, Container>;
    detail::channel_core<T>* channel() const noexcept { return to_.channel; }
    destination_type destination() const noexcept { return to_; }

private:
    destination_type to_;
};

/// A send: `co_await`ed, or an arm. It owns its value, or refers to the one that it was
/// given by std::ref.
template <class T>
class [[nodiscard(
    "heddle: co_await this send, or make it an arm: before that nothing is "
    "sent")]] send_op : public detail::awaited_by_tokens {
public:
    using detail::awaited_by_tokens::operator();

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
    static constexpr bool arm_by_reference = !std::is_copy_constructible_v<T>;
    detail::channel_core<T>* channel() const noexcept { return channel_; }
    T& value() noexcept { return referred_ ? *referred_ : *owned_; }

private:
    detail::channel_core<T>* channel_;
    T* referred_ = nullptr;
    std::optional<T> owned_;
};

/// A send of an rvalue, to which it refers: `co_await`ed, or an arm, in the expression
/// in which it is made. For one that is kept use emplace, or send(std::ref(value)).
template <class T>
class [[nodiscard(
    "heddle: co_await this send, or make it an arm: before that nothing is "
    "sent")]] send_from_op : public detail::awaited_by_tokens {
public:
    using detail::awaited_by_tokens::operator();

    send_from_op(detail::channel_core<T>* channel, T& value) noexcept
        : channel_(channel), value_(std::addressof(value)) {}

    operator send_op<T>() const noexcept {
        constexpr bool right = sizeof(T) == 0;
        static_assert(
            right, "heddle: a send of an rvalue is awaited where it is made: its "
                   "value may be gone later. Keep c.emplace(value), which owns it, or "
                   "c.send(std::ref(value))");
        return {channel_, *value_};
    }

    /// As that of send_op.
    template <asio::completion_token_for<void(error_code)> Token>
    auto operator()(Token&& token) {
        return send_op<T>(channel_, *value_)(std::forward<Token>(token));
    }

    // -- for the library ------------------------------------------------------------
    auto await_by(detail::process& self) && {
        return detail::await_channel<detail::send_attempt<T>>(self, channel_, *value_);
    }
    using arm_node = detail::send_operation<T>;
    static constexpr bool arm_in_place = true;
    static constexpr auto mistake = detail::mistake_kind::kept_send;
    detail::channel_core<T>* channel() const noexcept { return channel_; }
    T& value() const noexcept { return *value_; }

private:
    detail::channel_core<T>* channel_;
    T* value_;
};

}  // namespace heddle
