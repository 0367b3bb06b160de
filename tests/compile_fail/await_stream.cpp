// SPDX-License-Identifier: BSL-1.0
// mistake: `co_await` of a stream
// error: co_await of a stream: write co_await s.next\(\)
#include <heddle/stream.hpp>

heddle::task<> f(heddle::stream<int> s) { co_await s; }
