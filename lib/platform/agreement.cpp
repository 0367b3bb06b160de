// SPDX-License-Identifier: BSL-1.0
// Defines the symbols that tell how this library was built. A program that was built in
// another way looks for other symbols and does not link.
#include <heddle/detail/platform/agreement.hpp>

#define DEFINE(how) const char HEDDLE_AGREED_NAME(how) = 0;
HEDDLE_FOR_EACH_AGREED(DEFINE)
