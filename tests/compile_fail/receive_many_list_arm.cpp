// SPDX-License-Identifier: BSL-1.0
// mistake: a receive of many values into a list as an arm
// error: as an arm needs a container with reserve
#include <heddle/heddle.hpp>

#include <list>

heddle::task<> f(heddle::receiver<int> in, heddle::done_token done) {
    std::list<int> v;
    co_await heddle::select(in.receive_many(v, 10), done);
}
