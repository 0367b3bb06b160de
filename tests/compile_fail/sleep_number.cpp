// SPDX-License-Identifier: BSL-1.0
// mistake: a sleep without a unit
// error: a duration has a unit: write 100ms
#include <heddle/heddle.hpp>

heddle::task<> f() { co_await heddle::sleep(100); }
