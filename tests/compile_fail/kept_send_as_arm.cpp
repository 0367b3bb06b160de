// SPDX-License-Identifier: BSL-1.0
// mistake: a send of a temporary that is kept, and selected later
// error: a send of an rvalue is selected where it is made
#include <heddle/heddle.hpp>

heddle::task<> f(heddle::sender<std::string> out) {
    auto op = out.send(std::string("gone"));
    co_await heddle::select(op, heddle::after(std::chrono::seconds(1)));
}
