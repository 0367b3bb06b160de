// SPDX-License-Identifier: BSL-1.0
// mistake: `co_yield` in a task
// error: a task has no co_yield
#include <heddle/heddle.hpp>

heddle::task<> f() { co_yield 1; }
