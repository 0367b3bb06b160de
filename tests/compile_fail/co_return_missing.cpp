// SPDX-License-Identifier: BSL-1.0
// mistake: a `task<int>` that comes to its end without `co_return`
// at run time: who asks for the result gets `std::logic_error`: "a task<T> came to its end without co_return, so it has no result; end each of its paths with co_return value"
// error: none|does not return a value
#include <heddle/heddle.hpp>

heddle::task<int> f() { co_await heddle::yield(); }
