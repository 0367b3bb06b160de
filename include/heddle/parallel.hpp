// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/platform/asio.hpp>
#include <heddle/detail/platform/config.hpp>

namespace heddle HEDDLE_VARIANT {

/// An executor for `go` whose tasks run in parallel, on the threads that run `ctx`: at
/// most `n` of them at a time (0: one for each core; the first call for a context
/// decides).
///
///     heddle::go(heddle::parallel(ctx), resize, picture);
///
/// Tasks started by these tasks run in parallel too, so data they share is
/// synchronised: by channels, or the locks of sync.hpp. One thread at a time runs a
/// task, and each turn sees all that the turns before it wrote, on whatever thread.
/// Tasks that share a socket or another Asio object belong on a serial host: go(strand,
/// ...).
///
/// Resumes   a task on the thread that woke it, if another of these tasks did; so tasks
///           that talk to each other stay on one thread, until another has nothing to
///           do. Within a thread first come, first served; between threads no order is
///           promised. A ready task may wait some 10 ms for a thread that has nothing
///           to do, if the tasks that this thread took lately were over at once.
/// Threads   any. The handlers of a task's Asio operations never run at the same time
///           as the task itself. A task that has an inflight operation stays where it
///           is until that has completed.
/// Lifetime  the executor is one of ctx, and must not be used after it. After a fork
///           before any thread runs ctx both processes run the tasks that were prepared
///           (io_context asks for notify_fork). A child that is forked while other
///           threads use heddle may use heddle on contexts of its own, but not on those
///           that other threads ran.
HEDDLE_API asio::any_io_executor parallel(asio::io_context& ctx, unsigned n = 0);

}  // namespace heddle
