// SPDX-License-Identifier: BSL-1.0
// mistake: a number as an arm
// error: write heddle::after\(100ms\)
#include <heddle/heddle.hpp>

heddle::task<> f(heddle::receiver<int> in) {
    std::optional<int> v;
    co_await heddle::select(in.receive(v), 100);
}
