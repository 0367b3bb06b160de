// SPDX-License-Identifier: BSL-1.0
#include "support/allocations.hpp"

#include "support/heap.hpp"

#include <heddle/detail/memory/frame_pool.hpp>

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

// Only the one thread that looks at the numbers is counted.
thread_local std::size_t count = 0;
thread_local long live = 0;
thread_local std::size_t last = 0;
thread_local std::size_t total = 0;
thread_local bool armed = false;
thread_local bool failed = false;
thread_local std::size_t until_failure = 0;
thread_local bool nothing_left = false;

std::atomic<long> bytes_held{0};  // of all threads

void* take(std::size_t bytes, std::size_t alignment) {
    ++count;
    last = bytes;
    total += bytes;
    if (armed && until_failure-- == 0) {
        armed = false;
        failed = true;
        throw std::bad_alloc();
    }
    if (nothing_left)
        throw std::bad_alloc();
    void* p = alignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__
                  ? std::malloc(bytes)
                  : std::aligned_alloc(alignment,
                                       (bytes + alignment - 1) / alignment * alignment);
    if (!p)
        throw std::bad_alloc();
    ++live;
    bytes_held.fetch_add(static_cast<long>(test::usable_size(p)),
                         std::memory_order_relaxed);
    return p;
}

void give_back(void* p) noexcept {
    if (p) {
        --live;
        bytes_held.fetch_sub(static_cast<long>(test::usable_size(p)),
                             std::memory_order_relaxed);
    }
    std::free(p);
}

const bool blocks_are_counted = (heddle::detail::blocks_from_heap(), true);

}  // namespace

#ifdef __GLIBC__  // musl's memalign would call this function
extern "C" void* aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept {
    return nothing_left ? nullptr : ::memalign(alignment, bytes);
}
#endif

// The array and nothrow forms of the standard library call these; those of a sanitizer
// do not.
void* operator new(std::size_t n) { return take(n, 1); }
void* operator new(std::size_t n, std::align_val_t a) {
    return take(n, static_cast<std::size_t>(a));
}
void* operator new(std::size_t n, const std::nothrow_t&) noexcept {
    try {
        return take(n, 1);
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}
void operator delete(void* p) noexcept { give_back(p); }
void operator delete(void* p, std::size_t) noexcept { give_back(p); }
void operator delete(void* p, std::align_val_t) noexcept { give_back(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { give_back(p); }

namespace test {

std::size_t allocations() noexcept { return count; }
long live_blocks() noexcept { return live; }
long live_bytes() noexcept { return bytes_held.load(std::memory_order_relaxed); }
std::size_t last_allocation() noexcept { return last; }
std::size_t allocated_bytes() noexcept { return total; }

failing_allocation::failing_allocation(std::size_t n) noexcept {
    until_failure = n;
    failed = false;
    armed = true;
}
failing_allocation::~failing_allocation() { armed = false; }
bool failing_allocation::happened() const noexcept { return failed; }

no_memory::no_memory() noexcept { nothing_left = true; }
no_memory::~no_memory() { nothing_left = false; }

void empty_frame_pools() {
    for (std::size_t bytes = 16; recycling && bytes <= 2048; bytes += 8) {
        for (bool fresh = false; !fresh;) {
            std::size_t before = count;
            void* p = heddle::detail::allocate_block(bytes);
            fresh = count != before;
            ::operator delete(p);
        }
    }
}

}  // namespace test
