// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/task/bind.hpp>
#include <heddle/detail/task/blocking.hpp>
#include <heddle/task.hpp>

#include <exception>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT {

namespace detail {

template <class F, class... Args, class R = std::invoke_result_t<F, Args...>>
task<R> run_blocking(F f, Args... args) {
    static_assert(!std::is_reference_v<R>, "heddle: go_blocking returns by value");
    std::exception_ptr failure;
    std::optional<std::conditional_t<std::is_void_v<R>, int, R>> result;
    auto work = [&] {
        try {
            if constexpr (std::is_void_v<R>)
                std::invoke(std::move(f), std::move(args)...);
            else
                result.emplace(std::invoke(std::move(f), std::move(args)...));
        } catch (...) {
            failure = std::current_exception();
        }
    };
    blocking_op op(work);
    co_await op;
    if (failure)
        std::rethrow_exception(std::move(failure));
    if constexpr (!std::is_void_v<R>)
        co_return *std::move(result);
}

}  // namespace detail

/// Runs a function that blocks, on a thread of the context's own pool, and gives its
/// result or rethrows its exception. `f` and the arguments are copied.
///
///     auto text = co_await heddle::go_blocking(read_file, path);
///
/// Threads   at most max(4, two for each core) such functions of a context run at once,
///           the others wait for a thread in order. The first call ends single-threaded
///           operation of the process for good.
/// Resumes   on the task's host. The call counts as work of the context meanwhile.
/// Cancel    throws `cancelled` before it has begun to wait; after that the function is
///           run to its end, and its result is kept.
/// Lifetime  the end of the context waits for the functions that run; those that wait
///           for a thread are dropped.
template <class F, class... Args>
    requires detail::callable_later<F, Args...>
task<detail::result_later<F, Args...>> go_blocking(F&& f, Args&&... args) {
    using call = detail::call_of_copies<F, Args...>;
    if constexpr (detail::possible<call>)
        return detail::run_blocking<std::decay_t<F>, std::decay_t<Args>...>(
            std::forward<F>(f), std::forward<Args>(args)...);
    else
        detail::refuse_copies<call>();
}

}  // namespace heddle
