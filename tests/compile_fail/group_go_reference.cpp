// SPDX-License-Identifier: BSL-1.0
// error: use std::ref
#include <heddle/heddle.hpp>

heddle::task<> count(int& n) {
    ++n;
    co_return;
}

heddle::task<> count_in(heddle::group& all) {
    int n = 0;
    all.go(count, n);
    co_await all.wait();
}
