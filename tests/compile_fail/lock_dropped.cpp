// SPDX-License-Identifier: BSL-1.0
// mistake: a lock without `co_await`
// error: ignoring return(ed)? value .*co_await m.lock
#include <heddle/heddle.hpp>

heddle::task<> f(heddle::mutex& m) {
    m.lock();
    co_return;
}
