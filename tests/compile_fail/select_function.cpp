// SPDX-License-Identifier: BSL-1.0
// mistake: a function as an arm
// error: a function is no arm
#include <heddle/heddle.hpp>

heddle::task<> f(heddle::receiver<int> in) {
    std::optional<int> v;
    co_await heddle::select(in.receive(v), [] {});
}
