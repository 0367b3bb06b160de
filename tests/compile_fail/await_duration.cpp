// SPDX-License-Identifier: BSL-1.0
// mistake: `co_await` of a duration
// error: write co_await heddle::sleep\(duration\)
#include <heddle/heddle.hpp>

heddle::task<> f() { co_await std::chrono::seconds(1); }
