// SPDX-License-Identifier: BSL-1.0
// mistake: a handler with other parameters
// A handler takes the error code first.
// error: a handler takes \(error_code, std::optional<T>\)
#include <heddle/heddle.hpp>

void f(heddle::receiver<int> in) {
    in.async_receive([](std::optional<int>) {});
}
