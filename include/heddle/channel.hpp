// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/channel_operations.hpp>
#include <heddle/detail/handlers/thread_wait.hpp>
#include <heddle/detail/wait/channel_async.hpp>
#include <heddle/detail/wait/channel_try.hpp>
#include <heddle/detail/wait/channel_value.hpp>
#include <heddle/errors.hpp>
#include <heddle/task.hpp>

#include <concepts>
#include <cstddef>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT {

/// The value of a channel that carries signals only.
struct unit {
    friend bool operator==(unit, unit) = default;
};

/// Promises that a channel is used by one serial host only.
struct same_host_t {
    explicit same_host_t() = default;
};
inline constexpr same_host_t same_host{};

template <class T>
class receiver;
template <class T>
class sender;

/// One end, or both: a counted pointer to the core.
template <class T, std::uint64_t Kind>
class channel_handle {
public:
    channel_handle(const channel_handle& o) noexcept : channel_handle(o.core_) {}
    channel_handle(channel_handle&& o) noexcept
        : core_(std::exchange(o.core_, nullptr)) {}
    channel_handle& operator=(channel_handle o) noexcept {
        std::swap(core_, o.core_);
        return *this;
    }
    ~channel_handle() {
        if (core_)
            core_->drop(Kind);
    }

    /// Whether it was closed. Values may still wait in the buffer.
    bool closed() const noexcept { return core_ && core_->closed(); }
    /// The number of buffered values; 0 for nil.
    std::size_t size() const noexcept { return core_ ? core_->size() : 0; }
    /// How many can be buffered; 0 for nil.
    std::size_t capacity() const noexcept { return core_ ? core_->capacity() : 0; }
    /// Names the channel for dumps and error messages; nothing for nil.
    void name(std::string name) const {
        if (core_)
            core_->name(std::move(name));
    }

    /// Prints which channel it is, never what is in it: channel@0x5581f0c0a2b0, or
    /// channel@nil. Every handle of a channel prints the same.
    template <class Char, class Traits>
    friend std::basic_ostream<Char, Traits>&
    operator<<(std::basic_ostream<Char, Traits>& to, const channel_handle& c) {
        to << "channel@";
        return c.core_ ? to << static_cast<const void*>(c.core_) : to << "nil";
    }

    // -- for the library ------------------------------------------------------------
    detail::channel_core<T>* core() const noexcept { return core_; }

protected:
    struct adopt {};
    channel_handle(adopt, detail::channel_core<T>* core) noexcept : core_(core) {}
    explicit channel_handle(detail::channel_core<T>* core) noexcept : core_(core) {
        if (core_)
            core_->take(Kind);
    }

    detail::channel_core<T>* core_;
};

/// The verbs of a receiving end.
template <class T, class Handle>
class receiving_end {
public:
    /// `std::optional<T>`: the next value; empty: closed and drained.
    receive_value_op<T> receive() const noexcept { return receive_value_op<T>(from()); }

    /// The same into `to`, which is emptied if closed; `co_await` gives a bool. The
    /// form for select. `to` must outlive the wait.
    receive_op<T> receive(std::optional<T>& to) const noexcept { return {from(), &to}; }

    /// A bool; `to` is left alone if closed. For `while (co_await in.receive(v))`.
    receive_into_op<T> receive(T& to) const noexcept
        requires std::is_move_assignable_v<T>
    {
        return {from(), to};
    }

    /// Never waits. `closed`: closed and drained; then, and if it would block, `to` is
    /// left alone.
    try_status try_receive(std::optional<T>& to) const noexcept {
        return detail::try_receive_from(from(), to);
    }
    try_status try_receive(T& to) const
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
        requires std::is_copy_constructible_v<T>
    {
        return {to(), std::in_place, value};
    }

    /// The same; the value is moved from when the send happens, and not before: if it
    /// is refused, cancelled or loses a select, the value is still the caller's. It
    /// must outlive the wait.
    send_op<T> send(T&& value) const
        requires(!detail::destroyed_twice<T>)
    {
        if constexpr (detail::cheap_copy<T>)
            return {to(), std::in_place, value};
        else
            return {to(), value};
    }

