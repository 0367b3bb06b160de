// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/platform/config.hpp>

#include <cstddef>
#include <new>

namespace heddle::detail {

/// Memory for a handler that is posted: one at a time, of at most `size` bytes with what Asio
/// adds. What does not fit comes from the heap. Lives longer than the posted handler.
template <std::size_t size>
class handler_memory : pinned {
public:
    void* allocate(std::size_t bytes) {
        if (taken_ || bytes > size)
            return ::operator new(bytes);
        taken_ = true;
        return block_;
    }
    void free(void* p) noexcept {
        if (p == block_)
            taken_ = false;
        else
            ::operator delete(p);
    }

private:
    alignas(std::max_align_t) std::byte block_[size];
    bool taken_ = false;
};

template <class T, std::size_t size>
class handler_allocator {
public:
    using value_type = T;
    template <class U>
    struct rebind {
        using other = handler_allocator<U, size>;
    };

    explicit handler_allocator(handler_memory<size>& m) noexcept : memory_(&m) {}
    template <class U>
    handler_allocator(const handler_allocator<U, size>& o) noexcept
        : memory_(o.memory_) {}

    T* allocate(std::size_t n) {
        return static_cast<T*>(memory_->allocate(n * sizeof(T)));
    }
    void deallocate(T* p, std::size_t) noexcept { memory_->free(p); }

    friend bool operator==(const handler_allocator& a,
                           const handler_allocator& b) noexcept {
        return a.memory_ == b.memory_;
    }

private:
    template <class U, std::size_t n>
    friend class handler_allocator;

    handler_memory<size>* memory_;
};

}  // namespace heddle::detail
