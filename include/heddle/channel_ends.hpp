// SPDX-License-Identifier: BSL-1.0
// The verbs of a channel: channel.hpp says what they promise together.
#pragma once

#include <heddle/channel_operations.hpp>
#include <heddle/channel_permit.hpp>
#include <heddle/detail/handlers/thread_wait.hpp>
#include <heddle/detail/wait/channel_async.hpp>
#include <heddle/detail/wait/channel_try.hpp>
#include <heddle/detail/wait/channel_value.hpp>
#include <heddle/errors.hpp>
#include <heddle/executor.hpp>

#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT {

template <class T>
class receiver;
template <class T>
class sender;

namespace detail {

/// What a range-for over a channel gets.
template <class T>
struct no_range {
    T& operator*() const;
    no_range& operator++();
    bool operator!=(const no_range&) const;
};

}  // namespace detail

/// The verbs of a receiving end.
template <class T, class Handle>
class receiving_end {
public:
    /// `std::optional<T>`: the next value; empty: closed and drained.
    receive_value_op<T> receive() const noexcept { return receive_value_op<T>(from()); }

    /// The same into `to`, which is emptied if closed; `co_await` gives a bool. The
    /// form for select. `to` must outlive the wait.
    receive_op<T> receive(std::optional<T>& to) const noexcept { return {from(), &to}; }

    /// Takes a value and drops it.
    receive_op<T> receive(std::remove_cvref_t<decltype(std::ignore)>) const noexcept {
        return {from(), nullptr};
    }

    /// A bool; `to` is left alone if closed. For `while (co_await in.receive(v))`.
    receive_into_op<T> receive(T& to) const noexcept
        requires std::is_move_assignable_v<T>
    {
        return {from(), to};
    }

    /// Waits for a value as receive() does, then takes those that are there, too, and
    /// appends at most `most` to `to`; gives their number, 0: closed and drained. A
    /// `most` of 0 throws std::invalid_argument. `to` outlives the wait, and no other
    /// code changes it meanwhile.
    ///
    /// `to` is a container that has reserve(), as a std::vector or a vector with room of
    /// its own: then it is an arm, too. Or, if T has a default constructor, it is one
    /// with emplace_back() and pop_back(), as a std::deque or std::list.
    ///
    /// Errors  each value has its place before it is taken, so none is lost: if there is
    ///         no memory for more, it takes fewer; if for none, it throws before it
    ///         waits. A place is made by reserve(), after which push_back() must not
    ///         throw; or it is an element T(), at the end of `to` while it waits, which
    ///         the value is assigned to. In a selector, next() throws if there is none
    ///         for a value that was received, and the arm gives that value next time.
    template <class Container>
        requires detail::receives_many<Container, T>
    receive_many_op<T, Container> receive_many(Container& to, std::size_t most) const {
        return {from(), to, most};
    }

    // No container that a value could not be lost on the way to.
    template <class Container>
        requires(!detail::receives_many<Container, T>)
    receive_op<T> receive_many(Container&, std::size_t) const {
        constexpr bool right = sizeof(Container*) == 0;
        static_assert(right, "heddle: c.receive_many(to, n) of a channel<T>: `to` is a "
                             "std::vector<T>, or another container of T that has "
                             "reserve(); or emplace_back() and pop_back(), if T has a "
                             "default constructor");
        std::terminate();
    }

    /// The cause that the channel was closed with; null while it is open, if it was
    /// closed without one, and for nil.
    std::exception_ptr cause() const noexcept {
        return from() ? from()->cause() : nullptr;
    }

    // A wrong variable.
    template <class U>
        requires(!std::is_convertible_v<U&, T&> &&
                 !std::is_convertible_v<U&, std::optional<T>&> &&
                 !std::is_convertible_v<U, std::remove_cvref_t<decltype(std::ignore)>>)
    receive_into_op<T> receive(U&) const {
        constexpr bool right = sizeof(U*) == 0;
        static_assert(right, "heddle: c.receive(v) of a channel<T>: v is a "
                             "std::optional<T>, or a T, and no constant");
        std::terminate();
    }

    /// Never waits. `closed`: closed and drained; then, and if it would block, `to` is
    /// left alone.
    [[nodiscard("heddle: the try_status tells whether a value was "
                "received")]] try_status
    try_receive(std::optional<T>& to) const noexcept {
        return detail::try_receive_from(from(), to);
    }
    [[nodiscard("heddle: the try_status tells whether a value was "
                "received")]] try_status
    try_receive(T& to) const
        requires std::is_move_assignable_v<T>
    {
        std::optional<T> got;
        try_status status = try_receive(got);
        if (got)
            to = *std::move(got);
        return status;
    }

