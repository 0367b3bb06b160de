// SPDX-License-Identifier: BSL-1.0
// mistake: `co_await` of a channel
// error: write co_await c.receive\(\) or co_await c.send
#include <heddle/heddle.hpp>

heddle::task<> f(heddle::channel<int> c) { co_await c; }
