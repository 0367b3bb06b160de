// SPDX-License-Identifier: BSL-1.0
// Tests that run a small program under every schedule, or under many seeds.
#pragma once

#include <heddle/testing/world.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace heddle HEDDLE_VARIANT::testing {

/// How far explore goes.
struct explore_bounds {
    /// At most that many schedules are run.
    std::size_t schedules = 100000;

    /// Schedules that differ from first come, first served, and the first ready arm as
    /// written, in at most that many choices (delay bounding: Emmi, Qadeer, Rakamaric
    /// 2011).
    std::size_t deviations = static_cast<std::size_t>(-1);

    /// Tasks may be left when the program ends.
    bool may_leak = false;
};

struct explored {
    std::size_t schedules = 0;
    bool complete = false;  // every schedule within the bounds was run
};

/// Runs a small program under every schedule: each order in which ready tasks can run,
/// each ready arm of each select. The program is made anew for each; it must depend on
/// nothing else that changes, so that the same choices lead to the same program.
///
///     auto all = heddle::testing::explore("two senders", [] { return two_senders(); });
///     CHECK(all.complete);
///
/// A schedule in which it throws, deadlocks, or leaves a task behind ends the
/// exploration: a report with that schedule, the dump and the command that replays it
/// goes to stderr, and the exception on to the caller. With
/// HEDDLE_SCHEDULE=<name>:<schedule> only that one is run.
///
/// Threads   one, in virtual time. Complexity: exponential in the number of choices.
HEDDLE_API explored explore(const std::string& name,
                            const std::function<task<>()>& program,
                            explore_bounds bounds = {});

/// Runs a program under `n` seeds, 1 to n, in the same way; with HEDDLE_TEST_SEED under
/// that only.
HEDDLE_API void with_seeds(const std::string& name, std::uint64_t n,
                           const std::function<task<>()>& program,
                           bool may_leak = false);

}  // namespace heddle::testing
