// SPDX-License-Identifier: BSL-1.0
// Random numbers for demos; HEDDLE_SEED makes them the same in each run.
#pragma once

#include <heddle/time.hpp>

#include <cstdlib>
#include <random>
#include <string>

inline std::mt19937_64& random_source() {
    static std::mt19937_64 source = [] {
        const char* seed = std::getenv("HEDDLE_SEED");
        return std::mt19937_64(seed ? std::stoull(seed) : std::random_device{}());
    }();
    return source;
}

/// Returns a number from 0 to n - 1, each with the same probability, as Go's rand.Intn does.
inline int random_below(int n) {
    return std::uniform_int_distribution(0, n - 1)(random_source());
}

/// Returns a time of zero or more that is less than `limit`.
inline heddle::duration random_below(heddle::duration limit) {
    using ticks = std::uniform_int_distribution<heddle::duration::rep>;
    return heddle::duration(ticks(0, limit.count() - 1)(random_source()));
}
