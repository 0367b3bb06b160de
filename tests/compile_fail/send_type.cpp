// SPDX-License-Identifier: BSL-1.0
// mistake: a send of a value of another type
// error: this value does not convert to T; c.emplace
#include <heddle/heddle.hpp>

heddle::task<> f(heddle::sender<int> out) { co_await out.send(std::string("x")); }
