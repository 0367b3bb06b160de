// SPDX-License-Identifier: BSL-1.0
// mistake: `co_return` of a value in a `task<>`
// error: return_value
#include <heddle/heddle.hpp>

heddle::task<> f() { co_return 1; }
