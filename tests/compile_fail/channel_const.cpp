// SPDX-License-Identifier: BSL-1.0
// error: T must be a non-const object type
#include <heddle/heddle.hpp>

heddle::channel<const int> c;
