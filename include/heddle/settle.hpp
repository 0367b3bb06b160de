// SPDX-License-Identifier: BSL-1.0
// Errors as values: settled<T>, and settle(), which gives one instead of throwing.
#pragma once

#include <heddle/channel_operations.hpp>
#include <heddle/detail/core/failures.hpp>
#include <heddle/detail/core/promise.hpp>
#include <heddle/detail/platform/compiler.hpp>
#include <heddle/errors.hpp>

#include <coroutine>
#include <exception>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

#ifdef HEDDLE_HAS_EXPECTED
#include <expected>
#endif

namespace heddle HEDDLE_VARIANT {

namespace detail {

/// What an object keeps of a result of type T.
template <class T>
struct stored {
    using type = T;
};
template <class T>
struct stored<T&> {
    using type = std::reference_wrapper<T>;
};
template <>
struct stored<void> {
    using type = unit;
};
template <class T>
using stored_t = typename stored<T>::type;

/// Rethrows it if it is `cancelled`.
HEDDLE_API void throw_if_cancelled(const std::exception_ptr&);

/// The code of an exception: see settled::code().
HEDDLE_API error_code code_of(const std::exception_ptr&) noexcept;

}  // namespace detail

/// How a wait or a task has ended: with a result, or with a failure. It has the names of
/// std::expected, and converts to one where the standard library has it (C++23).
///
///     heddle::settled<std::size_t> n = co_await heddle::settle(in.async_read_some(...));
///     if (n) use(*n);                                   // or n.has_value()
///     else if (n.code() != asio::error::eof) n.value(); // throws what it failed with
///
/// Threads   one at a time.
/// Errors    value() of one with a failure throws that. Requires of `*`: it has a
///           result.
template <class T = void>
class settled {
public:
    template <class... Args>
    explicit settled(std::in_place_t, Args&&... args)
        : value_(std::in_place, std::forward<Args>(args)...) {}
    explicit settled(std::exception_ptr error) noexcept
        : failure_{std::move(error), {}} {}

    bool has_value() const noexcept { return value_.has_value(); }
    explicit operator bool() const noexcept { return has_value(); }

    /// What it failed with, as an exception; null if there is a result.
    const std::exception_ptr& error() const noexcept {
        if (!failure_.exception && failure_.code)
            failure_.exception = detail::failure_of<system_error>(failure_.code);
        return failure_.exception;
    }

    /// What it failed with, as a code: that of a system_error; errc::closed of a closed
    /// channel; asio::error::operation_aborted if it was cancelled, and timed_out if by
    /// a limit of its own; else errc::failed. A result has none, which is false. For the
    /// failure of a wait it costs nothing; that of a task is caught to be looked at.
    error_code code() const noexcept {
        if (!failure_.code && failure_.exception)
            failure_.code = detail::code_of(failure_.exception);
        return failure_.code;
    }

    /// The result; nothing for settled<void>.
    std::add_lvalue_reference_t<T> value() & {
        check();
        if constexpr (!std::is_void_v<T>)
            return *value_;
    }
    T value() && {
        check();
        if constexpr (!std::is_void_v<T>)
            return *std::move(value_);
    }

    template <class U = T>
        requires(!std::is_void_v<U>)
    U& operator*() noexcept {
        return *value_;
    }
    template <class U = T>
        requires(!std::is_void_v<U>)
    const U& operator*() const noexcept {
        return *value_;
    }
    template <class U = T>
        requires std::is_object_v<U>
    U* operator->() noexcept {
        return std::addressof(*value_);
    }

#ifdef HEDDLE_HAS_EXPECTED
    /// Moves the result, or the failure, into an expected.
    template <class U = T>
        requires(!std::is_reference_v<U>)
    operator std::expected<U, std::exception_ptr>() && {
        if (!has_value())
            return std::unexpected(error());
        if constexpr (std::is_void_v<U>)
            return {};
        else
            return *std::move(value_);
    }
#endif

    // -- for the library ------------------------------------------------------------
    explicit settled(detail::wait_failure f) noexcept : failure_(std::move(f)) {}

private:
    void check() const {
        if (!has_value())
            std::rethrow_exception(error());
    }

    std::optional<detail::stored_t<T>> value_;
    mutable detail::wait_failure failure_;
};

namespace detail {

/// Awaits A, and keeps what it would throw. An awaiter that has take_failure() gives that
/// without throwing it; of others it is caught.
template <class A>
class [[nodiscard]] settle_awaiter : pinned {
    using awaiter = decltype(awaiter_of(std::declval<process&>(), std::declval<A>()));
    using result = settled<decltype(std::declval<awaiter&>().await_resume())>;

public:
    settle_awaiter(process& self, A&& a)
        : self_(self), awaited_(awaiter_of(self, static_cast<A&&>(a))) {}

    bool await_ready() { return awaited_.await_ready(); }
    decltype(auto) await_suspend(std::coroutine_handle<> frame) {
        return awaited_.await_suspend(frame);
    }
    result await_resume() {
        try {
            if constexpr (requires { awaited_.take_failure(); })
                if (wait_failure f = awaited_.take_failure()) {
                    if (self_.interrupted() && f.exception) [[unlikely]]
                        throw_if_cancelled(f.exception);
                    return result(std::move(f));
                }
            if constexpr (std::is_void_v<decltype(awaited_.await_resume())>) {
                awaited_.await_resume();
                return result(std::in_place);
            } else {
                return result(std::in_place, awaited_.await_resume());
            }
        } catch (const cancelled&) {
            if (self_.interrupted())
                throw;
            return result(std::current_exception());
        } catch (...) {
            return result(std::current_exception());
        }
    }

private:
    process& self_;
    awaiter awaited_;
};

}  // namespace detail

/// What settle() returns, to be `co_await`ed.
template <class A>
class [[nodiscard(
    "heddle: co_await settle(...): before that nothing happens")]] settle_op
    : public detail::awaited_by_tasks {
public:
    explicit settle_op(A&& a) noexcept(std::is_nothrow_constructible_v<A, A&&>)
        : awaited_(static_cast<A&&>(a)) {}

    // -- for the library ------------------------------------------------------------
    detail::settle_awaiter<A> await_by(detail::process& self) && {
        return detail::settle_awaiter<A>(self, static_cast<A&&>(awaited_));
    }

private:
    A awaited_;
};

/// settle(x) awaits what `co_await x` would, and gives how that ended, as a value. x may
/// be a task, a join handle, a wait, a select, an operation of Asio, anything that a task
/// can await.
///
///     for (;;) {
///         auto n = co_await heddle::settle(socket.async_read_some(buffer, use_task));
///         if (!n) co_return;                   // the end of file is an expected end
///         ...
///     }
///
/// Cancel    it throws `cancelled` as co_await does, if the token in force has closed: the
///           failure of this task is none of x, and a limit around it must see it. The
///           `cancelled` of another task, or of a scope inside x, is a failure of x.
/// Errors    those of making x, which is done before, are thrown. For waits, Asio's
///           operations, joins and calls of tasks no exception is thrown inside either:
///           one that left a task is handed on as it is.
template <class A>
settle_op<A> settle(A&& awaitable) {
    return settle_op<A>(std::forward<A>(awaitable));
}

}  // namespace heddle
