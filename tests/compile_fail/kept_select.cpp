// SPDX-License-Identifier: BSL-1.0
// mistake: a select that is kept with a send of a temporary
// error: a send of an rvalue is awaited where it is made
#include <heddle/heddle.hpp>

heddle::task<> f(heddle::sender<std::string> out) {
    auto op = heddle::select(out.send(std::string("gone")),
                             heddle::after(std::chrono::seconds(1)));
    co_await op;
}
