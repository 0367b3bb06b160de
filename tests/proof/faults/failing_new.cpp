// SPDX-License-Identifier: BSL-1.0
// This library is preloaded into a program. The n-th allocation by operator new fails,
// where n is in HEDDLE_FAIL_ALLOCATION. Without that variable the allocations are
// counted, and their number is written to the file HEDDLE_COUNT_ALLOCATIONS.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <new>

namespace {

std::atomic<long> left{0}, made{0};

struct report {
    report() {
        if (const char* n = std::getenv("HEDDLE_FAIL_ALLOCATION"))
            left = std::atol(n);
    }
    ~report() {
        const char* name = std::getenv("HEDDLE_COUNT_ALLOCATIONS");
        if (std::FILE* file = name ? std::fopen(name, "w") : nullptr) {
            std::fprintf(file, "%ld\n", made.load());
            std::fclose(file);
        }
    }
} at_exit;

void* allocate(std::size_t bytes) {
    ++made;
    if (--left == 0)
        throw std::bad_alloc();
    if (void* p = std::malloc(bytes ? bytes : 1))
        return p;
    throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t bytes) { return allocate(bytes); }
void* operator new[](std::size_t bytes) { return allocate(bytes); }
void operator delete(void* p) noexcept { std::free(p); }
void operator delete[](void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t) noexcept { std::free(p); }
