// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/memory/frame_pool.hpp>

#include <cstddef>
#include <cstdint>

namespace heddle HEDDLE_VARIANT::detail {

/// The frame pool takes its blocks from slabs, and gives them back when it has too
/// many.
///
/// A slab is 64 KiB of blocks of one size, which are cut as they are first asked for;
/// an arena is 32 slabs. A slab whose blocks are all back may take another size. An
/// arena whose slabs are all vacant goes back to the system, except that up to 16 such
/// arenas are kept. Once there are two arenas, pages are asked for 16 KiB at a time;
/// beyond 64 MiB an arena is asked for as one large page, which costs one fault for
/// 512, and up to 2 MiB that are not used yet. Any thread may call. After Bonwick, "The
/// Slab Allocator" (1994).
namespace slabs {

struct block {
    block* next;
    block* next_batch;  // used by the pool's depots
};

using blocks::smallest;                       // sizeof(block)
using blocks::step;                           // all sizes are multiples of it
inline constexpr std::size_t largest = 2048;  // bytes

/// Takes a list of at most `n` blocks, and at least one; `taken` tells how many. They
/// are aligned as an object of `bytes` may need: to 16 if `bytes` is a multiple of 16,
/// else to 8. Throws bad_alloc.
block* take(std::size_t bytes, std::uint32_t n, std::uint32_t& taken);

/// Takes back a list of blocks of one size, which may come from different slabs.
/// O(blocks).
void give(block* first, std::size_t bytes) noexcept;

/// A fork holds all locks, so that no other thread is in the middle of a change.
void lock_all() noexcept;
void unlock_all() noexcept;

}  // namespace slabs
}  // namespace heddle::detail