    /// For a plain thread: blocks it until there is a value; empty: closed and drained.
    /// No allocation. Throws std::logic_error where it must not block, as on a thread
    /// that runs tasks, or would for ever: on nil, or as the only thread of the
    /// process.
    std::optional<T> receive_blocking() const {
        detail::receive_wait<T, detail::to_result<T>> op(from(), {});
        detail::thread_wait().wait(op);
        return op.take();
    }

    /// For callers that are no tasks: completes `token` with (error_code,
    /// std::optional<T>), posted to its associated executor, or else to the one given.
    /// Closed and drained is no error but an empty optional; cancelled through its
    /// slot: asio::error::operation_aborted. Counts as work of that executor meanwhile.
    /// A context that dies destroys the handler. A wait that has ended keeps no
    /// channel, even if its slot still refers to it. The token decides the return type.
    template <asio::completion_token_for<void(error_code, std::optional<T>)> Token>
    auto async_receive(Token&& token) const {
        return initiate_receive(detail::no_executor(), std::forward<Token>(token));
    }
    template <executor_or_context E,
              asio::completion_token_for<void(error_code, std::optional<T>)> Token>
    auto async_receive(E&& ex, Token&& token) const {
        return initiate_receive(detail::executor_in(ex), std::forward<Token>(token));
    }
    template <class Token>
        requires(!asio::completion_token_for<Token, void(error_code, std::optional<T>)>)
    void async_receive(Token&&) const {
        constexpr bool right = sizeof(std::remove_cvref_t<Token>*) == 0;
        static_assert(right,
                      "heddle: async_receive(token): a handler takes (error_code, "
                      "std::optional<T>)");
    }
    template <class U = T>
    void async_receive() const {
        constexpr bool right = sizeof(U*) == 0;
        static_assert(right,
                      "heddle: async_receive(token) needs a completion token, such "
                      "as a handler (error_code, std::optional<T>)");
    }

    // For `for (auto v : c)`.
    template <class U = T>
    detail::no_range<U> begin() const {
        constexpr bool right = sizeof(U*) == 0;
        static_assert(right, "heddle: a channel is no range: write while (auto v = "
                             "co_await c.receive())");
        return {};
    }
    template <class U = T>
    detail::no_range<U> end() const {
        return {};
    }

private:
    template <class Fallback, class Token>
    auto initiate_receive(Fallback fallback, Token&& token) const {
        return detail::initiate_token_wait<void(error_code, std::optional<T>)>(
            detail::async_receive_traits<receiver<T>, T>{
                static_cast<const Handle&>(*this)},
            std::move(fallback), std::forward<Token>(token));
    }

    detail::channel_core<T>* from() const noexcept {
        return static_cast<const Handle&>(*this).core();
    }
};

/// The verbs of a sending end.
template <class T, class Handle>
class sending_end {
public:
    /// Waits for a receiver, or for room. The value is copied now.
    send_op<T> send(const T& value) const
        requires(std::is_copy_constructible_v<T> && !detail::destroyed_twice<T>)
    {
        return {to(), std::in_place, value};
    }

    /// The same; the value is moved from when the send happens, and not before: if it
    /// is refused, cancelled or loses a select, the value is still the caller's. The
    /// send is awaited, or selected, in the expression that makes it.
    send_from_op<T> send(T&& value) const noexcept
        requires(!detail::destroyed_twice<T> && !detail::cheap_copy<T>)
    {
        return {to(), value};
    }
    send_op<T> send(T&& value) const
        requires detail::cheap_copy<T>
    {
        return {to(), std::in_place, value};
    }

    /// The same for a send that is kept, as in a vector of arms: `value` outlives it.
    template <std::same_as<T> U>
    send_op<T> send(std::reference_wrapper<U> value) const noexcept {
        return {to(), value.get()};
    }

    // The same, where the compiler would destroy a message twice that is made inside a
    // co_await expression; a list in braces is refused.
    template <class U>
        requires(detail::destroyed_twice<T> && std::is_convertible_v<U, T>)
    auto send(U&& value) const {
        if constexpr (std::is_same_v<U, T>)
            return send_from_op<T>(to(), value);
        else
            return send_op<T>(to(), std::in_place, std::forward<U>(value));
    }
    send_op<T> send(detail::braces) const
        requires detail::destroyed_twice<T>
    {
        constexpr bool right = sizeof(T) == 0;
        static_assert(right,
                      "heddle: g++ before 13 destroys an aggregate twice that is "
                      "made inside a co_await expression: write c.emplace(args...)");
        std::terminate();
    }

    // No T.
    template <class U>
        requires(!std::is_convertible_v<U, T>)
    send_op<T> send(U&&) const {
        constexpr bool right = std::is_convertible_v<U, T>;
        if constexpr (std::is_same_v<std::remove_cvref_t<U>, T>)
            static_assert(right,
                          "heddle: the value of this send can only be moved: write "
                          "c.send(std::move(value))");
        else
            static_assert(right,
                          "heddle: c.send(value) of a channel<T>: this value does "
                          "not convert to T; c.emplace(args...) makes a T");
        std::terminate();
    }

