// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/service/closer.hpp>
#include <heddle/go.hpp>

#include <concepts>
#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT {

namespace detail {

template <class T, class R>
task<> close_after([[maybe_unused]] closer<T> out, task<R> work) {
    (void)co_await std::move(work);
}

template <class T, class F, class... Args>
receiver<T> generate(const void* at, const channel<T>& out, F&& f, Args&&... args) {
    process& parent = host::current_process();
    auto work =
        bind_task(std::forward<F>(f), sender<T>(out), std::forward<Args>(args)...);
    (void)start(parent, close_after(closer<T>(out), std::move(work)), at);
    return out;
}

template <class F, class T, class... Args>
concept generator = callable_later<F, sender<T>, Args...>;

}  // namespace detail

/// generate starts a task f(sender<T>, args...), and gives the receiving end of its
/// channel.
///
///     heddle::task<> count(heddle::sender<int> out, int from) {
///         for (int i = from;; ++i) co_await out.send(i);
///     }
///     auto numbers = heddle::generate<int>(count, 1);       // unbuffered
///     auto numbers = heddle::generate<int>(64, count, 1);   // buffers 64
///
/// `f` and the arguments are copied as by go. Only f can send.
///
/// Resumes   the task gets its first turn after the tasks that are ready now.
/// Closing   the channel is closed when f has ended, by return, by an exception or by
///           cancellation, and its frame is destroyed; also if its context is
///           destroyed.
/// Cancel    the token in force here is above the task's own. If the channel is read no
///           more, f waits in its send until that token closes: so give generators a
///           scope, such as with_done.
/// Errors    of the call, as of go, or of channel. An exception of f is a detached
///           task's (on_unhandled, or out of run): the reader only sees the channel
///           closed.
template <class T, class F, class... Args>
    requires detail::generator<F, T, Args...>
[[nodiscard]] HEDDLE_NOINLINE receiver<T> generate(F&& f, Args&&... args) {
    return detail::generate(HEDDLE_RETURN_ADDRESS(), channel<T>(), std::forward<F>(f),
                            std::forward<Args>(args)...);
}

template <class T, std::integral N, class F, class... Args>
    requires detail::generator<F, T, Args...>
[[nodiscard]] HEDDLE_NOINLINE receiver<T> generate(N capacity, F&& f, Args&&... args) {
    return detail::generate(HEDDLE_RETURN_ADDRESS(), channel<T>(capacity),
                            std::forward<F>(f), std::forward<Args>(args)...);
}

}  // namespace heddle
