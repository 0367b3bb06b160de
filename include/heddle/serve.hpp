// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/service/children.hpp>
#include <heddle/executor.hpp>
#include <heddle/go.hpp>
#include <heddle/inflight.hpp>
#include <heddle/select.hpp>
#include <heddle/sync.hpp>
#include <heddle/time.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <initializer_list>
#include <memory>
#include <new>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT {

/// How `serve` serves. Plain values, so that g++ 12 can make one in a co_await
/// expression.
struct serve_options {
    /// How many sessions run at once.
    std::ptrdiff_t sessions = 1024;

    /// How long sessions may go on after the stop.
    any_duration grace = std::chrono::seconds(10);

    /// Called on the server's host with each exception that leaves a session and would
    /// be reported of a detached task, and with each error of accept that is tried
    /// again later.
    void (*on_error)(std::exception_ptr) = nullptr;
};

namespace detail {

/// Throws std::invalid_argument if the options let no session run.
HEDDLE_API counted<children> make_sessions(const serve_options& options);

/// How long to leave the acceptor alone after an error; throws those that stay.
HEDDLE_API duration pause_after(error_code error, const serve_options& options);

/// Requires: `self` has a permit.
HEDDLE_API void start_session(child self, task<> work, const serve_options& options,
                              const void* at);

/// Waits for the sessions, as long as they may take, then for those it has cancelled.
HEDDLE_API task<> end_sessions(counted<children> sessions, done_token stop,
                               any_duration grace);

/// Accepts until `stop` closes.
template <class Acceptor, class Session>
task<> accept_sessions(Acceptor& acceptor, done_token stop, const Session& session,
                       const counted<children>& sessions, const serve_options& options,
                       const void* at) {
    for (;;) {
        if (co_await priority_select(stop, acquire_op(sessions->permits())) == 0)
            co_return;
        child next(sessions);
        next.adopt_permit();
        duration pause{};
        bool accepted = false;
        try {
            inflight accepting(acceptor.async_accept(use_task));
            if (co_await priority_select(stop, accepting) == 0)
                co_return;
            auto peer = accepting.result();
            accepted = true;
            start_session(std::move(next), bind_task(session, std::move(peer)), options,
                          at);
            continue;
        } catch (const system_error& e) {
            if (accepted)
                throw;  // session(socket) has thrown it, which is not a coroutine
            pause = pause_after(e.code(), options);
        } catch (const std::bad_alloc&) {
            pause = pause_after(asio::error::no_memory, options);
        }
        if (co_await priority_select(stop, after(pause)) == 0)
            co_return;
    }
}

template <class Acceptor, class Session>
task<> run_server(Acceptor acceptor, done_token stop, Session session,
                  serve_options options, const void* at) {
    counted<children> sessions = make_sessions(options);
    try {
        co_await accept_sessions(acceptor, stop, session, sessions, options, at);
    } catch (...) {
        sessions->failed(std::current_exception());
    }
    error_code closed_anyway;
    acceptor.close(closed_anyway);
    co_await end_sessions(sessions, stop, options.grace);
}

}  // namespace detail

/// serve is a server: it accepts connections until `stop` closes, and runs a task,
/// `session(socket)`, for each of them.
///
///     heddle::signals stop({SIGINT, SIGTERM});
///     tcp::acceptor acceptor(heddle::this_task::executor(), endpoint);
///     co_await heddle::serve(std::move(acceptor), stop.token(), session, {.sessions = 100});
///
/// Of sessions there are never more than options.sessions: while there are, it does not
/// accept, and peers wait in the backlog of the system. `session` is copied for each,
/// as by go. A server that is one of several tasks of main is started: go(serve(...)).
///
/// Threads   the sessions run in the host of the task that serves. Requires: the
///           acceptor, of any protocol, belongs to its context.
/// Resumes   when all sessions have ended and their frames have been destroyed.
/// Closing   once `stop` has closed, it closes the acceptor, waits for the sessions for
///           options.grace, then cancels them, with the cause of `stop`, waits for the
///           rest, and returns. Sessions that want to know of it earlier ask `stop`.
/// Cancel    cancels the sessions at once, waits for them, then throws `cancelled`.
///           Each session's token is below the one in force for serve.
/// Lifetime  a session's slot is free again when its frame, with its socket, is
///           destroyed.
/// Errors    of accept: connections that failed before they were accepted are ignored;
///           if descriptors or memory have run out it tries again in 100 ms, and closes
///           a connection whose session cannot be started; all else cancels the
///           sessions, and is thrown when they have ended. An exception out of a session
///           goes to options.on_error, or else where a detached task's goes; neither
///           ends serve. options.sessions below one: std::invalid_argument.
template <class Acceptor, class Session>
HEDDLE_NOINLINE task<> serve(Acceptor acceptor, done_token stop, Session session,
                             serve_options options = {}) {
    using peer = decltype(std::declval<inflight<detail::signature_of<
                              decltype(acceptor.async_accept(use_task))>>&>()
                              .result());
    static_assert(std::is_invocable_r_v<task<>, Session, peer>,
                  "heddle::serve: session(socket) must return a task<>");
    return detail::run_server(std::move(acceptor), std::move(stop), std::move(session),
                              options, HEDDLE_RETURN_ADDRESS());
}

/// The cause of a token that a signal has closed.
class HEDDLE_API signal_received : public std::runtime_error {
public:
    explicit signal_received(int number);
    int number() const noexcept { return number_; }

private:
    int number_;
};

/// signals closes a token when the process gets one of some signals.
///
///     heddle::signals stop({SIGINT, SIGTERM});
///     co_await heddle::serve(std::move(acceptor), stop.token(), session);
///
/// The first signal closes it, and is the cause: signal_received. A later signal
/// changes nothing: a supervisor may send SIGTERM again and again. But Ctrl-C ends a
/// program that takes its time: SIGINT is no longer caught then, and does what it does
/// without a `signals`. `later` may say otherwise.
///
/// Threads   made in a task, or with the executor to use; token() from any thread.
/// Closing   the destructor closes the token, as a done_source's does. No signal is
///           caught any more then, unless another object catches it.
/// Lifetime  counts as work of the context until a signal has come, or it is destroyed.
/// Errors    outside a task without an executor: not_in_task; no such signal:
///           std::system_error.
class HEDDLE_API signals {
public:
    /// What the signals do that come after the first.
    enum class later {
        interrupt_ends,  // nothing, but SIGINT does what it does without a `signals`
        caught,          // nothing
        all_end          // each does what it does without a `signals`
    };

    explicit signals(std::initializer_list<int> numbers,
                     later then = later::interrupt_ends)
        : signals(detail::current_host(), numbers, then) {}
    template <executor_or_context Executor>
    signals(Executor&& ex, std::initializer_list<int> numbers,
            later then = later::interrupt_ends)
        : signals(detail::host_for(ex), numbers, then) {}
    signals(const signals&) = delete;
    signals& operator=(const signals&) = delete;
    ~signals();

    done_token token() const noexcept;

private:
    signals(detail::counted<detail::host> home, std::initializer_list<int> numbers,
            later then);

    struct state;
    std::shared_ptr<state> state_;
};

}  // namespace heddle
