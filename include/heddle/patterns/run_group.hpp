// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/task.hpp>

#include <exception>
#include <functional>
#include <vector>

namespace heddle HEDDLE_VARIANT {

/// A run group runs services that live and die together, as oklog's run.Group.
///
///     heddle::run_group g;
///     g.add(serve, [=](std::exception_ptr) { listener.close(); });
///     g.add(wait_for_signal);                  // interrupted by cancelling it
///     co_await g.run();
///
/// run() starts all; when the first has returned, it calls every interrupt (also that
/// of the first, as oklog's does), in the order in which they were added, with the
/// exception of the first, or null; when all have returned, it throws that exception.
/// An interrupt makes its service return soon; it must allow a call after its service
/// has returned. Exceptions of the other services are dropped.
///
/// Threads   one at a time; add() not while run() runs.
/// Resumes   services run on the host, and under the token, of the task that awaits
///           run(), and start in the order in which they were added; run() ends after
///           all their frames are destroyed.
/// Cancel    run() cannot be withdrawn, and is no arm: cancelled before a service has
///           returned, it interrupts all with `cancelled`, still waits for every
///           service, and then throws that.
/// Lifetime  outlives run(). The functions are copied for each run.
/// Errors    run() throws the exception of the first; if it threw none, that of an
///           interrupt, which stops nothing. An execute that cannot be started counts
///           as the first.
class HEDDLE_API run_group {
public:
    using execute = std::function<task<>()>;
    using interrupt = std::function<void(std::exception_ptr)>;

    /// Without an interrupt the service's own token is closed instead.
    void add(execute service, interrupt end = {});

    /// Of nothing, it returns at once.
    task<> run() const;

private:
    struct member {
        execute service;
        interrupt end;
    };
    std::vector<member> members_;
};

}  // namespace heddle
