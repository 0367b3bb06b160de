// SPDX-License-Identifier: BSL-1.0
// mistake: a receive into a variable of another type
// error: v is a std::optional<T>, or a T
#include <heddle/heddle.hpp>

heddle::task<> f(heddle::receiver<int> in) {
    std::string v;
    co_await in.receive(v);
}
