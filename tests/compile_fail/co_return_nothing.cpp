// SPDX-License-Identifier: BSL-1.0
// mistake: `co_return` of nothing in a `task<int>`
// error: return_void
#include <heddle/heddle.hpp>

heddle::task<int> f() { co_return; }
