// SPDX-License-Identifier: BSL-1.0
// mistake: `with_timeout` of a function that is not called
// error: call the function, f\(args...\)
#include <heddle/heddle.hpp>

heddle::task<> g();

heddle::task<> f() { co_await heddle::with_timeout(std::chrono::seconds(1), g); }
