// SPDX-License-Identifier: BSL-1.0
// mistake: `async_send` without a completion token
// error: async_send\(value, token\) needs a completion token
#include <heddle/heddle.hpp>

void f(heddle::sender<int> out) { out.async_send(1); }
