// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/platform/config.hpp>

#include <cstddef>
#include <cstdint>

namespace heddle::detail {

/// Where the blocks of the frame pool come from, and go when a thread has too many.
///
/// A slab is 64 KiB of blocks of one size, cut as they are first asked for; an arena is 32
/// slabs. A slab whose blocks are all back may take another size, an arena whose slabs are
/// all back goes to the system, but for 16. Once there are two arenas, pages are asked for 16
/// KiB at a time. Any thread may call.
/// After Bonwick, "The Slab Allocator" (1994).
namespace slabs {

struct block {
    block* next;
    block* next_batch;  // for the pool's depots
};

inline constexpr std::size_t step = 8;        // sizes are multiples
inline constexpr std::size_t smallest = 16;   // sizeof(block)
inline constexpr std::size_t largest = 2048;  // bytes

/// A list of `n` blocks, or fewer, but one at least. Aligned as an object of `bytes` may
/// need: to 8, or to 16 if `bytes` is a multiple. Throws bad_alloc.
block* take(std::size_t bytes, std::uint32_t n, std::uint32_t& taken);

/// Takes back a list of blocks of one size, of whatever slabs. O(blocks).
void give(block* first, std::size_t bytes) noexcept;

/// For a fork: no other thread is amid a change while the locks are held.
void lock_all() noexcept;
void unlock_all() noexcept;

}  // namespace slabs
}  // namespace heddle::detail
