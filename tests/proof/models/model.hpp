// SPDX-License-Identifier: BSL-1.0
// The models repeat code of the library in which threads share data without a lock. Relacy runs them under the
// interleavings and reorderings that C++ allows. A change of that code must be repeated in its model.
#pragma once

#include <relacy/relacy.hpp>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <streambuf>

namespace model {

/// The number of the bug that a run has; 0 means none. Each model must fail with each of its bugs, otherwise it proves
/// nothing.
inline int broken = 0;

constexpr auto relaxed = rl::mo_relaxed;
constexpr auto acquire = rl::mo_acquire;
constexpr auto release = rl::mo_release;
constexpr auto acq_rel = rl::mo_acq_rel;
constexpr auto seq_cst = rl::mo_seq_cst;

/// Discards all text and allocates nothing, because Relacy owns the heap while a model runs.
class silence : public std::streambuf {
    int overflow(int c) override { return c; }
    std::streamsize xsputn(const char*, std::streamsize n) override { return n; }
};

/// Returns whether the model holds in every interleaving with at most `switches` preemptions, and in `random` others.
template <class Test>
bool holds(unsigned switches, std::size_t random, std::size_t& runs,
           std::ostream& out) {
    static silence nothing;
    static std::ostream quiet(&nothing);
    rl::test_params bounded;
    bounded.search_type = rl::sched_bound;
    bounded.context_bound = switches;
    bounded.output_stream = &out;
    bounded.progress_stream = &quiet;
    bounded.execution_depth_limit = 4000;
    bool held = rl::simulate<Test>(bounded);
    runs += bounded.stop_iteration;
    if (!held)
        return false;
    rl::test_params drawn = bounded;
    drawn.search_type = rl::sched_random;
    drawn.iteration_count = random;
    runs += random;
    return rl::simulate<Test>(drawn);
}

/// Checks that the model holds without a bug and fails with each bug. argv[1] multiplies the number of runs.
template <class Test>
int check(const char* name, int argc, char** argv, unsigned switches, int bugs,
          std::size_t random = 20000) {
    silence nothing;
    std::ostream quiet(&nothing);
    broken = 0;
    std::size_t times = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1, runs = 0;
    if (!holds<Test>(switches + (times > 1), random * times, runs, quiet)) {
        holds<Test>(switches + (times > 1), random * times, runs, std::cerr);
        return std::printf("%s: fails\n", name), 1;
    }
    std::printf("%s: %zu executions, no error;", name, runs);
    for (broken = 1; broken <= bugs; ++broken) {
        runs = 0;
        if (holds<Test>(switches, random * times, runs, quiet))
            return std::printf(" bug %d is not found\n", broken), 1;
        std::printf(" bug %d found after %zu%s", broken, runs,
                    broken < bugs ? "," : "");
    }
    std::printf("\n");
    return 0;
}

}  // namespace model
