// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/platform/config.hpp>

#include <cstddef>

namespace heddle::detail {

/// Memory for frames, tasks and small channels: free lists by size class, one set per
/// thread, each bounded, filled from slabs. A block may be given back on any thread. It is
/// aligned as an object whose size is `bytes` may need: to 16 if that is a multiple of 16,
/// else to 8. Throws bad_alloc.
///
/// Built with HEDDLE_NO_FRAME_RECYCLING every block goes to operator new and back, so that
/// an address sanitizer sees a use after free.
HEDDLE_API void* allocate_block(std::size_t bytes);
HEDDLE_API void free_block(void* p, std::size_t bytes) noexcept;

/// What is no object, but a frame or several things in one block: aligned to 16.
inline std::size_t whole_sixteens(std::size_t bytes) noexcept {
    return (bytes + 15) / 16 * 16;
}
inline void* allocate_frame(std::size_t bytes) {
    return allocate_block(whole_sixteens(bytes));
}
inline void free_frame(void* p, std::size_t bytes) noexcept {
    free_block(p, whole_sixteens(bytes));
}

/// From now on what is taken comes from operator new, block by block, and goes back there:
/// for a test that counts them or makes them fail. Requires: nothing has been taken.
HEDDLE_API void blocks_from_heap() noexcept;

/// Base of what is allocated there.
struct pooled {
    static void* operator new(std::size_t bytes) { return allocate_block(bytes); }
    static void operator delete(void* p, std::size_t bytes) noexcept {
        free_block(p, bytes);
    }
};

}  // namespace heddle::detail
