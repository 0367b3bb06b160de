// SPDX-License-Identifier: BSL-1.0
// Small tasks that many tests use.
#pragma once

#include "support/ending.hpp"
#include "support/world.hpp"

#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

namespace test {

inline heddle::task<int> seven() { co_return 7; }

inline heddle::task<> fail(std::string what) {
    throw std::runtime_error(what);
    co_return;
}

inline heddle::task<> sleeps(heddle::duration d) { co_await heddle::sleep(d); }

inline heddle::task<> wait_in(heddle::receiver<> in) { (void)co_await in.receive(); }

inline heddle::task<> log_step(trace& log, std::string step) {
    log(step);
    co_return;
}

inline heddle::task<> log_join(trace& log, heddle::join_handle<>& h, std::string who) {
    log(who + ": " + co_await ending(h));
}

inline heddle::task<> collect(heddle::receiver<int> in, std::vector<int>& to) {
    while (auto v = co_await in.receive())
        to.push_back(*v);
}

/// Returns 0 ... n-1.
inline std::vector<int> numbers(int n) {
    std::vector<int> all(static_cast<std::size_t>(n));
    std::iota(all.begin(), all.end(), 0);
    return all;
}

}  // namespace test
