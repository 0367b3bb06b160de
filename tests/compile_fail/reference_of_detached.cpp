// SPDX-License-Identifier: BSL-1.0
// mistake: a detached task refers to a local variable of its caller
// at run time: the task reads memory that is gone, which ASan finds; `go(g, text)` copies it
// error: none
#include <heddle/heddle.hpp>

heddle::task<> g(const std::string& text);

heddle::task<> f() {
    std::string text = "gone";
    heddle::go(g(text));
    co_return;
}
