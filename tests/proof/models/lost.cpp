// SPDX-License-Identifier: BSL-1.0
// Model of a channel whose waits alone keep it [lost] (detail/wait/channel_core.hpp, lib/wait/channel.cpp, claim_process,
// host::sweep). One thread pops the wait and drops the last handle, the other withdraws the wait, and so takes the lock
// of the channel: the channel is freed once, after that.
#include "model.hpp"

using namespace model;

namespace {

/// The channel, and the one wait in it. Thread 0 pops, and thread 1 withdraws.
template <class Test>
struct channel : rl::test_suite<Test, 2> {
    rl::mutex lock;
    rl::var<int> freed;
    rl::atomic<int> linked;
    rl::atomic<int> coming, shut;  // of the wait's context
    bool queued, lost, orphan;     // guarded by the lock
    bool claimed, withdrawn;

    void before() {
        freed($) = 0;
        linked($) = 1;
        coming($) = 0;
        shut($) = 0;
        queued = true;
        lost = orphan = claimed = withdrawn = false;
    }

    void thread(unsigned who) { who == 0 ? pop_and_drop() : self().withdraw(); }

    void pop_and_drop() {
        lock.lock($);
        if (queued) {
            queued = false;
            if (self().claim()) {
                claimed = true;
                linked($).store(0, release);
            } else if (self().keeps()) {
                lost = true;
            } else {
                linked($).store(0, release);
            }
        }
        lock.unlock($);
        self().submitted();
        lock.lock($);
        orphan = queued || lost;
        bool last = !orphan;
        lock.unlock($);
        if (last)
            dispose();
    }

    /// Returns whether it left the queue.
    bool leave() {
        if (!linked($).load(acquire))
            return false;
        RL_ASSERT(freed($) == 0);
        lock.lock($);
        bool was = linked($).load(relaxed) != 0, last = false;
        if (was) {
            queued = lost = false;
            linked($).store(0, release);
            last = orphan;
        }
        lock.unlock($);
        if (last)
            dispose();
        return was;
    }

    void dispose() {
        RL_ASSERT(freed($) == 0);
        freed($) = 1;
    }

    void after() { RL_ASSERT(freed($) == 1); }

    Test& self() { return static_cast<Test&>(*this); }
};

/// An arm of a select whose task was claimed elsewhere, and withdraws it.
struct arm : channel<arm> {
    enum bug { unlinked = 1, bugs = unlinked };

    bool claim() { return false; }
    bool keeps() { return broken != unlinked; }
    void submitted() {}
    void withdraw() { leave(); }
};

/// The only wait of a task whose context ends. To pop it is to claim the task, which then comes to its host.
struct only_wait : channel<only_wait> {
    enum bug { no_look = 1, no_wait, relaxed_count, plain_look, bugs = plain_look };

    bool claim() {
        coming($).fetch_add(1, broken == relaxed_count ? relaxed : acq_rel);
        bool ends = shut($).load(acquire) != 0;
        return !ends || broken == no_look;
    }
    bool keeps() { return true; }
    void submitted() { coming($).fetch_sub(1, release); }

    void withdraw() {
        shut($).store(1, seq_cst);
        rl::linear_backoff pause;
        while (broken != no_wait && under_way())
            pause.yield($);
        withdrawn = leave();
    }
    bool under_way() {
        return broken == plain_look ? coming($).load(acquire) != 0
                                    : coming($).fetch_add(0, acq_rel) != 0;
    }

    void after() {
        channel<only_wait>::after();
        RL_ASSERT(claimed !=
                  withdrawn);  // otherwise the task never ends, or ends twice
    }
};

}  // namespace

int main(int argc, char** argv) {
    return check<arm>("lost, an arm", argc, argv, 3, arm::bugs) +
           check<only_wait>("lost, the only wait", argc, argv, 3, only_wait::bugs);
}
