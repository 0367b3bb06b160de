// SPDX-License-Identifier: BSL-1.0
// Calls that a task makes later, with copies of the function and of the arguments.
#pragma once

#include <heddle/detail/task/refuse_start.hpp>
#include <heddle/task.hpp>

#include <functional>
#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

/// The result of a call with copies of the arguments. If only the call with the arguments
/// themselves is possible, it is the result of that one: so overload resolution finds the
/// function, and `refuse_copies` says why the call does not compile.
template <class Copies, class Given>
using result_of_copies =
    typename std::conditional_t<possible<Copies>, Copies, Given>::type;

template <class F, class... Args>
using call_of_copies = std::invoke_result<std::decay_t<F>, std::decay_t<Args>...>;

/// What `f(args...)` gives, called later with copies of both.
template <class F, class... Args>
using result_later =
    result_of_copies<call_of_copies<F, Args...>, std::invoke_result<F, Args...>>;

template <class F, class... Args>
concept callable_later = requires { typename result_later<F, Args...>; };

/// What can be started: a task, or a function that takes these arguments. If it does not
/// take copies of them, it is refused later, by a message.
template <class F, class... Args>
concept startable_with =
    (is_task<std::decay_t<F>> && sizeof...(Args) == 0) || callable_later<F, Args...>;

template <class F, class... Args>
using result_of_go = typename task_result<result_later<F, Args...>>::type;

/// Calls `f` from a frame that keeps it, and its arguments, for as long as it runs.
template <class F, class... Args>
task<result_of_go<F, Args...>> hold(F f, Args... args) {
    if constexpr (is_task<result_later<F, Args...>>)
        co_return co_await std::invoke(std::move(f), std::move(args)...);
    else
        co_return std::invoke(std::move(f), std::move(args)...);
}

template <class... P>
constexpr bool all_by_value = (!std::is_reference_v<P> && ...);

/// A coroutine that keeps all it needs in its own frame: a function, or a stateless
/// function object, whose parameters are values.
template <class F>
struct keeps_its_arguments : std::false_type {};
template <class T, class... P>
struct keeps_its_arguments<task<T> (*)(P...)> : std::bool_constant<all_by_value<P...>> {
};
template <class T, class... P>
struct keeps_its_arguments<task<T> (*)(P...) noexcept>
    : std::bool_constant<all_by_value<P...>> {};
template <class F, class T, class... P>
constexpr bool by_value_call(task<T> (F::*)(P...) const) {
    return all_by_value<P...>;
}
template <class F>
    requires(std::is_empty_v<F> && requires { by_value_call(&F::operator()); })
struct keeps_its_arguments<F> : std::bool_constant<by_value_call(&F::operator())> {};

template <class F, class... Args>
task<result_of_go<F, Args...>> bind_task(F&& f, Args&&... args) {
    if constexpr (keeps_its_arguments<std::decay_t<F>>::value &&
                  std::is_invocable_v<F, Args...>)
        return std::invoke(std::forward<F>(f), std::forward<Args>(args)...);
    else if constexpr (!(std::is_constructible_v<std::decay_t<Args>, Args> && ...))
        refuse_uncopied<Args...>();
    else if constexpr (possible<call_of_copies<F, Args...>>)
        return hold<std::decay_t<F>, std::decay_t<Args>...>(
            std::forward<F>(f), std::forward<Args>(args)...);
    else
        refuse_copies<call_of_copies<F, Args...>>();
}

}  // namespace heddle::detail
