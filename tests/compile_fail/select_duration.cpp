// SPDX-License-Identifier: BSL-1.0
// mistake: a duration as an arm
// error: write heddle::after\(duration\)
#include <heddle/heddle.hpp>

heddle::task<> f(heddle::receiver<int> in) {
    std::optional<int> v;
    co_await heddle::select(in.receive(v), std::chrono::milliseconds(100));
}
