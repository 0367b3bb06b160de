// SPDX-License-Identifier: BSL-1.0
// mistake: a stream that nobody reads
// error: a stream that nobody reads does nothing
#include <heddle/stream.hpp>

heddle::stream<int> f();
void g() { f(); }
