// SPDX-License-Identifier: BSL-1.0
// mistake: `go(f, n)` for a parameter `int&`
// error: use std::ref
#include <heddle/heddle.hpp>

heddle::task<> count(int& n) {
    ++n;
    co_return;
}

heddle::task<> count_here() {
    int n = 0;
    co_await heddle::go(count, n);
}

int main() {}
