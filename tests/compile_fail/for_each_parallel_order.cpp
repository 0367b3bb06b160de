// SPDX-License-Identifier: BSL-1.0
// mistake: the limit before the range
// error: what is walked in parallel is a range: write f\(range, limit, function\)
#include <heddle/heddle.hpp>

heddle::task<> f(std::vector<int>) {
    co_await heddle::for_each_parallel(2, 2, [](int) {});
}
