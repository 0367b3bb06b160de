// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/run/run_loop.hpp>
#include <heddle/errors.hpp>
#include <heddle/executor.hpp>
#include <heddle/go.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace heddle HEDDLE_VARIANT {

/// How `run` runs. The environment may override it: HEDDLE_CLOCK=virtual,
/// HEDDLE_SEED=n. With HEDDLE_STATS=1, run writes to stderr at its end how many tasks
/// were started, and which it leaves, with what they wait for: those are leaks, if they
/// were to end.
struct run_options {
    /// Threads that run tasks, this one included; 0: one for each core. More than one
    /// declares that data shared by tasks is synchronised: they run on a parallel host,
    /// see heddle::parallel. HEDDLE_THREADS=n (0 to 1024) changes it where it is not 1.
    /// A seed or a virtual clock forces one thread.
    unsigned threads = 1;

    /// Seeds every choice: which ready task runs next, which ready arm happens. The
    /// same seed gives the same run of a program that does no I/O.
    std::optional<std::uint64_t> seed = {};

    /// Time starts at zero and moves only when no task can run and no Asio operation is
    /// in flight; then it jumps to the next deadline.
    bool virtual_clock = false;

    /// SIGQUIT (Ctrl-\\) writes dump_tasks to stderr, and the program goes on. It takes
    /// a thread, so locks are real from then on; the signal is blocked in the calling
    /// thread and in those it starts.
    bool dump_on_quit = false;
};

/// While one lives, something outside (a thread, a signal handler's pipe) may still
/// send to tasks of `ctx`: it counts as work, and no deadlock is reported. Keep it in
/// the task that waits, from before the thread starts:
///
///     heddle::external_producer reader_sends;
///     std::thread reader([lines] { ... lines.send_blocking(line); ... });
///
/// A thread that has called send_blocking or receive_blocking before counts by itself, as
/// long as it lives and does not wait there.
///
/// Lifetime  must not outlive the context, which for `run` ends when `run` returns.
class HEDDLE_API external_producer {
public:
    template <execution_context_type Context>
    explicit external_producer(Context& ctx)
        : work_(asio::prefer(asio::any_io_executor(ctx.get_executor()),
                             asio::execution::outstanding_work.tracked)) {}
    /// For the context of the running task.
    external_producer();

private:
    asio::any_io_executor work_;
};

/// run is Go's main: runs `main` on an io_context of its own until it ends and gives
/// its result. Other tasks are then destroyed, not awaited: none of them runs any
/// further.
///
///     int main() { heddle::run(serve()); }
///
/// Resumes   everything runs on the calling thread, or on that and options.threads - 1
///           more, which are joined before other tasks are destroyed.
/// Errors    the exception that leaves `main`, or else the first exception that leaves
///           a detached task; either ends the run. A deadlock: heddle::deadlock. More
///           than 1024 threads, or an environment variable that is no such number:
///           std::invalid_argument. Inside a task, or a handler that runs in a host, it
///           would block the thread of an event loop: std::logic_error, as from
///           receive_blocking. On a thread of go_blocking it may run.
template <class Task>
    requires detail::is_task<Task>
HEDDLE_NOINLINE detail::result_of_task<Task> run(run_options options, Task&& main) {
    using T = detail::result_of_task<Task>;
    detail::run_loop loop(options.threads, options.seed, options.virtual_clock,
                          options.dump_on_quit);
    auto handle = detail::start<T>(*loop.home(), std::move(main), nullptr,
                                   HEDDLE_RETURN_ADDRESS());
    auto& started = static_cast<detail::joinable<T>&>(*handle.get());
    started.held.store(false, std::memory_order_relaxed);  // no cancel() from here on
    started.taken = true;                                  // by this call
    loop.run_until_ended(started);
    return detail::result_of(started);
}

template <class Task>
    requires detail::is_task<Task>
detail::result_of_task<Task> run(Task&& main) {
    return run(run_options{}, std::move(main));
}

template <class Main>
    requires(!detail::is_task<Main>)
void run(run_options, Main&&) {
    detail::refuse_work<Main>();
}
template <class Main>
    requires(!detail::is_task<Main>)
void run(Main&&) {
    detail::refuse_work<Main>();
}

}  // namespace heddle
