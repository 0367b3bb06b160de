// SPDX-License-Identifier: BSL-1.0
// mistake: an operator whose function takes another type
// error: the function of this operator cannot be called with a value of the stream
#include <heddle/streams.hpp>

#include <string>

auto f(heddle::stream<int> s) {
    return std::move(s) | heddle::streams::map([](std::string) { return 1; });
}
