// SPDX-License-Identifier: BSL-1.0
// mistake: a send of a temporary that is kept, and awaited later
// error: a send of an rvalue is awaited where it is made
#include <heddle/heddle.hpp>

heddle::task<> f(heddle::sender<std::string> out) {
    auto op = out.send(std::string("gone"));
    co_await op;
}
