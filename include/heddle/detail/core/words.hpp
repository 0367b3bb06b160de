// SPDX-License-Identifier: BSL-1.0
// The messages with which a mistake is refused, where heddle can tell what was meant.
#pragma once

#include <heddle/detail/platform/asio.hpp>

#include <chrono>
#include <coroutine>
#include <type_traits>

namespace heddle HEDDLE_VARIANT::detail {

/// What stands where a wait, an arm or a task is expected. A type of heddle's tells it by
/// its member `mistake`.
enum class mistake_kind : unsigned char {
    other,
    number,
    duration,
    moment,
    function,
    future,
    asio_coroutine,
    asio_operation,
    task,
    channel,
    receive_value,
    receive_into,
    kept_send,
    mutex,
    lock,
    reserve,
    arrival,
    has_wait,
    ticker,
    source,
    stream,
    range,
};

template <class A>
concept like_future = requires(A& a) {
    a.get();
    a.wait();
    a.valid();
};
template <class A>
concept like_function =
    std::is_function_v<std::remove_pointer_t<A>> ||
    std::is_member_function_pointer_v<A> || requires { &A::operator(); };

template <class A>
constexpr mistake_kind mistake_of =
    std::is_arithmetic_v<A>        ? mistake_kind::number
    : like_future<A>               ? mistake_kind::future
    : like_function<A>             ? mistake_kind::function
    : requires(A& a) { a.wait(); } ? mistake_kind::has_wait
                                   : mistake_kind::other;
template <class A>
    requires requires { A::mistake; }
constexpr mistake_kind mistake_of<A> = A::mistake;
template <class Rep, class Period>
constexpr mistake_kind mistake_of<std::chrono::duration<Rep, Period>> =
    mistake_kind::duration;
template <class Clock, class Duration>
constexpr mistake_kind mistake_of<std::chrono::time_point<Clock, Duration>> =
    mistake_kind::moment;
template <class T, class Executor>
constexpr mistake_kind mistake_of<asio::awaitable<T, Executor>> =
    mistake_kind::asio_coroutine;

/// What `co_await` of a mistake gives, so that the compiler complains only once.
struct anything {
    template <class T>
    operator T() const;
};
struct refused_awaiter {
    bool await_ready() const noexcept { return true; }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    anything await_resume() const noexcept { return {}; }
};

// In each of these functions `right` is false, but depends on a template parameter.

template <mistake_kind M>
void refuse_await() {
    using enum mistake_kind;
    constexpr bool right = M > range;
    if constexpr (M == duration)
        static_assert(right, "heddle: co_await of a duration: write co_await "
                             "heddle::sleep(duration)");
    else if constexpr (M == moment)
        static_assert(right, "heddle: co_await of a time_point: write co_await "
                             "heddle::sleep_until(time_point)");
    else if constexpr (M == function)
        static_assert(right, "heddle: co_await of a function: call it, co_await "
                             "f(args...)");
    else if constexpr (M == future)
        static_assert(right, "heddle: a task cannot co_await a future: write "
                             "heddle::use_task for use_future, and for std::async "
                             "co_await heddle::go_blocking(f, args...)");
    else if constexpr (M == asio_coroutine)
        static_assert(right,
                      "heddle: a task cannot co_await an asio::awaitable: write "
                      "heddle::use_task for use_awaitable, and for a coroutine "
                      "co_await asio::co_spawn(executor, f(), heddle::use_task)");
    else if constexpr (M == task)
        static_assert(right, "heddle: a task is awaited once, so give it up: co_await "
                             "std::move(task)");
    else if constexpr (M == channel)
        static_assert(right, "heddle: co_await of a channel: write co_await "
                             "c.receive() or co_await c.send(value)");
    else if constexpr (M == kept_send)
        static_assert(right,
                      "heddle: a send of an rvalue is awaited where it is made: "
                      "its value may be gone later. Keep c.emplace(value), which "
                      "owns it, or c.send(std::ref(value))");
    else if constexpr (M == has_wait)
        static_assert(right, "heddle: co_await of an object: write which of its waits, "
                             "as in co_await group.wait()");
    else if constexpr (M == mutex)
        static_assert(right, "heddle: co_await of a mutex: write auto guard = co_await "
                             "m.lock()");
    else if constexpr (M == ticker)
        static_assert(right, "heddle: co_await of a ticker: write co_await t.next()");
    else if constexpr (M == source)
        static_assert(right, "heddle: co_await of a done_source: write co_await "
                             "source.token()");
    else if constexpr (M == stream)
        static_assert(right,
                      "heddle: co_await of a stream: write co_await s.next(), or "
                      "co_await (s | operator)");
    else
        static_assert(right,
                      "heddle: a task can co_await heddle's operations, an rvalue "
                      "task, and Asio operations started with heddle::use_task or "
                      "heddle::deferred");
}

/// The base of operations that only tasks can co_await. Asio calls such an operation if
/// an asio::awaitable awaits it.
struct awaited_by_tasks {
    template <class Executor>
    asio::detail::awaitable_thread<Executor>*
    operator()(asio::detail::awaitable_frame_base<Executor>*) const {
        constexpr bool right = sizeof(Executor) == 0;
        static_assert(
            right, "heddle: an asio::awaitable waits by a token: co_await "
                   "c.async_receive(asio::use_awaitable), c.async_send(value, token) "
                   "or heddle::go(executor, f, args...).async_join(token)");
        return nullptr;
    }
};

struct awaited_by_all {
    void operator()() const = delete;
};
/// The base of operations that an asio::awaitable can co_await, if its Asio calls them
/// with a completion token.
using awaited_by_tokens =
    std::conditional_t<asio_awaits_operations, awaited_by_all, awaited_by_tasks>;

}  // namespace heddle::detail
