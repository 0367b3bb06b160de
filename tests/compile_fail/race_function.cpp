// SPDX-License-Identifier: BSL-1.0
// mistake: a `race` of functions that are not called
// error: this takes a task, and not a function: call the function
#include <heddle/heddle.hpp>

heddle::task<int> g();

heddle::task<> f() { (void)co_await heddle::race(g, g()); }
