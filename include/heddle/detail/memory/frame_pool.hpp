// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/platform/config.hpp>

#include <algorithm>
#include <cstddef>

namespace heddle HEDDLE_VARIANT::detail {

/// Memory for frames, tasks and small channels. Each thread has free lists by size
/// class, which are bounded and are filled from slabs. A block may be given back on any
/// thread. It is aligned as an object of size `bytes` may need: to 16 if `bytes` is a
/// multiple of 16, else to 8. Throws bad_alloc.
///
/// If HEDDLE_NO_FRAME_RECYCLING is defined, every block comes from operator new and
/// goes back to operator delete, so that an address sanitizer sees a use after free.
inline void* allocate_block(std::size_t bytes);
inline void free_block(void* p, std::size_t bytes) noexcept;

namespace blocks {

inline constexpr std::size_t step = 8;       // the sizes of blocks are its multiples
inline constexpr std::size_t smallest = 16;  // bytes

/// The size class of a block: its size in steps. Mostly the compiler knows it.
constexpr std::size_t class_of(std::size_t bytes) noexcept {
    return (std::max(bytes, smallest) + step - 1) / step;
}
HEDDLE_API void* allocate(std::size_t size_class);
HEDDLE_API void free(void* p, std::size_t size_class) noexcept;

}  // namespace blocks

inline void* allocate_block(std::size_t bytes) {
    return blocks::allocate(blocks::class_of(bytes));
}
inline void free_block(void* p, std::size_t bytes) noexcept {
    blocks::free(p, blocks::class_of(bytes));
}

/// Rounds up to a multiple of 16. A block of such a size is aligned to 16, as a frame
/// needs, or a block that holds several objects.
inline std::size_t whole_sixteens(std::size_t bytes) noexcept {
    return (bytes + 15) / 16 * 16;
}
inline void* allocate_frame(std::size_t bytes) {
    return allocate_block(whole_sixteens(bytes));
}
inline void free_frame(void* p, std::size_t bytes) noexcept {
    free_block(p, whole_sixteens(bytes));
}

/// From now on each block comes from operator new and goes back to operator delete. A
/// test calls this to count allocations, or to make one fail. Requires: no block has
/// been taken yet.
HEDDLE_API void blocks_from_heap() noexcept;

/// The base of types whose objects are allocated in the pool.
struct pooled {
    static void* operator new(std::size_t bytes) { return allocate_block(bytes); }
    static void operator delete(void* p, std::size_t bytes) noexcept {
        free_block(p, bytes);
    }
};

}  // namespace heddle::detail
