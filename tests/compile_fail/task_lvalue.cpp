// SPDX-License-Identifier: BSL-1.0
// mistake: `co_await` of a task that has a name
// A task is awaited once, so its owner must give it up: co_await std::move(t).
// error: co_await std::move\(task\)
#include <heddle/heddle.hpp>

heddle::task<int> answer() { co_return 42; }

heddle::task<> ask() {
    auto t = answer();
    (void)co_await t;
}
