// SPDX-License-Identifier: BSL-1.0
// A call whose task nobody awaits does nothing: the compiler says so.
// error: ignoring return(ed)? value .*nodiscard
#include <heddle/heddle.hpp>

#pragma GCC diagnostic error "-Wunused-result"
#pragma GCC diagnostic error "-Wunused-value"

heddle::task<int> answer() { co_return 42; }

int main() { answer(); }
