// SPDX-License-Identifier: BSL-1.0
// mistake: `int v = co_await in.receive()`
// error: (cannot convert|no viable conversion from) 'std::optional<int>'
#include <heddle/heddle.hpp>

heddle::task<> f(heddle::receiver<int> in) {
    int v = co_await in.receive();
    (void)v;
}
