// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/platform/config.hpp>

#include <cstddef>
#include <functional>
#include <new>
#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

/// Memory for a handler that is posted: for one post at a time, which takes at most `size`
/// bytes with what Asio adds. What does not fit comes from the heap. Lives longer than the
/// posted handler.
template <std::size_t size>
class handler_memory : pinned {
public:
    void* allocate(std::size_t bytes) {
        if (bytes > size - used_)
            return ::operator new(bytes);
        ++blocks_;
        return room_ + std::exchange(used_, used_ + rounded(bytes));
    }
    void free(void* p) noexcept {
        if (std::less<>()(p, room_) || !std::less<>()(p, room_ + size))
            ::operator delete(p);
        else if (--blocks_ == 0)
            used_ = 0;
    }

private:
    static constexpr std::size_t rounded(std::size_t bytes) noexcept {
        constexpr std::size_t unit = alignof(std::max_align_t);
        return (bytes + unit - 1) / unit * unit;
    }
    static_assert(rounded(size) == size);

    alignas(std::max_align_t) std::byte room_[size];
    std::size_t used_ = 0;  // bytes of the room; 0 again when no block is left
    std::size_t blocks_ = 0;
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
