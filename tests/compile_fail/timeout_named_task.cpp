// SPDX-License-Identifier: BSL-1.0
// mistake: `timeout` of a task that has a name
// error: a task is run once, so give it up: write std::move\(task\)
#include <heddle/heddle.hpp>

heddle::task<> g();

heddle::task<> f() {
    auto call = g();
    co_await heddle::timeout(std::chrono::seconds(1), call);
}
