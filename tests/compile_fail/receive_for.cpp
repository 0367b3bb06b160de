// SPDX-License-Identifier: BSL-1.0
// mistake: a range-`for` over a channel
// error: write while \(auto v = co_await c.receive\(\)\)
#include <heddle/heddle.hpp>

heddle::task<> f(heddle::receiver<int> in) {
    for (int v : in)
        (void)v;
    co_return;
}
