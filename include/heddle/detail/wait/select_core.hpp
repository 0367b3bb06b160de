// SPDX-License-Identifier: BSL-1.0
// The select algorithm, which does not know the types of its arms: lib/wait/select.cpp.
#pragma once

#include <heddle/detail/core/host.hpp>
#include <heddle/detail/core/operation.hpp>

#include <bit>
#include <coroutine>
#include <cstddef>
#include <cstdint>

namespace heddle HEDDLE_VARIANT::detail {

/// A block of the frame pool.
class pool_block : pinned {
public:
    explicit pool_block(std::size_t bytes)
        : bytes_(bytes), block_(bytes ? allocate_frame(bytes) : nullptr) {}
    ~pool_block() {
        if (block_)
            free_frame(block_, bytes_);
    }
    void* get() const noexcept { return block_; }

private:
    std::size_t bytes_;
    void* block_;
};

class HEDDLE_API select_core : pinned {
public:
    select_core(process& self, select_rule rule, std::size_t arms)
        : self_(self), rule_(rule), n_(arms),
          scratch_(arms <= few ? 0
                               : arms * (sizeof(spin_lock*) + sizeof(std::uint32_t))) {}

    bool ready(operation** ops) noexcept;
    std::coroutine_handle<> suspend(operation** ops,
                                    std::coroutine_handle<> frame) noexcept;
    std::size_t resume(operation** ops);

    /// Ends the wait. Returns false if the closed token did, and no arm watches that.
    bool conclude(operation** ops) noexcept;

protected:
    enum class state : std::uint8_t { pending, happened, cancelled };

    /// Returns whether no other thread can use the arms, and no explorer chooses among
    /// them.
    bool is_alone() const noexcept {
        return single_threaded() && !self_.home->explorer();
    }

    process& self_;
    std::size_t chosen_ = 0;
    const select_rule rule_;
    state state_ = state::pending;

    /// Chooses one of the arms whose bits are set: the first, or any, each as likely.
    std::size_t choose(std::uint32_t candidates) noexcept {
        std::uint32_t rest = candidates & (candidates - 1);
        if (rest != 0 && !rule_.by_priority)
            return choose_any(candidates);
        return static_cast<std::size_t>(std::countr_zero(candidates));
    }

private:
    class shuffle;

    std::size_t choose_any(std::uint32_t candidates) noexcept;

    bool try_each(operation** ops) noexcept;
    bool try_all_locked(operation** ops, wake_list&) noexcept;
    bool choose_token_arm(operation** ops) noexcept;
    spin_lock** large_locks() const noexcept;
    std::uint32_t* large_order() const noexcept;

    static constexpr std::size_t few = 64;  // arms whose bookkeeping fits the stack

    const std::size_t n_;
    pool_block scratch_;  // for many arms: their order, and the locks
};

}  // namespace heddle::detail
