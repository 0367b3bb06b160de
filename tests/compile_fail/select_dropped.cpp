// SPDX-License-Identifier: BSL-1.0
// mistake: a select without `co_await`
// error: ignoring return(ed)? value .*co_await this select
#include <heddle/heddle.hpp>

#pragma GCC diagnostic error "-Wunused-result"
#pragma GCC diagnostic error "-Wunused-value"

heddle::task<> f(heddle::receiver<int> in) {
    std::optional<int> v;
    heddle::select(in.receive(v), heddle::after(std::chrono::seconds(1)));
    co_return;
}
