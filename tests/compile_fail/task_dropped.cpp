// SPDX-License-Identifier: BSL-1.0
// mistake: a task that is not awaited
// A call does nothing if its task is not awaited, so the compiler warns.
// error: ignoring return(ed)? value .*co_await this task
#include <heddle/heddle.hpp>

#pragma GCC diagnostic error "-Wunused-result"
#pragma GCC diagnostic error "-Wunused-value"

heddle::task<int> answer() { co_return 42; }

int main() { answer(); }
