// SPDX-License-Identifier: BSL-1.0
// Counts what goes through operator new, and makes it fail: support/allocations.cpp
// replaces the operators of the program it is linked into.
#pragma once

#include <cstddef>

namespace test {

/// How often operator new was called so far.
std::size_t allocations() noexcept;

/// How many of its blocks have not been freed.
long live_blocks() noexcept;

/// How many bytes of them have not, on all threads.
long live_bytes() noexcept;

/// The bytes that were asked for last.
std::size_t last_allocation() noexcept;

/// The bytes that were asked for so far.
std::size_t allocated_bytes() noexcept;

/// Within its life, of the calls of operator new the n-th (from 0) throws bad_alloc.
class failing_allocation {
public:
    explicit failing_allocation(std::size_t n) noexcept;
    ~failing_allocation();
    /// Whether that one has been reached.
    bool happened() const noexcept;
};

/// Within its life this thread gets no memory: neither from operator new nor from
/// aligned_alloc, where Asio takes its own.
class no_memory {
public:
    no_memory() noexcept;
    ~no_memory();
};

/// Whether frames are recycled: else each is an allocation of its own.
#ifdef HEDDLE_NO_FRAME_RECYCLING
constexpr bool recycling = false;
#else
constexpr bool recycling = true;
#endif

/// Gives the frames this thread has kept back to the heap, so that the next ones are
/// allocations.
void empty_frame_pools();

}  // namespace test
