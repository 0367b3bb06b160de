// SPDX-License-Identifier: BSL-1.0
#include <heddle/detail/frame_pool.hpp>

#include <cstdint>
#include <new>

namespace heddle::detail {
namespace {

#ifndef HEDDLE_NO_FRAME_RECYCLING

constexpr std::size_t step = 32;
constexpr std::size_t classes = 64;          // up to 2 KiB
constexpr std::size_t kept_bytes = 1 << 20;  // by each class of each thread

struct block {
    block* next;
};

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

std::size_t class_of(std::size_t bytes) noexcept { return (bytes - 1) / step; }

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
    if (block* b = p.free[c]) {
        p.free[c] = b->next;
        --p.count[c];
        return b;
    }
    return ::operator new((c + 1) * step);
}

void free_frame(void* memory, std::size_t bytes) noexcept {
    std::size_t c = class_of(bytes);
    if (c < classes) {
        pool& p = of_this_thread();
        if (!p.gone && p.count[c] < kept_bytes / ((c + 1) * step)) {
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
