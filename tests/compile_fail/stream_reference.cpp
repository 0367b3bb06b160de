// SPDX-License-Identifier: BSL-1.0
// error: T must be a non-const object type
#include <heddle/stream.hpp>

heddle::stream<int&> f();
void g() { f(); }
