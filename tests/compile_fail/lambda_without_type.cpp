// SPDX-License-Identifier: BSL-1.0
// mistake: a lambda coroutine without `-> heddle::task<>`
// error: co_await. cannot be used in a function with a deduced return type
#include <heddle/heddle.hpp>

heddle::task<> f(heddle::channel<int> c) {
    heddle::go([c] { co_await c.send(1); });
    co_return;
}
