// SPDX-License-Identifier: BSL-1.0
// mistake: `co_return` of a value of another type
// error: co_return of a value that is no T
#include <heddle/heddle.hpp>

heddle::task<int> f() { co_return "x"; }
