// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/service/children.hpp>
#include <heddle/executor.hpp>
#include <heddle/go.hpp>
#include <heddle/inflight.hpp>
#include <heddle/select.hpp>
#include <heddle/sync.hpp>
#include <heddle/time.hpp>

// clang-format off
#include HEDDLE_ASIO(ip/address.hpp)
// clang-format on

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <initializer_list>
#include <limits>
#include <memory>
#include <new>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT {

/// What a server does with a connection for which no session may run.
enum class when_full {
    wait,   // it is not accepted, and waits in the backlog of the system
    refuse  // it is accepted and closed
};

/// What a server has done so far.
struct serve_counts {
    std::uint64_t sessions = 0;       // that were started
    std::uint64_t running = 0;        // sessions that have not ended
    std::uint64_t full = 0;           // times that the server became full
    std::uint64_t refused = 0;        // connections, as it was full
    std::uint64_t refused_peers = 0;  // connections, as of their address
    std::uint64_t failed = 0;         // accepts that are tried again later
};

/// Counts what a server does, or several.
///
/// Threads   any.
class HEDDLE_API serve_metrics {
public:
    serve_counts read() const noexcept {
        detail::guard g(lock_);
        return counts_;
    }

    // -- for the library ------------------------------------------------------------
    void add(std::uint64_t serve_counts::* which) noexcept {
        detail::guard g(lock_);
        ++(counts_.*which);
    }
    void ended() noexcept {
        detail::guard g(lock_);
        --counts_.running;
    }

private:
    mutable detail::spin_lock lock_;
    serve_counts counts_;  // guarded by lock_
};

/// How `serve` serves. Plain values, so that g++ 12 can make one in a co_await
/// expression.
struct serve_options {
    /// How many sessions run at once.
    std::ptrdiff_t sessions = 1024;

    /// How many of them one address of the internet may have.
    std::ptrdiff_t sessions_per_peer = std::numeric_limits<std::ptrdiff_t>::max();

    when_full full = when_full::wait;

    /// Called on the server's host each time it becomes full, as a server that is full
    /// looks like one that hangs.
    void (*on_full)() = nullptr;

    /// Counts what it does. Requires: it outlives the sessions.
    serve_metrics* metrics = nullptr;

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

/// How many sessions each address has.
class sessions_by_peer;

/// A session among those of its server and its peer. It is the second parameter of the
/// coroutine that runs the session, so that it is counted until its frame is destroyed.
class HEDDLE_API session_place {
public:
    session_place() noexcept = default;
    session_place(session_place&& o) noexcept
        : metrics_(std::exchange(o.metrics_, nullptr)), peers_(std::move(o.peers_)),
          address_(o.address_) {}
    ~session_place() { leave(); }

    /// Returns false if the address has as many sessions as it may have.
    bool enter(const std::shared_ptr<sessions_by_peer>&, const asio::ip::address&,
               const serve_options&);
    void started(const serve_options&) noexcept;

private:
    void leave() noexcept;

