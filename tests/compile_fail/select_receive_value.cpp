// SPDX-License-Identifier: BSL-1.0
// mistake: `select(in.receive(), ...)`: the value would be lost
// error: c.receive\(\) would lose the value
#include <heddle/heddle.hpp>

heddle::task<> f(heddle::receiver<int> in) {
    co_await heddle::select(in.receive(), heddle::after(std::chrono::seconds(1)));
}
