// SPDX-License-Identifier: BSL-1.0
// What the compiler says of something that cannot be started, and of a time without a unit.
#pragma once

#include <heddle/detail/core/words.hpp>
#include <heddle/executor.hpp>
#include <heddle/task.hpp>

#include <chrono>
#include <exception>
#include <type_traits>

namespace heddle HEDDLE_VARIANT::detail {

/// `Call` is a std::invoke_result; is there one?
template <class Call>
concept possible = requires { typename Call::type; };

template <class Copies>
[[noreturn]] void refuse_copies() {
    constexpr bool right = possible<Copies>;
    static_assert(right,
                  "heddle: arguments are copied, and a copy cannot be bound to a "
                  "non-const reference: for a parameter of type T& use "
                  "std::ref(argument)");
    std::terminate();
}

/// A duration, or a type derived from one.
template <class D>
concept is_duration = requires(const D& d) {
    []<class Rep, class Period>(const std::chrono::duration<Rep, Period>&) {}(d);
};
template <class M>
concept is_moment = requires(const M& m) {
    []<class D>(const std::chrono::time_point<std::chrono::steady_clock, D>&) {}(m);
};

template <class D>
[[noreturn]] void refuse_duration() {
    constexpr bool right = is_duration<D>;
    if constexpr (mistake_of<D> == mistake_kind::moment)
        static_assert(right,
                      "heddle: a time_point is no duration: write "
                      "heddle::sleep_until(time_point) or heddle::at(time_point)");
    else
        static_assert(right, "heddle: a duration has a unit: write 100ms, or n * 1ms");
    std::terminate();
}

template <class M>
[[noreturn]] void refuse_moment() {
    constexpr bool right = is_moment<M>;
    if constexpr (is_duration<M>)
        static_assert(right, "heddle: a duration is no time_point: write "
                             "heddle::sleep(duration) or heddle::after(duration)");
    else
        static_assert(right, "heddle: a time_point is one of the steady clock: write "
                             "heddle::now() + duration");
    std::terminate();
}

/// For functions that take a task that somebody made. Work: as given, with its reference.
template <class Work>
[[noreturn]] void refuse_work() {
    using work = std::remove_cvref_t<Work>;
    constexpr bool right = std::is_void_v<Work>;
    if constexpr (is_task<work>)
        static_assert(right, "heddle: a task is run once, so give it up: write "
                             "std::move(task)");
    else if constexpr (mistake_of<work> == mistake_kind::asio_coroutine)
        static_assert(right, "heddle: an asio::awaitable is no task: write "
                             "asio::co_spawn(executor, f(), token)");
    else if constexpr (mistake_of<work> == mistake_kind::function)
        static_assert(right, "heddle: this takes a task, and not a function: call the "
                             "function, f(args...)");
    else
        static_assert(right, "heddle: this takes a task: a call, f(args...), of a "
                             "function that returns heddle::task");
    std::terminate();
}

/// For functions that take a duration and a task.
template <class D, class Work>
[[noreturn]] void refuse_limit() {
    constexpr bool right = !is_task<D>;
    if constexpr (is_task<D>)
        static_assert(right, "heddle: a time limit takes the duration first: "
                             "heddle::with_timeout(duration, f(args...)), or "
                             "heddle::timeout");
    else if constexpr (!is_duration<D>)
        refuse_duration<D>();
    else
        refuse_work<Work>();
    std::terminate();
}

/// For functions that take a function and its arguments, or a task.
template <class F, class... Args>
[[noreturn]] void refuse_start() {
    using function = std::remove_cvref_t<F>;
    constexpr bool right = std::is_void_v<F>;
    if constexpr (executor_or_context<F> && sizeof...(Args) > 0)
        refuse_start<Args...>();
    else if constexpr (is_task<function> && sizeof...(Args) == 0)
        static_assert(right, "heddle: a task is started once, so give it up: "
                             "heddle::go(std::move(task))");
    else if constexpr (is_task<function>)
        static_assert(right, "heddle: a task has its arguments: write "
                             "heddle::go(f(args...)) or heddle::go(f, args...)");
    else if constexpr (std::is_member_function_pointer_v<function>)
        static_assert(right, "heddle: a member function takes its object first: "
                             "heddle::go(&type::function, object, args...), with "
                             "std::ref(object) or a pointer to share it");
    else if constexpr (mistake_of<function> == mistake_kind::asio_coroutine)
        static_assert(right, "heddle: an asio::awaitable is no task: write "
                             "asio::co_spawn(executor, f(), token)");
    else if constexpr (mistake_of<function> == mistake_kind::function)
        static_assert(right,
                      "heddle: the function of this go(f, args...) cannot be "
                      "called with copies of these arguments: mind their number, "
                      "order and types");
    else
        static_assert(right, "heddle: what is started is a task, f(args...), or a "
                             "function with its arguments: heddle::go(f, args...)");
    std::terminate();
}

/// An argument that cannot be copied was given by name.
template <class... Args>
[[noreturn]] void refuse_uncopied() {
    constexpr bool right = (std::is_constructible_v<std::decay_t<Args>, Args> && ...);
    static_assert(right, "heddle: arguments are copied, and one of these can only be "
                         "moved: write std::move(argument)");
    std::terminate();
}

}  // namespace heddle::detail
