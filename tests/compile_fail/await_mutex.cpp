// SPDX-License-Identifier: BSL-1.0
// mistake: `co_await` of a mutex
// error: auto guard = co_await m.lock\(\)
#include <heddle/heddle.hpp>

heddle::task<> f(heddle::mutex& m) { co_await m; }
