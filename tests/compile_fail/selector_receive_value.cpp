// SPDX-License-Identifier: BSL-1.0
// mistake: `selector.add(in.receive())`: the values would be lost
// error: c.receive\(\) would lose the value
#include <heddle/heddle.hpp>

heddle::task<> f(heddle::receiver<int> in) {
    heddle::selector set;
    set.add(in.receive());
    co_await set.next();
}
