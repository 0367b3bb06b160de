// SPDX-License-Identifier: BSL-1.0
// mistake: a `when_all` of a task that has a name
// error: a task is run once, so give it up: write std::move\(task\)
#include <heddle/heddle.hpp>

heddle::task<int> g();

heddle::task<> f() {
    auto call = g();
    (void)co_await heddle::when_all(g(), call);
}
