// SPDX-License-Identifier: BSL-1.0
// mistake: a stream of references
// error: T must be a non-const object type
#include <heddle/stream.hpp>

heddle::stream<int&> f();
void g() { (void)f(); }