    /// Sends a signal.
    send_op<T> send() const
        requires std::is_same_v<T, unit>
    {
        return {to(), std::in_place};
    }

    /// Builds the value inside the operation; if refused it is destroyed with it.
    template <class... Args>
        requires std::is_constructible_v<T, Args&&...>
    send_op<T> emplace(Args&&... args) const {
        return {to(), std::in_place, std::forward<Args>(args)...};
    }

    /// Never waits. Moves from `value` (or copies it) only if `done`.
    [[nodiscard("heddle: the try_status tells whether the value was sent")]] try_status
    try_send(T&& value) const noexcept {
        return detail::try_send_to(to(), value);
    }
    [[nodiscard("heddle: the try_status tells whether the value was sent")]] try_status
    try_send(const T& value) const
        requires std::is_copy_constructible_v<T>
    {
        T copy(value);
        return try_send(std::move(copy));
    }
    [[nodiscard("heddle: the try_status tells whether the value was sent")]] try_status
    try_send() const noexcept
        requires std::is_same_v<T, unit>
    {
        return try_send(unit{});
    }

    /// No value follows. Buffered ones can still be received; parked receivers get
    /// empty, parked senders channel_closed with their values. Closing twice, or nil,
    /// throws channel_closed.
    void close() const {
        if (!try_close())
            detail::throw_close_of_closed(to());
    }
    /// Closes with a cause, which receivers can ask for. std::bad_alloc: nothing is
    /// closed.
    void close(std::exception_ptr cause) const {
        if (!to() || !to()->close(std::move(cause)))
            detail::throw_close_of_closed(to());
    }
    void close(error_code cause) const {
        close(std::make_exception_ptr(system_error(cause)));
    }
    /// Whether this call closed it.
    bool try_close() const noexcept { return to() && to()->close(); }

    /// Waits for room, and keeps it for one value: `permit.send(v)` then never waits.
    reserve_op<T> reserve() const { return reserve_op<T>(to()); }
    /// The same into `into`: the form for select.
    reserve_into_op<T> reserve(permit<T>& into) const { return {to(), into}; }
    /// Never waits. The permit is empty if there is no room, or the channel is closed or
    /// nil.
    permit<T> try_reserve() const { return permit<T>::try_take(to()); }

    /// For a plain thread: blocks it until there is a receiver, or room. Like send():
    /// closed it throws channel_closed, and a value that was not sent is still the
    /// caller's. Throws std::logic_error as receive_blocking.
    void send_blocking(T&& value) const {
        detail::send_operation<T> op(to(), value);
        detail::thread_wait().wait(op);
        op.take();
    }
    void send_blocking(const T& value) const
        requires std::is_copy_constructible_v<T>
    {
        T copy(value);
        send_blocking(std::move(copy));
    }
    void send_blocking() const
        requires std::is_same_v<T, unit>
    {
        send_blocking(unit{});
    }

    /// For callers that are no tasks: completes `token` with (error_code), posted as by
    /// async_receive. The value is moved into the operation; refused with errc::closed,
    /// or aborted, it is destroyed at once, on the thread that closes or aborts, before
    /// the handler is called.
    template <asio::completion_token_for<void(error_code)> Token>
    auto async_send(T value, Token&& token) const {
        return initiate_send(detail::no_executor(), std::move(value),
                             std::forward<Token>(token));
    }
    template <executor_or_context E, asio::completion_token_for<void(error_code)> Token>
    auto async_send(E&& ex, T value, Token&& token) const {
        return initiate_send(detail::executor_in(ex), std::move(value),
                             std::forward<Token>(token));
    }
    template <class Token>
        requires(!asio::completion_token_for<Token, void(error_code)>)
    void async_send(const T&, Token&&) const {
        constexpr bool right = sizeof(std::remove_cvref_t<Token>*) == 0;
        static_assert(right, "heddle: async_send(value, token): a handler takes "
                             "(error_code)");
    }
    template <class U>
    void async_send(U&&) const {
        constexpr bool right = sizeof(U*) == 0;
        static_assert(right,
                      "heddle: async_send(value, token) needs a completion token, "
                      "such as a handler (error_code)");
    }

private:
    template <class Fallback, class Token>
    auto initiate_send(Fallback fallback, T&& value, Token&& token) const {
        return detail::initiate_token_wait<void(error_code)>(
            detail::async_send_traits<sender<T>, T>{static_cast<const Handle&>(*this),
                                                    std::move(value)},
            std::move(fallback), std::forward<Token>(token));
    }
    detail::channel_core<T>* to() const noexcept {
        return static_cast<const Handle&>(*this).core();
    }
};

}  // namespace heddle
