// SPDX-License-Identifier: BSL-1.0
// mistake: a `when_all` of a vector that has a name
// error: a task is run once, so give the range up: write std::move\(tasks\)
#include <heddle/heddle.hpp>

heddle::task<> f(std::vector<heddle::task<int>> calls) {
    (void)co_await heddle::when_all(calls);
}
