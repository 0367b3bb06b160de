// SPDX-License-Identifier: BSL-1.0
// mistake: a receive of many values into a container of others
// error: `to` is a std::vector<T>, or another container
#include <heddle/heddle.hpp>

heddle::task<> f(heddle::receiver<int> in) {
    std::vector<long> v;
    co_await in.receive_many(v, 10);
}
