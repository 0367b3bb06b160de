// SPDX-License-Identifier: BSL-1.0
// error: T is over-aligned; send a std::unique_ptr<T>
#include <heddle/heddle.hpp>

struct alignas(64) line {
    char bytes[64];
};

heddle::channel<line> c;
