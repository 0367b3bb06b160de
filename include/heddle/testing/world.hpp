// SPDX-License-Identifier: BSL-1.0
// A world: deterministic tests of programs that use heddle, with any test framework.
#pragma once

#include <heddle/detail/run/run_loop.hpp>
#include <heddle/go.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace heddle HEDDLE_VARIANT::testing {

/// Thrown where a program has ended and tasks are left that wait for ever. what() lists
/// them.
class HEDDLE_API leaked : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// A world is an io_context stepped by hand, in virtual time, whose every choice (which
/// task runs next, which ready arm happens) comes from a seed.
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
/// Errors    an exception that leaves a detached task leaves the member that ran it.
///           Real I/O is not waited for: an operation that has not completed when it is
///           asked has not happened.
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

    /// Starts a task, as heddle::go on its context, and gives the join_handle of it.
    template <class... Args>
    auto go(Args&&... args) {
        return heddle::go(context(), std::forward<Args>(args)...);
    }

    /// Runs until every task waits for something that has not happened.
    void settle();

    /// Settles, and then again at each deadline within the next `d`; now() is `d` later
    /// at the end. Nothing happens out of order, or late.
    template <class Rep, class Period>
    void advance(std::chrono::duration<Rep, Period> d) {
        go_forth(detail::nanoseconds(d));
    }

    /// Runs `main` to its end and gives its result; time jumps whenever every task
    /// waits. Throws heddle::deadlock if it waits for something that cannot happen,
    /// with the dump; inside a task std::logic_error, as heddle::run.
    template <class Task>
        requires detail::is_task<Task>
    detail::result_of_task<Task> run(Task main) {
        using T = detail::result_of_task<Task>;
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

}  // namespace heddle::testing
