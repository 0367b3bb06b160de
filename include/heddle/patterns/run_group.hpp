// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/task.hpp>

#include <exception>
#include <functional>
#include <vector>

namespace heddle {

/// A run group runs services that live and die together, as oklog's run.Group.
///
///     heddle::run_group g;
///     g.add(serve, [=](std::exception_ptr) { listener.close(); });
///     g.add(wait_for_signal);                  // interrupted by cancelling it
///     co_await g.run();
///
/// run() starts all; when the first has returned, it calls every interrupt (also that of
/// the first, as oklog's does), in the order they were added, with what the first threw,
/// or null; when all have returned, it throws that. An interrupt makes its service return
/// soon; it must bear to be called after that. What the others throw is dropped.
///
/// Threads   one at a time; add() not while run() runs.
/// Resumes   services run on the host, and under the token, of who runs run(), and start in
///           the order they were added; run() ends after all their frames are destroyed.
/// Cancel    run() cannot be withdrawn, and is no arm: cancelled before a service has
///           returned, it interrupts all with `cancelled`, still waits for every service,
///           and then throws that.
/// Lifetime  outlives run(). The functions are copied for each run.
/// Errors    what the first threw; if it threw nothing, what an interrupt threw, which
///           stops nothing. An execute that cannot be started counts as the first.
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
