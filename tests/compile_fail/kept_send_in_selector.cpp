// SPDX-License-Identifier: BSL-1.0
// mistake: a send of a temporary in a selector
// error: a send of an rvalue is selected where it is made
#include <heddle/heddle.hpp>

heddle::task<> f(heddle::sender<std::string> out) {
    heddle::selector set;
    set.add(out.send(std::string("gone")));
    co_await set.next();
}
