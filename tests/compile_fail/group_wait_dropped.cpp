// SPDX-License-Identifier: BSL-1.0
// mistake: `group.wait()` without `co_await`
// error: ignoring return(ed)? value .*co_await this task
#include <heddle/heddle.hpp>

heddle::task<> g();

heddle::task<> f() {
    heddle::group group;
    group.go(g);
    group.wait();
    co_return;
}
