// SPDX-License-Identifier: BSL-1.0
// mistake: `heddle::yield()` without `co_await`
// error: ignoring returned value of type 'heddle::yield_op'|ignoring return value .*nodiscard
#include <heddle/heddle.hpp>

#pragma GCC diagnostic error "-Wunused-result"
#pragma GCC diagnostic error "-Wunused-value"

heddle::task<> f() {
    heddle::yield();
    co_return;
}
