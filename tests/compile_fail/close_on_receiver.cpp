// SPDX-License-Identifier: BSL-1.0
// mistake: a receiver closes its channel
// error: deleted (member )?function .*close
#include <heddle/heddle.hpp>

void f(heddle::receiver<int> in) { in.close(); }