    [[deprecated(
        "g++ before 13 destroys an aggregate that is made inside a co_await "
        "expression twice; use emplace(args...), or emplace(std::move(named))")]]
    send_op<T> send(T&& value) const
        requires(detail::destroyed_twice<T>)
    {
        return {to(), value};
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
    try_status try_send(T&& value) const noexcept {
        return detail::try_send_to(to(), value);
    }
    try_status try_send(const T& value) const
        requires std::is_copy_constructible_v<T>
    {
        T copy(value);
        return try_send(std::move(copy));
    }
    try_status try_send() const noexcept
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
    /// Whether this call closed it.
    bool try_close() const noexcept { return to() && to()->close(); }

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

/// A channel carries values of type T from tasks that send to tasks that receive. A
/// handle is cheap; a copy is the same channel.
///
///     heddle::channel<int> c;        // unbuffered: a send waits for its receiver
///     heddle::channel<int> c(64);    // buffered: a send waits only if 64 values do
///     heddle::channel<int> c(64, heddle::same_host);   // no locks: see there
///     co_await c.send(1);
///     while (auto v = co_await c.receive()) use(*v);
///     c.close();
///
/// Each value sent is received once: the value of a cancelled, losing or refused send
/// is still its owner's, and a cancelled or losing receive has taken nothing. A value
/// whose receiver was destroyed in between is destroyed once. Values arrive in the
/// order of the sends. The move of a T, and the destruction of a moved-from T, are the
/// only code of yours that runs under the channel's lock; it must not call heddle.
///
/// A value moves twice from hand to hand, and once more through the buffer: into the
/// wait of its receiver, and from there to the receiver's destination, by construction
/// or assignment. A try_receive into an empty optional takes it at once. A send that
/// copies or builds its value builds it in place; as an arm that moves once more, and
/// three times more by async_send.
///
/// Threads   every member may be called from any thread; one handle object from one
///           thread at a time, as a shared_ptr.
/// Resumes   waiters in order of arrival, each on its own host, never inside the call
///           that woke them. Every operation is O(1), leaving a queue too.
/// Closing   see close(). Dropping handles closes nothing.
/// Cancel    a cancelled wait leaves the channel as if it had never been there.
/// Lifetime  the channel lives while a handle does, and the handle a wait was made from
///           must outlive the wait. A moved-from handle is nil.
/// Errors    channel_closed as said; a capacity that cannot be had: std::length_error.
///           On nil every wait lasts for ever, try_ operations would block, close
///           throws.
/// Memory    to wake a waiter takes none on an io_context, a thread_pool, a strand of one
///           of them, and the system's executor, also in any_io_executor, nor a task on a
///           host of one of them. On executors of others, and on strands of those or of
///           any_io_executor, the program ends if there is none.
template <class T = unit>
class channel : public channel_handle<T, detail::channel_base::one_sender>,
                public sending_end<T, channel<T>>,
                public receiving_end<T, channel<T>> {
    using base = channel_handle<T, detail::channel_base::one_sender>;

public:
    /// Unbuffered.
    channel() : channel(0) {}
    /// Buffers `capacity` values; 0: unbuffered.
    template <std::integral N>
    explicit channel(N capacity) : base(typename base::adopt{}, make(capacity, true)) {}
    /// Promises that only one serial host uses it: no locks, even if the process has
    /// more threads. Checked in debug builds by an assertion.
    template <std::integral N>
    channel(N capacity, same_host_t)
        : base(typename base::adopt{}, make(capacity, false)) {}
    /// The nil channel.
    channel(std::nullptr_t) noexcept : base(nullptr) {}

    friend bool operator==(const channel& a, const channel& b) noexcept {
        return a.core() == b.core();
    }
    friend bool operator==(const channel& a, std::nullptr_t) noexcept {
        return !a.core();
    }

private:
    template <std::integral N>
    static detail::channel_core<T>* make(N capacity, bool shared) {
        static_assert(detail::element_type<T>());
        if (std::cmp_less(capacity, 0) || !std::in_range<std::size_t>(capacity))
            detail::throw_capacity();
        return detail::channel_core<T>::make(static_cast<std::size_t>(capacity),
                                             shared);
    }
};

/// The receiving end of a channel; default-made it is nil.
template <class T = unit>
class receiver : public channel_handle<T, detail::channel_base::one_handle>,
                 public receiving_end<T, receiver<T>> {
    using base = channel_handle<T, detail::channel_base::one_handle>;

public:
    receiver(std::nullptr_t = nullptr) noexcept : base(nullptr) {}
    receiver(const channel<T>& c) noexcept : base(c.core()) {}

    friend bool operator==(const receiver& a, const receiver& b) noexcept {
        return a.core() == b.core();
    }
    friend bool operator==(const receiver& a, std::nullptr_t) noexcept {
        return !a.core();
    }
};

/// The sending end of a channel; default-made it is nil.
template <class T = unit>
class sender : public channel_handle<T, detail::channel_base::one_sender>,
               public sending_end<T, sender<T>> {
    using base = channel_handle<T, detail::channel_base::one_sender>;

public:
    sender(std::nullptr_t = nullptr) noexcept : base(nullptr) {}
    sender(const channel<T>& c) noexcept : base(c.core()) {}

    friend bool operator==(const sender& a, const sender& b) noexcept {
        return a.core() == b.core();
    }
    friend bool operator==(const sender& a, std::nullptr_t) noexcept {
        return !a.core();
    }
};

}  // namespace heddle
