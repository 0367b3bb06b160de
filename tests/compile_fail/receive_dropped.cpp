// SPDX-License-Identifier: BSL-1.0
// mistake: a receive without `co_await`
// error: ignoring return(ed)? value .*co_await this receive
#include <heddle/heddle.hpp>

heddle::task<> f(heddle::receiver<int> in) {
    in.receive();
    co_return;
}
