// SPDX-License-Identifier: BSL-1.0
// mistake: a send of a temporary in a vector of arms
// error: a send of an rvalue is selected where it is made
#include <heddle/heddle.hpp>

#include <string>
#include <vector>

heddle::task<> f(heddle::sender<std::string> out) {
    std::vector<heddle::arm> arms;
    arms.push_back(out.send(std::string("gone")));
    co_await heddle::select(arms);
}
