// SPDX-License-Identifier: BSL-1.0
// mistake: a handle that was moved from is awaited
// at run time: `already_joined`: "co_await of a nil or moved-from join_handle"
// error: none
#include <heddle/heddle.hpp>

heddle::task<> g();

heddle::task<> f() {
    auto h = heddle::go(g);
    auto k = std::move(h);
    co_await h;
}
