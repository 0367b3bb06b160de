// SPDX-License-Identifier: BSL-1.0
// mistake: a receive from a sender
// error: deleted (member )?function .*receive
#include <heddle/heddle.hpp>

heddle::task<> f(heddle::sender<int> out) { co_await out.receive(); }
