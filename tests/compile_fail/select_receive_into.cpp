// SPDX-License-Identifier: BSL-1.0
// mistake: `int v; select(in.receive(v), ...)`
// error: as an arm needs std::optional<T> v
#include <heddle/heddle.hpp>

heddle::task<> f(heddle::receiver<int> in) {
    int n = 0;  // an int could not tell closed from received; an optional can
    co_await heddle::select(in.receive(n), heddle::after(std::chrono::seconds(1)));
}
