// SPDX-License-Identifier: BSL-1.0
// error: destroying a T may throw; send a std::unique_ptr<T>
#include <heddle/heddle.hpp>

struct fragile {
    fragile();
    fragile(fragile&&) noexcept;
    ~fragile() noexcept(false);
};

heddle::channel<fragile> c;
