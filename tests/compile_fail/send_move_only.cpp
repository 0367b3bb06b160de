// SPDX-License-Identifier: BSL-1.0
// mistake: a send of a `std::unique_ptr` that has a name
// error: c.send\(std::move\(value\)\)
#include <heddle/heddle.hpp>

heddle::task<> f(heddle::sender<std::unique_ptr<int>> out) {
    auto p = std::make_unique<int>(1);
    co_await out.send(p);
}
