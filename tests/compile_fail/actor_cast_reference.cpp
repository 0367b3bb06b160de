// SPDX-License-Identifier: BSL-1.0
// error: use std::ref
#include <heddle/heddle.hpp>

void look(int& state, int& to) { to = state; }

heddle::task<> look_at(heddle::actor<int>& counter) {
    int n = 0;
    co_await counter.cast(look, n);
}

int main() {}
