// SPDX-License-Identifier: BSL-1.0
// error: ignoring returned value of type 'heddle::select_op<heddle::receive_op<int>, heddle::timer>'|ignoring return value .*nodiscard
#include <heddle/heddle.hpp>

#pragma GCC diagnostic error "-Wunused-result"
#pragma GCC diagnostic error "-Wunused-value"

heddle::task<> f(heddle::receiver<int> in) {
    std::optional<int> v;
    heddle::select(in.receive(v), heddle::after(std::chrono::seconds(1)));
    co_return;
}
