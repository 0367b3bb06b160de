// SPDX-License-Identifier: BSL-1.0
// Counts the calls of operator new, and makes them fail. support/allocations.cpp
// replaces the operators of the program that it is linked into.
#pragma once

#include <heddle/detail/platform/agreement.hpp>  // whether frames are recycled

#include <cstddef>

namespace test {

/// How often operator new was called so far.
std::size_t allocations() noexcept;

/// How many blocks of operator new have not been freed.
long live_blocks() noexcept;

/// How many bytes of operator new have not been freed, by all threads.
long live_bytes() noexcept;

/// The size of the last allocation in bytes.
std::size_t last_allocation() noexcept;

/// The bytes that were allocated so far.
std::size_t allocated_bytes() noexcept;

/// For as long as it lives, the n-th call of operator new (from 0) throws bad_alloc.
class failing_allocation {
public:
    explicit failing_allocation(std::size_t n) noexcept;
    ~failing_allocation();
    /// Whether the n-th call has been reached.
    bool happened() const noexcept;
};

/// For as long as it lives, this thread gets no memory: neither from operator new nor
/// from aligned_alloc, which Asio calls.
class no_memory {
public:
    no_memory() noexcept;
    ~no_memory();
};

/// Whether frames are recycled; otherwise each frame is an allocation of its own.
#ifdef HEDDLE_NO_FRAME_RECYCLING
constexpr bool recycling = false;
#else
constexpr bool recycling = true;
#endif

/// Frees the frames that this thread has kept for reuse, so that the next frames are
/// allocations.
void empty_frame_pools();

}  // namespace test
