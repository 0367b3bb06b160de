// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdlib>

#ifdef __APPLE__
#include <malloc/malloc.h>
#else
#include <malloc.h>
#endif

namespace test {

/// How many bytes the block of malloc may hold.
inline std::size_t usable_size(void* block) noexcept {
#ifdef __APPLE__
    return ::malloc_size(block);
#elif defined(_WIN32)
    return ::_msize(block);
#else
    return ::malloc_usable_size(block);
#endif
}

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
