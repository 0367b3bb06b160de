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
    /// Lives while a handler is being posted.
    struct posting {
        explicit posting(handler_memory&) noexcept {}
    };

    void* allocate(std::size_t bytes) {
        if (bytes > size - used_)
            return ::operator new(bytes);
        ++blocks_;
        return room_ + std::exchange(used_, used_ + rounded(bytes));
    }
    void free(void* p) noexcept {
        if (!has(p))
            ::operator delete(p);
        else if (--blocks_ == 0)
            used_ = 0;
    }

protected:
    bool has(const void* p) const noexcept {
        return !std::less<>()(p, room_) && std::less<>()(p, room_ + size);
    }
    void clear() noexcept { used_ = blocks_ = 0; }

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

/// The same in an object that is counted, for a post to a strand, too. There Asio takes a
/// second block, for a handler of the strand's own, which it may free after it has destroyed
/// ours, and while the post still takes a block. So each block holds the owner, as does the
/// post; and a block that was freed is not taken again before the next post.
template <std::size_t size>
class shared_handler_memory : public handler_memory<size> {
    using base = handler_memory<size>;

public:
    template <class Owner>
    explicit shared_handler_memory(Owner& o) noexcept
        : owner_(&o), hold_([](void* owner, bool take) noexcept {
              take ? static_cast<Owner*>(owner)->take()
                   : static_cast<Owner*>(owner)->drop();
          }) {}

    /// Requires: an earlier handler was called or destroyed.
    class posting : pinned {
    public:
        explicit posting(shared_handler_memory& m) noexcept : memory_(m) {
            m.hold_(m.owner_, true);
            m.clear();
        }
        ~posting() { memory_.hold_(memory_.owner_, false); }

    private:
        shared_handler_memory& memory_;
    };

    void* allocate(std::size_t bytes) {
        void* p = base::allocate(bytes);
        hold_(owner_, true);
        return p;
    }
    void free(void* p) noexcept {
        if (!base::has(p))
            ::operator delete(p);
        hold_(owner_, false);
    }

private:
    void* const owner_;
    void (*const hold_)(void* owner, bool take) noexcept;
};

}  // namespace heddle::detail
