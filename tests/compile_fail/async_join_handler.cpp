// SPDX-License-Identifier: BSL-1.0
// A handler takes the exception first.
// error: no matching (member )?function for call to .*async_join
#include <heddle/heddle.hpp>

void f(heddle::join_handle<int>& h) {
    h.async_join([](int) {});
}
