// SPDX-License-Identifier: BSL-1.0
// mistake: a wait for an event without `co_await`
// error: ignoring returned value of type 'heddle::wait_op'|ignoring return value .*nodiscard
#include <heddle/heddle.hpp>

#pragma GCC diagnostic error "-Wunused-result"
#pragma GCC diagnostic error "-Wunused-value"

heddle::task<> f(heddle::event& ready) {
    ready.wait();
    co_return;
}
