// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/platform/config.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>

namespace heddle HEDDLE_VARIANT::detail {

/// Memory for frames, tasks and small channels. Each thread has free lists by size
/// class, which are bounded and are filled from slabs. A block may be given back on any
/// thread. It is aligned as an object of size `bytes` may need: to 16 if `bytes` is a
/// multiple of 16, else to 8. Throws bad_alloc.
///
/// If HEDDLE_NO_FRAME_RECYCLING is defined, every block comes from operator new,
/// which is asked for `bytes`, and goes back to operator delete. So an address sanitizer
/// sees a use after free, and a use behind the end.
inline void* allocate_block(std::size_t bytes);
inline void free_block(void* p, std::size_t bytes) noexcept;

namespace blocks {

inline constexpr std::size_t step = 8;       // the sizes of blocks are its multiples
inline constexpr std::size_t smallest = 16;  // bytes

/// The size of a block in steps, which is its size class, and how many of its bytes are
/// not used. Mostly the compiler knows both, and they are passed in one register.
struct extent {
    std::uint32_t steps;
    std::uint32_t unused;

    constexpr extent(std::size_t bytes, std::size_t multiple) noexcept
        : steps(static_cast<std::uint32_t>((std::max(bytes, smallest) + multiple - 1) /
                                           multiple * multiple / step)),
          unused(static_cast<std::uint32_t>(steps * step - bytes)) {}
};
inline constexpr std::uint64_t huge = std::uint64_t{1} << 34;  // bytes, 16 GiB

HEDDLE_API void* allocate(extent);
HEDDLE_API void free(void* p, extent) noexcept;

}  // namespace blocks

inline void* allocate_block(std::size_t bytes, std::size_t multiple) {
    return bytes < blocks::huge ? blocks::allocate(blocks::extent(bytes, multiple))
                                : ::operator new(bytes);
}
inline void free_block(void* p, std::size_t bytes, std::size_t multiple) noexcept {
    bytes < blocks::huge ? blocks::free(p, blocks::extent(bytes, multiple))
                         : ::operator delete(p);
}
inline void* allocate_block(std::size_t bytes) {
    return allocate_block(bytes, blocks::step);
}
inline void free_block(void* p, std::size_t bytes) noexcept {
    free_block(p, bytes, blocks::step);
}

/// As above, but the block is always aligned to 16, as a frame needs, or a block that
/// holds several objects.
inline void* allocate_frame(std::size_t bytes) { return allocate_block(bytes, 16); }
inline void free_frame(void* p, std::size_t bytes) noexcept {
    free_block(p, bytes, 16);
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
