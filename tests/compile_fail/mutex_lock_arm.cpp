// SPDX-License-Identifier: BSL-1.0
// mistake: `m.lock()` as an arm
// error: write m.lock\(guard\)
#include <heddle/heddle.hpp>

// A lock as an arm needs a guard to hold it: m.lock(guard).
heddle::task<> lock_or_give_up(heddle::mutex& m) {
    co_await heddle::select(m.lock(), heddle::after(std::chrono::seconds(1)));
}

int main() {}
