// SPDX-License-Identifier: BSL-1.0
// mistake: the result of a `try_receive` is not looked at
// error: ignoring return(ed)? value .*whether a value was received
#include <heddle/heddle.hpp>

void f(heddle::receiver<int> in, std::optional<int>& v) { in.try_receive(v); }
