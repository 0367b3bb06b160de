// SPDX-License-Identifier: BSL-1.0
// mistake: `return` in a coroutine
// error: return'? statement
#include <heddle/heddle.hpp>

heddle::task<int> f() {
    co_await heddle::yield();
    return 1;
}
