// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/platform/config.hpp>

namespace heddle HEDDLE_VARIANT::detail {

/// A lock with one owner, which takes it all the time, and with thieves, which take it
/// rarely. It is Dekker's mutual exclusion with an asymmetric fence: the owner stores
/// and then loads with no fence between the two; a thief does the same, but makes every
/// thread of the process pass a barrier in between (membarrier(2), about 1 us; 10 us in a
/// virtual machine, and it interrupts each core that runs such a thread). Where the
/// system has no such call, or there are too many of those threads, the owner's store is
/// a locked exchange, and its load is sequentially consistent as well: an acquire load
/// could still pass the exchange (tests/proof/models/).
///
/// Another thread may become the owner, if the owner hands over to it. The owner may do
/// that while it holds the lock, so the next one calls adopt() first.
class HEDDLE_API biased_lock : pinned {
public:
    /// `few`: few threads of the process run, so that a barrier is cheap.
    explicit biased_lock(bool few) noexcept;

    // -- the owner's side: it holds the lock for a few instructions only ---------------
    /// Waits until the owner that has handed over to this thread holds the lock no more.
    void adopt() const noexcept {
        for (back_off pause; busy_.load(std::memory_order_acquire);)
            pause();
    }
    void lock() noexcept {
        enter();
        if (wanted_.load(std::memory_order_seq_cst))  // pairs with unlock_thief()
            wait();
    }
    void unlock() noexcept { busy_.store(false, std::memory_order_release); }

    // -- a thief's side: any other thread ----------------------------------------------
    /// Returns false if another thief is at it, or if the owner has lost its core
    /// inside.
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

    atomic<bool> busy_{false};    // the owner is inside, or is about to read wanted_
    atomic<bool> wanted_{false};  // a thief is inside, or is about to read busy_
    const bool asymmetric_;
    spin_lock thieves_;
};

}  // namespace heddle::detail
