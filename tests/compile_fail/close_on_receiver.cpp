// SPDX-License-Identifier: BSL-1.0
// error: no member named '?close
#include <heddle/heddle.hpp>

void f(heddle::receiver<int> in) { in.close(); }
