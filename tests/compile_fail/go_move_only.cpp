// SPDX-License-Identifier: BSL-1.0
// mistake: a `std::unique_ptr` that has a name in a `go`
// error: write std::move\(argument\)
#include <heddle/heddle.hpp>

heddle::task<> g(std::unique_ptr<int>);

heddle::task<> f() {
    auto p = std::make_unique<int>(1);
    co_await heddle::go(g, p);
}
