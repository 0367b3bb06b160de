// SPDX-License-Identifier: BSL-1.0
// error: no matching function for call to .select
#include <heddle/heddle.hpp>

// An arrival cannot be withdrawn.
heddle::task<> arrive_or_give_up(heddle::barrier& b) {
    co_await heddle::select(b.arrive_and_wait(),
                            heddle::after(std::chrono::seconds(1)));
}

int main() {}
