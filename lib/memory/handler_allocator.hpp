// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/memory/handler_memory.hpp>

#include <cstddef>

namespace heddle HEDDLE_VARIANT::detail {

/// Gives a handler that is posted its memory, a handler_memory or a shared one.
template <class T, class Memory>
class handler_allocator {
public:
    using value_type = T;
    template <class U>
    struct rebind {
        using other = handler_allocator<U, Memory>;
    };

    explicit handler_allocator(Memory& m) noexcept : memory_(&m) {}
    template <class U>
    handler_allocator(const handler_allocator<U, Memory>& o) noexcept
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
    template <class U, class M>
    friend class handler_allocator;

    Memory* memory_;
};

}  // namespace heddle::detail
