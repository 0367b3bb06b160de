// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/task/bind.hpp>
#include <heddle/time.hpp>

#include <cstddef>
#include <exception>
#include <functional>
#include <limits>
#include <utility>

namespace heddle HEDDLE_VARIANT {

/// When retry() tries again, and how often.
struct retry_policy {
    /// How often the function is called at most; std::size_t(-1): without an end.
    std::size_t attempts = 5;
    /// The pause after attempt k is drawn evenly from 0 to first * factor^(k-1), and to
    /// `longest` at most: exponential backoff with full jitter, so that those who
    /// failed together do not come back together.
    duration first = std::chrono::milliseconds(100);
    double factor = 2;
    duration longest = std::chrono::seconds(30);
    /// Whether to try again after this exception; without one, after each.
    std::function<bool(const std::exception_ptr&)> again = {};
};

namespace detail {

/// Throws std::invalid_argument if the policy makes no sense.
HEDDLE_API void check_policy(const retry_policy& p);

/// The pause after attempt k, from 1, drawn with the seed of the run.
HEDDLE_API duration pause_after(const retry_policy& p, std::size_t k);

}  // namespace detail

/// Calls f(args...), a coroutine, until it does not throw, and gives its result.
///
///     auto reply = co_await heddle::retry({.attempts = 3}, fetch, url);
///     auto reply = co_await heddle::with_timeout(10s, heddle::retry({}, fetch, url));
///
/// `f` and the arguments are copied for each attempt, which is a call in this task.
///
/// Cancel    `cancelled` is never tried again. A token that closes, or a deadline that
///           passes, in a pause ends it: `cancelled`. So a limit around retry() bounds
///           all attempts and pauses together.
/// Errors    the exception of the last attempt, or of one that `again` refuses. A
///           policy of 0 attempts, a negative time, or a factor below 1:
///           std::invalid_argument.
/// Clock     that of the host; in virtual time, with a seed, the pauses are the same in
///           each run.
template <class F, class... Args>
    requires detail::is_task<std::invoke_result_t<F&, Args&...>>
auto retry(retry_policy policy, F f, Args... args)
    -> task<typename detail::task_result<std::invoke_result_t<F&, Args&...>>::type> {
    detail::check_policy(policy);
    for (std::size_t k = 1;; ++k) {
        std::exception_ptr failed;
        try {
            co_return co_await std::invoke(f, args...);
        } catch (const cancelled&) {
            throw;
        } catch (...) {
            failed = std::current_exception();
        }
        if (k == policy.attempts || (policy.again && !policy.again(failed)))
            std::rethrow_exception(failed);
        co_await sleep(detail::pause_after(policy, k));
    }
}

}  // namespace heddle
