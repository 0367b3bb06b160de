// SPDX-License-Identifier: BSL-1.0
// mistake: arguments that do not fit the function of a `go`
// error: mind their number, order and types
#include <heddle/heddle.hpp>

heddle::task<> g(int, std::string);

heddle::task<> f() {
    heddle::go(g, "x", 1);
    co_return;
}
