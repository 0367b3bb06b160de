// SPDX-License-Identifier: BSL-1.0
// mistake: `co_yield` of a `std::unique_ptr` that has a name
// error: this one can only be moved: write co_yield std::move\(value\)
#include <heddle/stream.hpp>

#include <memory>

heddle::stream<std::unique_ptr<int>> f() {
    std::unique_ptr<int> p;
    co_yield p;
}
