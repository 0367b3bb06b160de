// SPDX-License-Identifier: BSL-1.0
// mistake: `co_await` of a function that is not called
// error: call it, co_await f\(args...\)
#include <heddle/heddle.hpp>

heddle::task<> g();

heddle::task<> f() { co_await g; }
