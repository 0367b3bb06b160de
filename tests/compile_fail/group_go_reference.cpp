// SPDX-License-Identifier: BSL-1.0
// error: use std::ref
#include <heddle/heddle.hpp>

heddle::task<> count(int& n) {
    ++n;
    co_return;
}

heddle::task<> count_in_group() {
    int n = 0;
    heddle::group group;
    group.go(count, n);
    co_await group.wait();
}

int main() {}
