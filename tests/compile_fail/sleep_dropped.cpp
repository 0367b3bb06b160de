// SPDX-License-Identifier: BSL-1.0
// mistake: a sleep without `co_await`
// error: ignoring return(ed)? value .*co_await this timer
#include <heddle/heddle.hpp>

heddle::task<> f() {
    heddle::sleep(std::chrono::seconds(1));
    co_return;
}
