// SPDX-License-Identifier: BSL-1.0
// mistake: a send to a receiver
// error: deleted (member )?function .*send
#include <heddle/heddle.hpp>

heddle::task<> f(heddle::receiver<int> in) { co_await in.send(1); }
