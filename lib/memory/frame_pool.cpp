// SPDX-License-Identifier: BSL-1.0
// Each thread has free lists by size class; and, while there are several threads, so
// has the process, since a task may end on another thread than it began on. If a thread
// has too many blocks, a batch of them goes to the lists of the process, its depots, as
// in tcmalloc's transfer cache (Ghemawat, Menage); if a depot has too many, the batch
// goes to the slabs.
#include "memory/slabs.hpp"
#include "platform/port.hpp"

#include <heddle/detail/memory/frame_pool.hpp>
#include <heddle/detail/platform/config.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

#ifdef HEDDLE_NO_FRAME_RECYCLING

void* blocks::allocate(extent e) { return ::operator new(e.steps * step - e.unused); }
void blocks::free(void* p, extent) noexcept { ::operator delete(p); }
void blocks_from_heap() noexcept {}

#else

namespace {

using slabs::block;

constexpr std::size_t classes = slabs::largest / slabs::step + 1;
constexpr std::size_t kept_bytes = 1 << 20;  // per class, of each thread and each depot

constexpr std::size_t size_of(std::size_t c) noexcept { return c * slabs::step; }

constexpr std::uint32_t batch = 32;  // blocks

/// Batches of one class that no thread owns.
struct depot {
    spin_lock lock;
    block* first = nullptr;     // guarded by lock
    std::uint32_t batches = 0;  // guarded by lock
};
depot depots[classes];

struct pool {
    block* free[classes];
    std::uint32_t room[classes];  // how many more blocks the list may keep
};

// The pools of a thread that has taken no block yet, and of a thread that ends. Neither
// of them has a block or room for one, and so neither is ever written to.
pool not_begun, ending;

// This pointer alone is thread-local storage, and the pool is allocated: a library that
// is loaded late finds little static TLS, and any TLS model but this one costs a call
// per access.
HEDDLE_STATIC_TLS thread_local pool* local = &not_begun;

bool from_heap = false;

/// Gives a list of blocks of class c to the slabs, or to the heap if they come from
/// there.
void give_away(block* first, std::size_t c) noexcept {
    if (!from_heap)
        return slabs::give(first, size_of(c));
    while (block* b = first) {
        first = b->next;
        ::operator delete(b);
    }
}

/// Runs when this thread ends, after the destructors of its thread_local variables.
void sweep(void* p) noexcept {
    local = &ending;
    for (std::size_t c = 0; c < classes; ++c)
        if (block* first = static_cast<pool*>(p)->free[c])
            give_away(first, c);
    std::free(p);
}

/// The pool of this thread, which is made before its first block. Returns null if the
/// thread keeps no blocks: it ends, or there is no memory for a pool.
pool* own_pool() noexcept {
    if (local == &ending)
        return nullptr;
    if (local != &not_begun)
        return local;
    auto* p = static_cast<pool*>(std::calloc(1, sizeof(pool)));
    if (!p || !port::at_thread_end(port::at_end_for::frames, sweep, p)) {
        std::free(p);
        return nullptr;
    }
    for (std::size_t c = 1; c < classes; ++c) {
        const auto most = static_cast<std::uint32_t>(kept_bytes / size_of(c));
        p->room[c] = single_threaded() ? most : 2 * batch;
    }
    return local = p;
}

/// Takes a batch from the depot. Returns null if the depot has none.
block* fetch(std::size_t c) noexcept {
    if (single_threaded())
        return nullptr;
    depot& d = depots[c];
    guard g(d.lock);
    block* first = d.first;
    if (first) {
        d.first = first->next_batch;
        --d.batches;
    }
    return first;
}

/// Gives a batch to the depot. Returns false if the depot has enough.
bool deliver(block* first, std::size_t c) noexcept {
    if (single_threaded())
        return false;
    depot& d = depots[c];
    guard g(d.lock);
    if (d.batches * batch >= kept_bytes / size_of(c))
        return false;
    first->next_batch = std::exchange(d.first, first);
    ++d.batches;
    return true;
}

// The next two are functions of their own so that the usual paths save no registers.

/// Allocates a block when the free list of this thread is empty.
HEDDLE_NOINLINE void* allocate_slowly(std::size_t c) {
    pool* const p = own_pool();
    std::uint32_t n = batch;
    block* first = p ? fetch(c) : nullptr;
    if (!first) {
        if (from_heap)
            return ::operator new(size_of(c));
        constexpr std::size_t at_once = 8192;  // bytes
        const auto wanted = std::clamp<std::size_t>(at_once / size_of(c), 1, batch);
        n = p ? static_cast<std::uint32_t>(wanted) : 1;
        first = slabs::take(size_of(c), n, n);
    }
    if (p) {
        p->free[c] = first->next;
        p->room[c] -= n - 1;
    }
    return first;
}

/// Takes back a block when the free list of this thread has no room for it.
HEDDLE_NOINLINE void free_slowly(block* b, std::size_t c) noexcept {
    pool* const p = own_pool();
    b->next = nullptr;
    if (!p)
        return give_away(b, c);
    if (p->room[c] == 0) {
        block* first = p->free[c];
        block* last = first;
        for (std::uint32_t i = 1; i < batch; ++i)
            last = last->next;
        p->free[c] = std::exchange(last->next, nullptr);
        p->room[c] += batch;
        if (!deliver(first, c))
            give_away(first, c);
    }
    b->next = std::exchange(p->free[c], b);
    --p->room[c];
}

#ifndef HEDDLE_MODEL

// A child process has only the thread that called fork(). No thread of it would release
// a lock that another thread held, or finish a change that another thread had begun. So
// the thread that forks holds all global locks meanwhile. These are all of them: every
// other lock belongs to an object.

void before_fork() noexcept {
    for (depot& d : depots)
        d.lock.lock();
    slabs::lock_all();
}

void after_fork() noexcept {
    slabs::unlock_all();
    for (depot& d : depots)
        d.lock.unlock();
}

[[maybe_unused]] const bool locked_in_forks =
    port::at_fork(before_fork, after_fork, after_fork);

#endif

}  // namespace

void blocks_from_heap() noexcept { from_heap = true; }

// Not inlined, as clang 16 keeps the address of a thread_local across a suspension.
HEDDLE_NOINLINE void* blocks::allocate(extent e) {
    const std::size_t c = e.steps;
    if (c >= classes)
        return ::operator new(size_of(c));
    pool& p = *local;
    block* b = p.free[c];
    if (!b)
        return allocate_slowly(c);
    p.free[c] = b->next;
    ++p.room[c];
    return b;
}

HEDDLE_NOINLINE void blocks::free(void* memory, extent e) noexcept {
    const std::size_t c = e.steps;
    if (c >= classes)
        return ::operator delete(memory);
    pool& p = *local;
    auto* b = static_cast<block*>(memory);
    if (p.room[c] == 0)
        return free_slowly(b, c);
    b->next = p.free[c];
    p.free[c] = b;
    --p.room[c];
}

#endif

}  // namespace heddle::detail
