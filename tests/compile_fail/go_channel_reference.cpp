// SPDX-License-Identifier: BSL-1.0
// mistake: a channel by reference in a `go`
// error: use std::ref\(argument\)
#include <heddle/heddle.hpp>

heddle::task<> g(heddle::channel<int>& c) { co_await c.send(1); }

heddle::task<> f() {
    heddle::channel<int> c;
    co_await heddle::go(g, c);
}
