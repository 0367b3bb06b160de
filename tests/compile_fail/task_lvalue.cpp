// SPDX-License-Identifier: BSL-1.0
// A task is awaited once, so its owner must give it up: co_await std::move(t).
// error: a task can co_await heddle's operations, an rvalue task
#include <heddle/heddle.hpp>

heddle::task<int> answer() { co_return 42; }

heddle::task<> ask() {
    auto t = answer();
    (void)co_await t;
}
