// SPDX-License-Identifier: BSL-1.0
// mistake: a send without `co_await`
// error: ignoring return(ed)? value .*co_await this send
#include <heddle/heddle.hpp>

heddle::task<> f(heddle::sender<int> out) {
    out.send(1);
    co_return;
}
