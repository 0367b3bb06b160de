// SPDX-License-Identifier: BSL-1.0
// mistake: a `go` of a value
// error: what is started is a task
#include <heddle/heddle.hpp>

int answer();

heddle::task<> f() {
    heddle::go(answer());
    co_return;
}
