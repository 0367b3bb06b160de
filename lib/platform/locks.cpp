// SPDX-License-Identifier: BSL-1.0
// How a thread waits for a lock; and the biased lock, after Dice, Huang and Yang,
// "Asymmetric Dekker synchronization", 2001.
#include "platform/biased_lock.hpp"

#include <sched.h>

#ifdef __linux__
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace heddle::detail {

#ifndef HEDDLE_MODEL

namespace {

void relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
    asm volatile("yield" ::: "memory");
#else
    asm volatile("" ::: "memory");
#endif
}

}  // namespace

void back_off::operator()() noexcept {
    yield_point();
    if (++spins_ < 100) {
        relax();
    } else {
        ::sched_yield();  // the thread that holds the lock may have lost its core
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

#endif

namespace {

#if defined(__linux__) && defined(SYS_membarrier)
bool barrier(int command) noexcept {
    return ::syscall(SYS_membarrier, command, 0, 0) == 0;
}
bool register_process() noexcept {
    return barrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
}
bool pass_barrier() noexcept { return barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED); }
#else
bool register_process() noexcept { return false; }
bool pass_barrier() noexcept { return false; }
#endif

}  // namespace

biased_lock::biased_lock() noexcept : asymmetric_(register_process()) {}

bool biased_lock::try_lock_thief() noexcept {
    if (!thieves_.try_lock())
        return false;
    wanted_.store(true, std::memory_order_seq_cst);
    bool passed = !asymmetric_ || pass_barrier();
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
