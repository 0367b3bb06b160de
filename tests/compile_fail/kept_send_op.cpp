// SPDX-License-Identifier: BSL-1.0
// mistake: a send of a temporary that becomes a `send_op`
// error: a send of an rvalue is awaited where it is made
#include <heddle/heddle.hpp>

heddle::task<> f(heddle::sender<std::string> out) {
    heddle::send_op<std::string> op = out.send(std::string("gone"));
    co_await op;
}
