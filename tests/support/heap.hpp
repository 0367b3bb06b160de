// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdlib>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace test {

/// How many bytes of malloc are in use. Only glibc tells that; elsewhere it is 0, and a
/// test that compares it checks nothing.
inline std::size_t heap_in_use() {
#ifdef __GLIBC__
    return ::mallinfo2().uordblks;
#else
    return 0;
#endif
}

}  // namespace test