    serve_metrics* metrics_ = nullptr;
    std::shared_ptr<sessions_by_peer> peers_;
    asio::ip::address address_;
};

/// Null if there is no limit.
HEDDLE_API std::shared_ptr<sessions_by_peer> limit_by_peer(const serve_options&);

/// Tells that a connection is not served.
HEDDLE_API void became_full(const serve_options&);
HEDDLE_API void refused(const serve_options&, bool by_peer) noexcept;

/// Whether a session of `peer` may run.
template <class Peer>
bool admit(session_place& place, Peer& peer,
           const std::shared_ptr<sessions_by_peer>& peers,
           const serve_options& options) {
    if constexpr (requires(error_code e) { peer.remote_endpoint(e).address(); }) {
        error_code gone;
        if (peers)
            return place.enter(peers, peer.remote_endpoint(gone).address(), options);
    }
    return true;
}

/// The task of a session, which may want to know of the stop.
template <class Session, class Peer>
task<> make_session(const Session& session, Peer&& peer, const done_token& stop) {
    if constexpr (std::is_invocable_v<Session, Peer, done_token>)
        return bind_task(session, std::forward<Peer>(peer), stop);
    else
        return bind_task(session, std::forward<Peer>(peer));
}

/// How long to leave the acceptor alone after an error; throws those that stay.
HEDDLE_API duration pause_after(error_code error, const serve_options& options);

/// Requires: `self` has a permit.
HEDDLE_API void start_session(child self, session_place place, task<> work,
                              const serve_options& options, const void* at);

/// Waits for the sessions, as long as they may take, then for those it has cancelled.
HEDDLE_API task<> end_sessions(counted<children> sessions, done_token stop,
                               any_duration grace);

/// Accepts until `stop` closes.
template <class Acceptor, class Session>
task<> accept_sessions(Acceptor& acceptor, done_token stop, const Session& session,
                       const counted<children>& sessions, const serve_options& options,
                       const void* at) {
    auto peers = limit_by_peer(options);
    for (bool was_full = false;;) {
        child next(sessions);
        if (next.take_permit()) {
            was_full = false;
        } else {
            if (!std::exchange(was_full, true))
                became_full(options);
            if (options.full == when_full::wait) {
                if (co_await priority_select(stop, acquire_op(sessions->permits())) ==
                    0)
                    co_return;
                next.adopt_permit();
                was_full = false;
            }
        }
        duration pause{};
        bool accepted = false;
        try {
            inflight accepting(acceptor.async_accept(use_task));
            if (co_await priority_select(stop, accepting) == 0)
                co_return;
            auto peer = accepting.result();
            session_place place;
            bool busy = !next.take_permit();
            was_full = was_full && busy;
            if (busy || !admit(place, peer, peers, options)) {
                refused(options, !busy);
                continue;
            }
            accepted = true;
            start_session(std::move(next), std::move(place),
                          make_session(session, std::move(peer), stop), options, at);
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
/// accept, and peers wait in the backlog of the system, or, if the options say so, are
/// refused. `session` is copied for each, as by go. A server that is one of several tasks
/// of main is started: go(serve(...)).
///
/// A session that takes two arguments, session(socket, done), gets the token of the stop.
/// It is not cancelled by that, but may wait for it: a connection on which nothing is
/// asked ends at once, and one that is answered, after its answer.
///
/// Threads   the sessions run in the host of the task that serves. Requires: the
///           acceptor, of any protocol, belongs to its context.
/// Resumes   when all sessions have ended and their frames have been destroyed.
/// Closing   once `stop` has closed, it closes the acceptor, waits for the sessions for
///           options.grace, then cancels them, with the cause of `stop`, waits for the
///           rest, and returns.
/// Cancel    cancels the sessions at once, waits for them, then throws `cancelled`.
///           Each session's token is below the one in force for serve.
/// Lifetime  a session's slot is free again when its frame, with its socket, is
///           destroyed.
/// Errors    of accept: connections that failed before they were accepted are ignored;
///           if descriptors or memory have run out it tries again in 100 ms, and closes
///           a connection whose session cannot be started; all else cancels the
///           sessions, and is thrown when they have ended. An exception out of a session
///           goes to options.on_error, or else where a detached task's goes; neither
///           ends serve. options.sessions, or sessions_per_peer, below one:
///           std::invalid_argument.
template <class Acceptor, class Session>
HEDDLE_NOINLINE task<> serve(Acceptor acceptor, done_token stop, Session session,
                             serve_options options = {}) {
    using peer = decltype(std::declval<inflight<detail::signature_of<
                              decltype(acceptor.async_accept(use_task))>>&>()
                              .result());
    static_assert(
        std::is_invocable_r_v<task<>, Session, peer> ||
            std::is_invocable_r_v<task<>, Session, peer, done_token>,
        "heddle::serve: session(socket), or session(socket, done_token), must "
        "return a task<>");
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
