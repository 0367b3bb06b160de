// SPDX-License-Identifier: BSL-1.0
// mistake: `co_yield` of a value of another type
// error: co_yield of a value that is no T, in a stream<T>
#include <heddle/stream.hpp>

#include <string>

heddle::stream<std::string> f() { co_yield 1; }
