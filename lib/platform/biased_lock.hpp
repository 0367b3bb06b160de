// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/platform/config.hpp>

namespace heddle::detail {

/// A lock with one owner, who takes it all the time, and others, who hardly ever do. It is
/// Dekker's mutual exclusion with an asymmetric fence: the owner stores and loads, and a thief
/// makes every thread of the process pass a barrier in between (membarrier(2), about 1 us).
/// Where the system has no such call the owner's store is a locked exchange, and its load
/// sequentially consistent as well: an acquire could still pass the exchange (models/).
///
/// The owner may be another thread from time to time, if one hands over to the next.
class HEDDLE_API biased_lock : pinned {
public:
    biased_lock() noexcept;

    // -- the owner's side: between them nothing but a few instructions -----------------
    void lock() noexcept {
        enter();
        if (wanted_.load(std::memory_order_seq_cst))  // pairs with unlock_thief()
            wait();
    }
    void unlock() noexcept { busy_.store(false, std::memory_order_release); }

    // -- anybody else's ----------------------------------------------------------------
    /// False: another thief is at it, or the owner has lost its core inside.
    bool try_lock_thief() noexcept;
    void unlock_thief() noexcept {
        wanted_.store(false, std::memory_order_release);
        thieves_.unlock();
    }

private:
    void enter() noexcept {
        yield_point();
        if (asymmetric_) {
            busy_.store(true, std::memory_order_relaxed);
            compiler_fence();  // try_lock_thief() has the fence
        } else {
            busy_.exchange(true, std::memory_order_seq_cst);
        }
    }
    void wait() noexcept;

    atomic<bool> busy_{false};    // the owner is inside, or about to look at wanted_
    atomic<bool> wanted_{false};  // a thief is inside, or about to look at busy_
    const bool asymmetric_;
    spin_lock thieves_;
};

}  // namespace heddle::detail
