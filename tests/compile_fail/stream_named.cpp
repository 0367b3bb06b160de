// SPDX-License-Identifier: BSL-1.0
// mistake: an operator on a stream that has a name
// error: a stream is read once, so give it up: write std::move\(s\) \| operator
#include <heddle/streams.hpp>

auto f(heddle::stream<int> s) { return s | heddle::streams::take(1); }
