// SPDX-License-Identifier: BSL-1.0
// Model of a task that joins a child which has not started, on a parallel host (detail/core/await.hpp,
// host::begin_fresh_shared). As soon as the task is parked, a thief may steal the child, run it to its end and resume the
// joiner, which drops the last handle. Meanwhile the thread where the task parked checks whether the child can start
// there. The child runs once, and its block exists while any thread accesses it.
#include "claim_word.hpp"

using namespace model;

namespace {

struct join : rl::test_suite<join, 2> {
    rl::atomic<int> fresh, refs;
    claim_word word;             // of the joiner
    rl::mutex fifo, child;       // fifo: a biased_lock; child: guards its joiners
    rl::var<int> queued;         // 1 while the child is in the FIFO
    rl::var<int> joined, ended;  // guarded by child
    rl::var<int> block;          // 1 while the block of the child exists
    int ran, went_on;

    void before() {
        fresh($) = 1;
        refs($) = 2;  // one of its handle, one of its run
        word.begin(0, claim_word::none);
        queued($) = 1;
        joined($) = 0;
        ended($) = 0;
        block($) = 1;
        ran = went_on = 0;
    }

    void thread(unsigned who) {
        if (who == 0)
            await_child();
        else
            rob();
    }

    void after() {
        RL_ASSERT(ran == 1);
        RL_ASSERT(went_on == 1);
        RL_ASSERT(block($) == 0);
    }

private:
    void drop() {
        if (refs($).fetch_sub(1, acq_rel) == 1)
            block($) = 0;
    }

    bool is_fresh() {
        RL_ASSERT(block($) == 1);
        return fresh($).load(relaxed);
    }

    void await_child() {
        child.lock($);
        if (ended($)) {
            child.unlock($);
            return go_on();
        }
        bool kept = broken != 1 && is_fresh();
        if (kept)
            refs($).fetch_add(1, relaxed);
        joined($) = 1;
        word.park();
        child.unlock($);
        if (broken == 1 || kept)
            begin_fresh();
        if (kept)
            drop();
    }

    void begin_fresh() {
        fifo.lock($);
        bool ours = is_fresh();
        if (ours)
            take_out();
        fifo.unlock($);
        if (ours)
            run();
    }

    void take_out() {
        queued($) = 0;
        fresh($).store(0, relaxed);
    }

    void rob() {
        fifo.lock($);
        bool taken = queued($);
        if (taken)
            take_out();
        fifo.unlock($);
        if (taken)
            run();
    }

    void run() {
        ++ran;
        child.lock($);
        ended($) = 1;
        bool wakes = joined($) && word.claim();
        child.unlock($);
        drop();
        if (wakes)
            go_on();
    }

    /// The joiner takes the result and drops its handle.
    void go_on() {
        RL_ASSERT(ended($) == 1);
        ++went_on;
        drop();
    }
};

}  // namespace

int main(int argc, char** argv) { return check<join>("join", argc, argv, 4, 1); }
