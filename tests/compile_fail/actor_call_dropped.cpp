// SPDX-License-Identifier: BSL-1.0
// mistake: a call of an actor without `co_await`
// error: ignoring return(ed)? value .*co_await this task
#include <heddle/heddle.hpp>

heddle::task<> f(heddle::actor<int>& counter) {
    counter.call([](int& n) { return ++n; });
    co_return;
}
