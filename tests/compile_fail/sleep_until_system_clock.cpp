// SPDX-License-Identifier: BSL-1.0
// mistake: a time of another clock
// error: heddle::now\(\) \+ duration
#include <heddle/heddle.hpp>

heddle::task<> f() {
    auto later = std::chrono::system_clock::now() + std::chrono::seconds(1);
    co_await heddle::sleep_until(later);
}
