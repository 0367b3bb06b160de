// SPDX-License-Identifier: BSL-1.0
// mistake: a channel of references
// error: T must be a non-const object type
#include <heddle/heddle.hpp>

heddle::channel<int&> c;
