// SPDX-License-Identifier: BSL-1.0
// error: moving a T may throw; send a std::unique_ptr<T>
#include <heddle/heddle.hpp>

struct fragile {
    fragile();
    fragile(fragile&&);  // not noexcept
};

heddle::channel<fragile> c;
