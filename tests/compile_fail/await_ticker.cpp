// SPDX-License-Identifier: BSL-1.0
// mistake: `co_await` of a ticker
// error: write co_await t.next\(\)
#include <heddle/heddle.hpp>

heddle::task<> f() {
    heddle::ticker every(std::chrono::seconds(1));
    co_await every;
}
