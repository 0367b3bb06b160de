// SPDX-License-Identifier: BSL-1.0
// mistake: a handler with other parameters
// A handler takes the error code first.
// error: no matching (member )?function for call to .*async_receive
#include <heddle/heddle.hpp>

void f(heddle::receiver<int> in) {
    in.async_receive([](std::optional<int>) {});
}
