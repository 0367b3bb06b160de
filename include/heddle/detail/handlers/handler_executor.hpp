// SPDX-License-Identifier: BSL-1.0
// The executor on which a completion handler is to run.
#pragma once

#include <heddle/detail/context/host_for.hpp>
#include <heddle/detail/platform/asio.hpp>

#include <concepts>

namespace heddle HEDDLE_VARIANT::detail {

/// Marks a handler that has no executor of its own.
struct no_executor {};

/// Whether an executor says where its handler is to run. That of use_future does not:
/// newer Asio lets it name the system's context, because any context will do.
template <class Executor>
constexpr bool names_context = requires(const Executor& ex) {
    {
        asio::query(ex, asio::execution::context)
    } -> std::convertible_to<asio::execution_context&>;
};
template <class T, class Blocking>
constexpr bool names_context<asio::detail::promise_executor<T, Blocking>> = false;

template <class Handler, class Fallback>
using executor_for = typename asio::associated_executor<Handler, Fallback>::type;

/// Returns the executor that a handler names, or else the fallback. Without a fallback
/// the handler must name one.
template <class Handler>
auto executor_of(const Handler& h, const no_executor&) {
    static_assert(
        names_context<executor_for<Handler, no_executor>>,
        "heddle: this handler has no associated executor: bind one, or give an "
        "executor or a context as the first argument");
    return asio::associated_executor<Handler, no_executor>::get(h, no_executor());
}
template <class Handler, class Fallback>
auto executor_of(const Handler& h, const Fallback& fallback) {
    if constexpr (names_context<executor_for<Handler, Fallback>>)
        return asio::associated_executor<Handler, Fallback>::get(h, fallback);
    else
        return fallback;
}

/// Holds a result whose move may throw. Only its address moves on the way to the
/// handler, so that the move can throw only where the handler is called.
template <class T>
struct boxed_result {
    std::unique_ptr<T> value;  // null if there is no result: the handler gets a T{}
};

template <class T>
T&& unboxed(T& plain) noexcept {
    return std::move(plain);
}
template <class T>
T unboxed(boxed_result<T>& boxed) {
    return boxed.value ? std::move(*boxed.value) : T{};
}

template <executor_or_context E>
auto executor_in(E& e) {
    if constexpr (execution_context_type<E>)
        return e.get_executor();
    else
        return e;
}

}  // namespace heddle::detail
