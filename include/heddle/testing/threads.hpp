// SPDX-License-Identifier: BSL-1.0
// Small programs of several threads, run under every interleaving. Needs heddle::model.
#pragma once

#include <heddle/testing/explore.hpp>

#ifndef HEDDLE_MODEL
#error "heddle/testing/threads.hpp: link heddle::model instead of heddle::heddle"
#endif

#include <concepts>
#include <functional>
#include <utility>

namespace heddle HEDDLE_VARIANT::testing {

/// An atomic that the threads of a program share besides channels: its operations are
/// steps that are explored, as those of the library are.
template <class T>
using atomic = detail::atomic<T>;
using mutex = detail::spin_lock;

/// The threads of a program that explore_threads runs.
class HEDDLE_API threads {
public:
    /// A thread that calls f(). If f takes an asio::io_context&, it gets one that is
    /// the thread's own, in virtual time, and has a host; the thread runs it until no
    /// task and no handler is left in it. If f gives a task, that is started on such a
    /// context before any thread goes on. Contexts live until all threads have ended.
    /// At most 8 threads.
    template <class F>
    asio::io_context& run(F f) {
        if constexpr (std::invocable<F&, asio::io_context&>)
            return add(std::move(f), how::runs_context);
        else if constexpr (std::is_same_v<std::invoke_result_t<F&>, task<>>)
            return add([f = std::move(f)](
                           asio::io_context& ctx) mutable { heddle::go(ctx, f()); },
                       how::runs_task);
        else
            return add([f = std::move(f)](asio::io_context&) mutable { f(); },
                       how::calls);
    }

    /// Calls f, once, when no thread can go on: the place to check that only those
    /// threads wait that should, and then to close the channels that they wait for. No
    /// step of it is explored.
    void at_rest(std::function<void()> f);

    /// Calls f when all threads have ended.
    void at_end(std::function<void()> f);

private:
    friend class stage;
    class impl;
    enum class how { calls, runs_context, runs_task };

    explicit threads(impl& i) noexcept : impl_(i) {}
    asio::io_context& add(std::function<void(asio::io_context&)> f, how kind);

    impl& impl_;
};

/// How far explore_threads goes.
struct thread_bounds {
    /// At most that many schedules are run.
    std::size_t schedules = 100000;

    /// At most that often a thread that could go on is interrupted in a schedule
    /// (Musuvathi, Qadeer 2007).
    std::size_t preemptions = static_cast<std::size_t>(-1);

    /// A schedule of more steps is reported as one that does not end.
    std::size_t steps = 20000;

    /// Interleaves also operations on numbers that are only added to, such as reference
    /// counts: for programs in which it matters which thread drops the last reference.
    bool counts = false;

    /// Of schedules that differ only in the order of steps that do not depend on each
    /// other, one is run. False: all of them.
    bool reduce = true;
};

struct explored_threads : explored {
    std::size_t depth = 0;  // steps of the longest schedule
    std::size_t abandoned =
        0;  // begun, and seen to be the same as one before; not in `schedules`
};

/// Runs a program of two or three threads under every interleaving of their operations
/// on locks, on atomics and on each other's contexts, and with each ready arm of each
/// select. `program` makes the threads anew for each; their operations may depend on
/// nothing else that changes.
///
///     auto all = explore_threads("close beside a send", [](threads& t) {
///         heddle::channel<int> c;
///         t.run([c]() -> task<> { co_await c.receive(); });
///         t.run([c] { c.try_send(1); c.try_close(); });
///     });
///     CHECK(all.complete);
///
/// A schedule in which a thread throws, in which all wait for each other, or after
/// which a task is left, ends the exploration: a report with that schedule, the dump
/// and the command that replays it goes to stderr, and the exception on to the caller
/// (heddle::deadlock; leaked). With HEDDLE_SCHEDULE=<name>:<schedule> only that one is
/// run. After a deadlock the threads are left where they are. An assertion or a
/// sanitizer that ends the program is reported in the same way.
///
/// Threads   one runs at a time. Interleavings are sequentially consistent: effects of
///           weaker memory orders are not seen, nor are races on data that is shared
///           without lock or atomic.
/// Requires  no real time, sockets or other blocking calls in the threads, no run(), no
///           parallel host, no go_blocking.
HEDDLE_API explored_threads
explore_threads(const std::string& name, const std::function<void(threads&)>& program,
                thread_bounds bounds = {});

}  // namespace heddle::testing
