// SPDX-License-Identifier: BSL-1.0
// mistake: a `go` of a task that has a name
// error: heddle::go\(std::move\(task\)\)
#include <heddle/heddle.hpp>

heddle::task<> g();

heddle::task<> f() {
    auto work = g();
    co_await heddle::go(work);
}
