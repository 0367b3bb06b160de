// SPDX-License-Identifier: BSL-1.0
// mistake: the result of a `try_send` is not looked at
// error: ignoring return(ed)? value .*whether the value was sent
#include <heddle/heddle.hpp>

void f(heddle::sender<int> out) { out.try_send(1); }
