// SPDX-License-Identifier: BSL-1.0
// How this library was built, by the names that a program built in another way does not find.
#include <heddle/detail/platform/agreement.hpp>

#define DEFINE(how) const char HEDDLE_AGREED_NAME(how) = 0;
HEDDLE_FOR_EACH_AGREED(DEFINE)
