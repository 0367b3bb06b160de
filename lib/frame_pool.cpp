// SPDX-License-Identifier: BSL-1.0
// Free lists by size class, of each thread; and, while there are several, of the process: a
// task may end on another thread than it began on. What one has too much of goes there in
// batches, as in tcmalloc's transfer cache (Ghemawat, Menage).
#include <heddle/detail/config.hpp>
#include <heddle/detail/frame_pool.hpp>

#include <cstdint>
#include <new>
#include <utility>

namespace heddle::detail {
namespace {

#ifndef HEDDLE_NO_FRAME_RECYCLING

// Sizes 8, 24, 40, ... fill a chunk of glibc's malloc to the last byte.
constexpr std::size_t step = 16;
constexpr std::size_t classes = 128;         // up to 2 KiB
constexpr std::size_t kept_bytes = 1 << 20;  // by each class of each thread

constexpr std::size_t class_of(std::size_t bytes) noexcept {
    return (bytes + 7) / step;
}
constexpr std::size_t size_of(std::size_t c) noexcept { return c * step + 8; }
static_assert(size_of(class_of(8)) == 8 && size_of(class_of(9)) == 24 &&
              size_of(class_of(24)) == 24);

struct block {
    block* next;
    block* next_batch;  // of the first of a batch: not in the smallest class
};

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
    std::uint32_t count[classes];
    bool gone;  // the thread is ending: keep nothing
};

// Trivial, so that it can be used while and after the thread's other objects die.
thread_local pool local;

struct sweeper {
    ~sweeper() {
        local.gone = true;
        for (auto& first : local.free)
            while (block* b = first) {
                first = b->next;
                ::operator delete(b);
            }
    }
};

void sweep_at_thread_end() {
    thread_local sweeper s;
    (void)&s;
}

// Not inlined: clang 16 keeps the address of a thread_local across a suspension.
[[gnu::noinline]] pool& of_this_thread() noexcept { return local; }

constexpr bool travels(std::size_t c) noexcept { return size_of(c) >= sizeof(block); }

/// Takes a batch from the depot into an empty list.
bool fetch(pool& p, std::size_t c) noexcept {
    if (single_threaded() || !travels(c))
        return false;
    depot& d = depots[c];
    guard g(d.lock);
    if (!d.first)
        return false;
    p.free[c] = std::exchange(d.first, d.first->next_batch);
    p.count[c] = batch;
    --d.batches;
    return true;
}

/// Gives a batch to the depot. False: that has enough.
bool deliver(pool& p, std::size_t c) noexcept {
    block* first = p.free[c];
    block* last = first;
    for (std::uint32_t i = 1; i < batch; ++i)
        last = last->next;
    depot& d = depots[c];
    guard g(d.lock);
    if (d.batches * batch >= kept_bytes / size_of(c))
        return false;
    p.free[c] = std::exchange(last->next, nullptr);
    p.count[c] -= batch;
    first->next_batch = std::exchange(d.first, first);
    ++d.batches;
    return true;
}

#endif

}  // namespace

#ifdef HEDDLE_NO_FRAME_RECYCLING

void* allocate_frame(std::size_t bytes) { return ::operator new(bytes); }
void free_frame(void* p, std::size_t) noexcept { ::operator delete(p); }

#else

void* allocate_frame(std::size_t bytes) {
    std::size_t c = class_of(bytes);
    if (c >= classes)
        return ::operator new(bytes);
    pool& p = of_this_thread();
    if (p.free[c] || fetch(p, c)) {
        block* b = p.free[c];
        p.free[c] = b->next;
        --p.count[c];
        return b;
    }
    return ::operator new(size_of(c));
}

void free_frame(void* memory, std::size_t bytes) noexcept {
    std::size_t c = class_of(bytes);
    if (c < classes) {
        pool& p = of_this_thread();
        if (!p.gone && p.count[c] >= 2 * batch && !single_threaded() && travels(c))
            deliver(p, c);
        if (!p.gone && p.count[c] < kept_bytes / size_of(c)) {
            if (p.count[c] == 0)
                sweep_at_thread_end();
            auto* b = static_cast<block*>(memory);
            b->next = p.free[c];
            p.free[c] = b;
            ++p.count[c];
            return;
        }
    }
    ::operator delete(memory);
}

#endif

}  // namespace heddle::detail
