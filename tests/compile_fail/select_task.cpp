// SPDX-License-Identifier: BSL-1.0
// mistake: a task as an arm
// error: auto h = heddle::go\(f, args...\), and write h
#include <heddle/heddle.hpp>

heddle::task<> g();

heddle::task<> f(heddle::receiver<int> in) {
    std::optional<int> v;
    co_await heddle::select(in.receive(v), g());
}
