// SPDX-License-Identifier: BSL-1.0
// mistake: `with_timeout(task, duration)`
// error: heddle: a time limit takes the duration first
#include <heddle/heddle.hpp>

heddle::task<> g();

heddle::task<> f() { co_await heddle::with_timeout(g(), std::chrono::seconds(1)); }
