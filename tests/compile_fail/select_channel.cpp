// SPDX-License-Identifier: BSL-1.0
// mistake: a channel as an arm
// error: a channel is no arm: write c.receive\(v\)
#include <heddle/heddle.hpp>

heddle::task<> f(heddle::receiver<int> in) {
    co_await heddle::select(in, heddle::after(std::chrono::seconds(1)));
}
