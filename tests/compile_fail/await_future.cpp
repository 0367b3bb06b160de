// SPDX-License-Identifier: BSL-1.0
// mistake: `co_await` of a `std::future`
// error: co_await heddle::go_blocking\(f, args...\)
#include <heddle/heddle.hpp>

#include <future>

heddle::task<> f() {
    int n = co_await std::async([] { return 1; });
    (void)n;
}
