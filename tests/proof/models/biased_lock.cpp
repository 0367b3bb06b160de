// SPDX-License-Identifier: BSL-1.0
// Model of the lock of a worker's FIFO (lib/platform/biased_lock.hpp, lib/platform/locks.cpp): one owner, two thieves.
// One thread holds the lock at a time and sees the writes of the others, and the owner always gets the lock. In the
// library, membarrier(2) makes the owner pass a fence when a thief needs it, and the owner itself has only a compiler
// fence; in this model the owner has the fence.
#include "model.hpp"

using namespace model;

namespace {

/// With `Handover` there are two owners and one thief: the first owner hands over while it
/// is inside, as a worker does that goes idle under its lock (host::close_inbox_shared).
template <bool Asymmetric, bool Handover = false>
struct biased_lock : rl::test_suite<biased_lock<Asymmetric, Handover>, 3> {
    rl::atomic<int> busy, wanted, thieves, handed_over;
    rl::var<int> fifo;  // guarded by the lock
    int changes;

    void before() {
        busy($) = 0;
        wanted($) = 0;
        thieves($) = 0;
        handed_over($) = 0;
        fifo($) = 0;
        changes = 0;
    }

    void thread(unsigned who) {
        if (who == 0)
            for (int i = 0; i < (Handover ? 1 : 2); ++i) {
                lock();
                change();
                handed_over($).store(1, release);
                unlock();
            }
        else if (Handover && who == 1)
            own_next();
        else if (try_lock_thief()) {
            change();
            unlock_thief();
        }
    }

    void after() {
        RL_ASSERT(fifo($) == changes);
        RL_ASSERT(changes >= 2);
    }

private:
    void change() {
        fifo($) = fifo($) + 1;
        ++changes;
    }

    void own_next() {
        rl::linear_backoff pause;
        while (!handed_over($).load(acquire))
            pause.yield($);
        while (broken != 1 && busy($).load(acquire))  // adopt()
            pause.yield($);
        lock();
        change();
        unlock();
    }

    void fence() {
        if (Handover || broken != 1)
            rl::atomic_thread_fence(seq_cst, $);
    }

    void lock() {
        enter();
        if (wanted($).load(seen()))
            wait();
    }

    void unlock() { busy($).store(0, broken == 2 ? relaxed : release); }

    /// The memory order of the load of `wanted`, after the store to `busy`.
    rl::memory_order seen() const { return broken == 4 ? acquire : seq_cst; }

    void enter() {
        if (Asymmetric) {
            busy($).store(1, relaxed);
            fence();
        } else if (!Handover && broken == 1) {
            busy($).store(1, release);
        } else {
            busy($).exchange(1, seq_cst);
        }
    }

    void wait() {
        do {
            unlock();
            rl::linear_backoff pause;
            while (wanted($).load(acquire))
                pause.yield($);
            enter();
        } while (wanted($).load(seen()));
    }

    bool try_lock_thief() {
        if (thieves($).exchange(1, acquire))
            return false;
        wanted($).store(1, seq_cst);
        if (Asymmetric)
            fence();
        for (int spins = 0; spins < 2; ++spins)
            if (!busy($).load(seq_cst))
                return true;
        unlock_thief();
        return false;
    }

    void unlock_thief() {
        wanted($).store(0, broken == 3 ? relaxed : release);
        thieves($).store(0, release);
    }
};

}  // namespace

int main(int argc, char** argv) {
    return check<biased_lock<true>>("biased_lock", argc, argv, 3, 3) ||
           check<biased_lock<false>>("biased_lock, no membarrier", argc, argv, 3, 4) ||
           check<biased_lock<true, true>>("biased_lock, handover", argc, argv, 3, 1) ||
           check<biased_lock<false, true>>("handover, no membarrier", argc, argv, 3, 1);
}
