// SPDX-License-Identifier: BSL-1.0
// Law 70: each allocation of a program may fail.
#pragma once

#include "support/allocations.hpp"
#include "support/world.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <functional>
#include <new>

namespace test {

/// How many steps of a program have happened, and how many have thrown bad_alloc.
struct outcome {
    int done = 0;
    int failed = 0;
};

/// Runs the program once for each allocation that it makes, and lets that one fail.
/// Returns how many there are.
inline std::size_t fail_each(heddle::task<> (*program)(outcome&)) {
    auto run = [program](std::size_t k, outcome& o) {
        world w;
        w.go([] {});  // now the host and its service exist
        w.settle();
        empty_frame_pools();
        bool reached;
        {
            failing_allocation fail(k);
            try {
                w.go(program, std::ref(o));
            } catch (const std::bad_alloc&) {
                ++o.failed;
            }
            for (bool again = true; again;) {
                again = false;
                try {
                    w.settle();
                } catch (const std::bad_alloc&) {  // left a detached task
                    ++o.failed;
                    again = true;
                }
            }
            reached = fail.happened();
        }
        CHECK(w.live() == 0);
        return reached;
    };
    auto balanced = [&](std::size_t k, outcome& o) {
        empty_frame_pools();
        long before = live_blocks();
        bool reached = run(k, o);
        empty_frame_pools();
        CHECK(live_blocks() == before);
        CHECK(tracked::alive() == 0);
        return reached;
    };
    outcome first, clean;
    run(1'000'000, first);  // makes the allocations that the process makes only once
    REQUIRE(!balanced(1'000'000, clean));
    CHECK(clean.failed == 0);
    std::size_t k = 0;
    for (;; ++k) {
        CAPTURE(k);
        outcome o;
        if (!balanced(k, o))
            break;
        CHECK(o.failed >= 1);  // a failure reaches some caller
    }
    MESSAGE(k << " allocations were made to fail, one at a time");
    return k;
}

}  // namespace test
