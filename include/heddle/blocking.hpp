// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/task/bind.hpp>
#include <heddle/detail/task/blocking.hpp>
#include <heddle/task.hpp>
#include <heddle/this_task.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <tuple>
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

template <class R, class F, class... Args>
struct abandonable final : abandonable_work {
    template <class G, class... A>
    explicit abandonable(G&& g, A&&... a)
        : call(std::forward<G>(g), std::forward<A>(a)...) {}

    void run() noexcept override {
        try {
            if constexpr (std::is_void_v<R>)
                std::apply(invoke, std::move(call));
            else
                result.emplace(std::apply(invoke, std::move(call)));
        } catch (...) {
            failure = std::current_exception();
        }
    }
    static R invoke(F&& f, Args&&... args) {
        return std::invoke(std::move(f), std::move(args)...);
    }

    std::tuple<F, Args...> call;
    std::exception_ptr failure;
    std::optional<std::conditional_t<std::is_void_v<R>, int, R>> result;
};

template <class F, class... Args, class R = std::invoke_result_t<F, Args...>>
task<R> run_abandonable(F f, Args... args) {
    static_assert(!std::is_reference_v<R>, "heddle: go_blocking returns by value");
    auto work =
        std::make_shared<abandonable<R, F, Args...>>(std::move(f), std::move(args)...);
    // Work of the context, as nothing else there can end the wait.
    auto counts =
        asio::prefer(this_task::executor(), asio::execution::outstanding_work.tracked);
    post_blocking(work);
    co_await work->finished.token();
    if (work->failure)
        std::rethrow_exception(std::move(work->failure));
    if constexpr (!std::is_void_v<R>)
        co_return *std::move(work->result);
}

}  // namespace detail

/// The first argument of a go_blocking that may be left: see there.
struct abandon_on_cancel_t {
    constexpr explicit abandon_on_cancel_t() noexcept = default;
};
inline constexpr abandon_on_cancel_t abandon_on_cancel{};

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
///           run to its end, and its result is kept: it may use what the task owns. So a
///           limit around it may take longer. A function that owns all that it uses may
///           be left at once:
///
///               auto n = co_await heddle::with_timeout(
///                   1s, heddle::go_blocking(heddle::abandon_on_cancel, count, path));
///
///           Its thread then ends what it does, and the result is dropped. Requires:
///           what it refers to lives as long.
/// Lifetime  the end of the context waits for the functions that run, and says so after
///           a second; those that wait for a thread are dropped.
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

template <class F, class... Args>
    requires detail::callable_later<F, Args...>
task<detail::result_later<F, Args...>> go_blocking(abandon_on_cancel_t, F&& f,
                                                   Args&&... args) {
    using call = detail::call_of_copies<F, Args...>;
    if constexpr (detail::possible<call>)
        return detail::run_abandonable<std::decay_t<F>, std::decay_t<Args>...>(
            std::forward<F>(f), std::forward<Args>(args)...);
    else
        detail::refuse_copies<call>();
}

}  // namespace heddle
