// SPDX-License-Identifier: BSL-1.0
// mistake: `async_receive` without a completion token
// error: async_receive\(token\) needs a completion token
#include <heddle/heddle.hpp>

void f(heddle::receiver<int> in) { in.async_receive(); }
