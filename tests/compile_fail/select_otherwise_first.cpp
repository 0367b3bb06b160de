// SPDX-License-Identifier: BSL-1.0
// mistake: `otherwise` is not the last arm
// error: otherwise must be last
#include <heddle/heddle.hpp>

heddle::task<> f(heddle::receiver<int> in) {
    std::optional<int> v;
    co_await heddle::select(heddle::otherwise, in.receive(v));
}
