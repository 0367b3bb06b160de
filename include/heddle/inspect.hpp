// SPDX-License-Identifier: BSL-1.0
// The tasks that are alive, what they wait for, and failures that no task takes.
#pragma once

#include <heddle/detail/platform/config.hpp>
#include <heddle/executor.hpp>

#include <cstddef>
#include <exception>
#include <functional>
#include <string>

namespace heddle HEDDLE_VARIANT {

/// The number of tasks alive on the hosts of a context, or of the running task's
/// context. O(hosts).
HEDDLE_API std::size_t live_tasks(asio::execution_context& ctx);
HEDDLE_API std::size_t live_tasks();
template <executor_only Executor>
std::size_t live_tasks(const Executor& ex) {
    return live_tasks(asio::query(ex, asio::execution::context));
}

/// Hands exceptions that leave the detached tasks of a context to `f`, on the thread
/// that runs their host, instead of letting them leave io_context::run(). An exception
/// of `f` does leave it. A null `f` takes that back.
///
/// Threads   any.
HEDDLE_API void on_unhandled(asio::execution_context& ctx,
                             std::function<void(std::exception_ptr)> f);

namespace detail {
HEDDLE_API std::string tasks_of(asio::execution_context& ctx);
}

/// Describes each of these tasks in a paragraph: its number and name, the wait that it is
/// in, since when, and where it was started. Without an argument: those of the running
/// task's context, or outside a task those of all contexts of this process.
///
///     task 7 (fetch) waits to receive on `jobs`: no task holds a sender
///         for 1.500 s; started in balance() + 0x45
///
/// "For" is counted from the turn in which the task parked. Functions have names if the
/// program exports them (-rdynamic), else addresses.
///
/// Threads   any, while tasks run on others: no frame that runs is touched. A host
///           whose thread is busy is waited for, up to 50 ms; after that its tasks are
///           only listed. Not from a signal handler.
/// Debugger  `call heddle::dump_tasks()` works in gdb, wherever your own code or the event
///           loop is stopped; `set print elements 0` shows all of the text. Where a
///           thread is stopped inside heddle, the text says `busy` for each object that
///           is locked there. (Not so in a process with one thread, where locks are left out; and
///           inside malloc no function can be called.)
HEDDLE_API std::string dump_tasks();  // the library's only function of this name
inline std::string dump_tasks(asio::execution_context& ctx) {
    return detail::tasks_of(ctx);
}
template <executor_only Executor>
std::string dump_tasks(const Executor& ex) {
    return dump_tasks(asio::query(ex, asio::execution::context));
}

}  // namespace heddle
