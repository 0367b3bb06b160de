// SPDX-License-Identifier: BSL-1.0
// error: use std::ref
#include <heddle/heddle.hpp>

void count(int& n) { ++n; }

heddle::task<> count_elsewhere() {
    int n = 0;
    co_await heddle::go_blocking(count, n);
}

int main() {}
