// SPDX-License-Identifier: BSL-1.0
// mistake: an arrival at a barrier as an arm
// error: an arrival at a barrier is no arm
#include <heddle/heddle.hpp>

// An arrival cannot be withdrawn.
heddle::task<> arrive_or_give_up(heddle::barrier& b) {
    co_await heddle::select(b.arrive_and_wait(),
                            heddle::after(std::chrono::seconds(1)));
}

int main() {}
