// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/task/bind.hpp>
#include <heddle/sync/mutex.hpp>
#include <heddle/task.hpp>
#include <heddle/this_task.hpp>

#include <cstdint>
#include <functional>
#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT {

/// A once runs a function once, however many tasks call it; all wait until it has run.
///
///     co_await loaded.call(load_table, std::ref(table));
///
/// If the function throws, its caller gets the exception, and the next caller runs the
/// function that it brought. Otherwise a cancelled first caller would let all others go
/// on with something half made. (In Go, Do is over even if its function panics.)
///
/// Threads   every member may be called from any thread.
/// Resumes   waiters in order of arrival, on their own hosts.
/// Cancel    a call() that is cancelled while it waits for another has done nothing;
///           one that runs its function is cancelled where the function waits, as in
///           any call. It is no arm.
/// Lifetime  as of mutex.
/// Errors    call() inside the function that it runs, by the same task:
///           std::logic_error (Go hangs).
class HEDDLE_API once {
public:
    once() = default;

    /// Calls f(args...), a coroutine or a plain function, unless a call has succeeded
    /// before. The result is dropped. `f` and the arguments are copied as by go.
    template <class F, class... Args>
        requires detail::possible<std::invoke_result<F, Args...>> ||
                 detail::possible<std::invoke_result<F&, Args&...>>
    task<> call(F f, Args... args) {
        if (!may_run())
            co_return;
        auto running = co_await mutex_.lock();
        if (done_.load(std::memory_order_acquire))
            co_return;
        runner_.store(this_task::id(), std::memory_order_relaxed);
        try {
            using call = std::invoke_result<F, Args...>;
            if constexpr (!detail::possible<call>)
                detail::refuse_copies<call>();
            else if constexpr (detail::is_task<typename call::type>)
                (void)co_await std::invoke(std::move(f), std::move(args)...);
            else
                (void)std::invoke(std::move(f), std::move(args)...);
        } catch (...) {
            runner_.store(0, std::memory_order_relaxed);
            throw;
        }
        done_.store(true, std::memory_order_release);  // pairs with may_run()
    }

private:
    bool may_run() const;  // throws cancelled, or logic_error in a recursion

    mutex mutex_;
    detail::atomic<bool> done_{false};
    detail::atomic<std::uint64_t> runner_{
        0};  // the task that runs the function; ids never recur
};

}  // namespace heddle
