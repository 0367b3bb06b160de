// SPDX-License-Identifier: BSL-1.0
// How a thread waits for a lock; and the biased lock, after Dice, Huang and Yang,
// "Asymmetric Dekker synchronization", 2001.
#include "platform/biased_lock.hpp"

#include "platform/comes_free.hpp"
#include "platform/port.hpp"

#include <chrono>

namespace heddle HEDDLE_VARIANT::detail {

#ifndef HEDDLE_MODEL

void back_off::operator()() noexcept {
    yield_point();
    if (++spins_ < 100) {
        relax();
    } else {
        port::yield_thread();  // the thread that holds the lock may have lost its core
        spins_ = 0;
    }
}

/// Begins with a long pause. A thread that tried again at once would take the cache
/// lines of the lock and of the data from a thread that is about to need them again; a
/// few microseconds later that thread has done a batch of its work.
void spin_lock::wait() const noexcept {
    for (int i = 0; i < 256; ++i)
        relax();
    for (back_off pause; taken_.load(std::memory_order_relaxed);)
        pause();
}

bool comes_free(spin_lock& lock) noexcept {
    if (is_left_out(lock))
        return true;
    auto patience = std::chrono::steady_clock::now() + std::chrono::milliseconds(50);
    while (!lock.try_lock()) {
        if (std::chrono::steady_clock::now() > patience)
            return false;
        port::yield_thread();
    }
    lock.unlock();
    return true;
}

#else

bool comes_free(spin_lock&) noexcept { return true; }

#endif

biased_lock::biased_lock(bool few) noexcept
    : asymmetric_(few && port::prepare_barrier()) {}

bool biased_lock::try_lock_thief() noexcept {
    if (!thieves_.try_lock())
        return false;
    wanted_.store(true, std::memory_order_seq_cst);
    bool passed = !asymmetric_ || port::pass_barrier();
    for (int spins = 0; passed && spins < 1000; ++spins)
        if (!busy_.load(std::memory_order_seq_cst))  // pairs with unlock()
            return true;
    unlock_thief();
    return false;
}

/// The owner leaves the lock and waits until the thief is done.
void biased_lock::wait() noexcept {
    do {
        unlock();
        for (back_off pause; wanted_.load(std::memory_order_acquire);)
            pause();
        enter();
    } while (wanted_.load(std::memory_order_seq_cst));
}

}  // namespace heddle::detail
