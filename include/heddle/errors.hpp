// SPDX-License-Identifier: BSL-1.0
// Every exception and error code of the library that a program may want to catch.
#pragma once

#include <heddle/clock.hpp>
#include <heddle/detail/platform/config.hpp>
#include <heddle/detail/platform/error_code.hpp>

#include <cstdint>
#include <exception>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT {

/// A wait throws this when the done token of its task is closed. The token is
/// level-triggered: the next wait throws again, ready or not, and consumes nothing.
///
/// Not derived from std::exception, so that `catch (const std::exception&)` around the
/// work of a task does not swallow its cancellation.
class HEDDLE_API cancelled {
public:
    explicit cancelled(std::exception_ptr cause) noexcept : cause_(std::move(cause)) {}

    /// Why: the cause the token was closed with; never null.
    const std::exception_ptr& cause() const noexcept { return cause_; }

    // -- for the library ------------------------------------------------------------
    cancelled(std::exception_ptr cause, std::uint64_t task) noexcept
        : cause_(std::move(cause)), task_(task) {}
    std::uint64_t thrown_in() const noexcept { return task_; }

private:
    std::exception_ptr cause_;
    std::uint64_t task_ = 0;  // whose wait threw it
};

/// The cause of a token closed without one.
class HEDDLE_API done_closed : public std::runtime_error {
public:
    done_closed() : std::runtime_error("heddle: done token closed") {}
};

/// The cause of a token whose deadline passed.
class HEDDLE_API deadline_exceeded : public std::runtime_error {
public:
    deadline_exceeded() : std::runtime_error("heddle: deadline exceeded") {}
};

/// Thrown by with_timeout if its own limit has ended the call. what() tells the task and
/// the limit. Copying takes no memory.
class HEDDLE_API timed_out : public std::exception {
public:
    explicit timed_out(duration limit) noexcept : timed_out(limit, "a task") {}
    const char* what() const noexcept override;
    duration limit() const noexcept { return limit_; }

    // -- for the library ------------------------------------------------------------
    timed_out(duration limit, const char* who) noexcept;

private:
    duration limit_;
    char text_[280];
};

/// Thrown by a send on a closed channel, and by closing one twice or closing nil.
class HEDDLE_API channel_closed : public std::logic_error {
public:
    using std::logic_error::logic_error;
};

/// Thrown by a second `co_await` of a task, and by a second join.
class HEDDLE_API already_joined : public std::logic_error {
public:
    using std::logic_error::logic_error;
};

/// Thrown where a running task is needed and there is none.
class HEDDLE_API not_in_task : public std::logic_error {
public:
    using std::logic_error::logic_error;
};

/// Thrown to a joiner if the execution context of the joined task was destroyed before
/// the task had ended.
class HEDDLE_API task_abandoned : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Thrown by `run` if main waits and nothing can ever wake it: no task is ready, no
/// timer or Asio operation is pending, no external_producer lives, no other context that
/// lives has used heddle, and no thread that has called send_blocking or
/// receive_blocking does anything but wait there: code that runs there might still send.
/// A thread that has not called one of them yet is not known: where it will, keep an
/// external_producer. (In the child of a fork, a context of the
/// parent is none until its notify_fork was called there.) what() lists what each task
/// waits for, as dump_tasks does. If it escapes main(), the program writes that to
/// stderr and exits with code 2, as Go's.
class HEDDLE_API deadlock : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// The errors of the completion-token forms, and of settled::code().
enum class errc { closed = 1, failed };

HEDDLE_API const detail::errors::error_category& error_category() noexcept;
inline error_code make_error_code(errc e) noexcept {
    return {static_cast<int>(e), error_category()};
}

}  // namespace heddle

template <>
struct heddle::detail::errors::is_error_code_enum<heddle::errc> : std::true_type {};
