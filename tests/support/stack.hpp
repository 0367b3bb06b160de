// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace test {

/// How far the stack has grown, in bytes, over all calls of look().
class stack_watch {
public:
    [[gnu::noinline]] void look() {
        auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
        low_ = std::min(low_, here);
        high_ = std::max(high_, here);
    }
    std::size_t grown() const { return high_ - low_; }

private:
    std::uintptr_t low_ = UINTPTR_MAX, high_ = 0;
};

}  // namespace test
