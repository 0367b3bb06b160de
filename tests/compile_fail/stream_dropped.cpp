// SPDX-License-Identifier: BSL-1.0
// error: a stream that nobody reads does nothing
#include <heddle/stream.hpp>

heddle::stream<int> f();
void g() { f(); }
