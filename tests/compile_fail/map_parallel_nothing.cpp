// SPDX-License-Identifier: BSL-1.0
// mistake: a `map_parallel` of a function that gives nothing
// error: gives nothing: write for_each_parallel
#include <heddle/heddle.hpp>

heddle::task<> f(std::vector<int> all) {
    (void)co_await heddle::map_parallel(all, 2, [](int) {});
}
