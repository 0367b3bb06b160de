// SPDX-License-Identifier: BSL-1.0
// Deterministic tests of programs that use heddle, with any test framework.
#pragma once

#include <heddle/go.hpp>
#include <heddle/run.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace heddle::testing {

/// Thrown where a program has ended and tasks are left that wait for ever. what() lists them.
class HEDDLE_API leaked : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// A world is an io_context stepped by hand, in virtual time, whose every choice (who runs next,
/// which ready arm happens) comes from a seed.
///
///     heddle::testing::world world;
///     world.go(server, requests);
///     world.settle();                  // until every task waits
///     CHECK(requests.try_send(1) == heddle::try_status::done);
///     world.advance(30s);              // time-outs happen in order, at their time
///     CHECK(world.live() == 0);
///
/// Threads   one: nothing in it may be used by another.
/// Resumes   tasks run inside settle, advance, run and expect_end only.
/// Lifetime  to destroy it destroys its tasks, as any context.
/// Errors    what escapes a detached task leaves the member that ran it. Real I/O is not
///           waited for: what has not completed when it is asked has not happened.
class HEDDLE_API world {
public:
    /// The seed is HEDDLE_TEST_SEED, or else 1.
    world();
    explicit world(std::uint64_t seed);
    explicit world(detail::chooser& explorer);
    world(const world&) = delete;
    world& operator=(const world&) = delete;
    ~world();

    asio::io_context& context() noexcept;
    std::uint64_t seed() const noexcept;

    /// Starts a task, as heddle::go on its context.
    template <class... Args>
    auto go(Args&&... args) {
        return heddle::go(context(), std::forward<Args>(args)...);
    }

    /// Runs until every task waits for something that has not happened.
    void settle();

    /// Settles, and then again at each deadline within the next `d`; now() is `d` later at the
    /// end. Nothing happens out of order, or late.
    template <class Rep, class Period>
    void advance(std::chrono::duration<Rep, Period> d) {
        go_forth(detail::nanoseconds(d));
    }

    /// Runs `main` to its end and gives what it gives; time jumps whenever every task waits.
    /// Throws heddle::deadlock if it waits for what cannot happen, with the dump; inside a
    /// task std::logic_error, as heddle::run.
    template <class T>
    T run(task<T> main) {
        detail::host::refuse_to_block("co_await the task, or start it with go");
        auto handle = go(std::move(main));
        auto& started = static_cast<detail::joinable<T>&>(*handle.get());
        run_until_ended(started);
        return detail::join_and_take<T>(started).take();
    }

    /// Settles, and throws `leaked` with the dump if a task is left.
    void expect_end();

    time_point now() const noexcept;
    std::size_t live();
    std::string dump();

private:
    class impl;
    void go_forth(duration d);
    void run_until_ended(detail::process&);

    std::unique_ptr<impl> impl_;
};

/// How far explore goes.
struct explore_bounds {
    /// At most that many schedules are run.
    std::size_t schedules = 100000;

    /// Schedules that differ from first come, first served, and the first ready arm as
    /// written, in at most that many choices (delay bounding: Emmi, Qadeer, Rakamaric 2011).
    std::size_t deviations = static_cast<std::size_t>(-1);

    /// Tasks may be left when the program ends.
    bool may_leak = false;
};

struct explored {
    std::size_t schedules = 0;
    bool complete = false;  // every schedule within the bounds was run
};

/// Runs a small program under every schedule: each order in which ready tasks can run, each
/// ready arm of each select. The program is made anew for each; it must depend on nothing
/// else that changes, so that the same choices lead to the same program.
///
///     auto all = heddle::testing::explore("two senders", [] { return two_senders(); });
///     CHECK(all.complete);
///
/// A schedule in which it throws, deadlocks, or leaves a task behind ends the exploration: a
/// report with that schedule, the dump and the command that replays it goes to stderr, and the
/// exception on to the caller. With HEDDLE_SCHEDULE=<name>:<schedule> only that one is run.
///
/// Threads   one, in virtual time. Complexity: exponential in the number of choices.
HEDDLE_API explored explore(const std::string& name,
                            const std::function<task<>()>& program,
                            explore_bounds bounds = {});

/// Runs a program under `n` seeds, 1 to n, in the same way; with HEDDLE_TEST_SEED under that only.
HEDDLE_API void with_seeds(const std::string& name, std::uint64_t n,
                           const std::function<task<>()>& program,
                           bool may_leak = false);

}  // namespace heddle::testing
