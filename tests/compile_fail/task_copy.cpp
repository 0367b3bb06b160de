// SPDX-License-Identifier: BSL-1.0
// mistake: a copy of a task
// error: (use of deleted function|call to implicitly-deleted copy constructor)
#include <heddle/heddle.hpp>

heddle::task<int> answer() { co_return 42; }

int main() {
    auto t = answer();
    auto u = t;
}
