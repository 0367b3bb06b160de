// SPDX-License-Identifier: BSL-1.0
// Model of the search for work on a parallel host (lib/parallel/worker_pool.cpp, without stalled workers): two workers,
// each with a thread, and one thread that submits. A task pushes two others and does not end before another worker has
// run one of them. [search] If a worker has two ready tasks and another worker is idle, then a worker searches or a
// thread is about to wake a searcher; while all workers are idle no worker searches, and no timer is armed for a
// search. [active] counts the workers that are not idle.
#include "model.hpp"

using namespace model;

namespace {

constexpr int idle = -1, small = 1, large_one = 2;
enum search_state { none, awake, asleep, crowded };

struct searching : rl::test_suite<searching, 3> {
    rl::atomic<int> box[2];  // idle, or the content
    rl::atomic<int> ready[2], posted[2];
    rl::atomic<int> search, sleeping_searcher, active;
    rl::atomic<int> work;    // as Asio counts it, without timers
    rl::atomic<int> stolen;  // tasks that worker 1 stole and ran
    rl::mutex lock[2];       // of the FIFOs
    rl::var<int> large;      // 1 if the task that pushes others is the last in FIFO 0
    rl::var<int> is_searcher[2];  // accessed by the drainer
    rl::var<int> look_at[2];      // accessed by the drainer: a time, or never
    rl::var<int> armed[2];        // the Asio timer; accessed by the drainer

    void before() {
        for (int i = 0; i < 2; ++i) {
            box[i]($) = idle;
            ready[i]($) = 0;
            posted[i]($) = 0;
            is_searcher[i]($) = 0;
            look_at[i]($) = 0;
            armed[i]($) = 0;
        }
        search($) = none;
        sleeping_searcher($) = -1;
        active($) = 0;
        work($) = 1;
        stolen($) = 0;
        large($) = 0;
    }

    void thread(unsigned who) {
        if (who < 2)
            return run(static_cast<int>(who));
        submit(static_cast<int>(rl::rand(2)), small);
        submit(0, large_one);
        work($).fetch_sub(1, acq_rel);
    }

    void after() {
        RL_ASSERT(search($).load(relaxed) == none);
        RL_ASSERT(active($).load(relaxed) == 0);
        for (int i = 0; i < 2; ++i) {
            RL_ASSERT(box[i]($).load(relaxed) == idle);
            RL_ASSERT(ready[i]($).load(relaxed) == 0);
            RL_ASSERT(armed[i]($) == 0);
        }
    }

private:
    // -- Asio ---------------------------------------------------------------------------

    void run(int me) {
        rl::linear_backoff pause;
        for (int waited = 0; work($).load(acquire) > 0; ++waited) {
            if (posted[me]($).load(acquire) > 0) {
                posted[me]($).fetch_sub(1, acq_rel);
                drain(me);
                work($).fetch_sub(1, acq_rel);
                waited = 0;
            } else if (waited >= 3) {
                fire(me);
                waited = 0;
            }
            pause.yield($);
        }
    }

    /// Time passes: the handler of the timer runs, if the timer is armed.
    void fire(int me) {
        if (box[me]($).load(acquire) != idle || !armed[me]($))
            return;
        work($).fetch_add(1, acq_rel);
        if (enter(me))
            drain(me);
        work($).fetch_sub(1, acq_rel);
    }

    void post(int to) {
        work($).fetch_add(1, acq_rel);
        posted[to]($).fetch_add(1, acq_rel);
    }

    // -- a worker -----------------------------------------------------------------------

    void submit(int to, int task) {
        int seen = box[to]($).load(relaxed);
        for (bool queued = false; !queued;) {
            bool was_idle = seen == idle;
            int all = was_idle ? task : seen + task;
            queued = box[to]($).compare_exchange_strong(seen, all, acq_rel, acquire);
            if (queued && was_idle) {
                active($).fetch_add(1, seq_cst);
                post(to);
            } else if (queued) {
                notice(1);
            }
        }
    }

    bool enter(int me) {
        int seen = idle;
        if (!box[me]($).compare_exchange_strong(seen, 0, acq_rel, acquire))
            return false;
        active($).fetch_add(1, seq_cst);
        return true;
    }

    bool wake(int who) {
        if (!enter(who))
            return false;
        post(who);
        return true;
    }

    bool wake_to_search(int who) {
        if (!enter(who))
            return false;
        is_searcher[who]($) = 1;
        post(who);
        return true;
    }

    void drain(int me) {
        take_inbox(me);
        for (;;) {
            if (ready[me]($).load(relaxed) == 0 && !take_inbox(me)) {
                if (find_work(me))
                    continue;
                if (go_idle(me))
                    return;
                continue;
            }
            if (is_searcher[me]($))
                end_search(me);
            run_one(me);
        }
    }

    bool take_inbox(int me) {
        lock[me].lock($);
        int n = ready[me]($).load(relaxed), seen = box[me]($).load(relaxed);
        while (seen > 0 &&
               !box[me]($).compare_exchange_strong(seen, 0, acq_rel, acquire)) {
        }
        if (seen > 0) {
            n += seen == small + large_one ? 2 : 1;
            ready[me]($).store(n, relaxed);
            if (seen & large_one)
                large($) = 1;
        }
        lock[me].unlock($);
        if (n != 0)
            notice(n);
        return n != 0;
    }

    void run_one(int me) {
        lock[me].lock($);
        int n = ready[me]($).load(relaxed);
        bool is_large = n == 1 && me == 0 && large($);
        if (n != 0)
            ready[me]($).store(n - 1, relaxed);
        if (is_large)
            large($) = 0;
        lock[me].unlock($);
        if (!is_large)
            return;
        push(me, 1);
        push(me, 1);
        rl::linear_backoff pause;
        while (!stolen($).load(acquire))
            pause.yield($);
    }

    void push(int me, int tasks) {
        lock[me].lock($);
        int n = ready[me]($).load(relaxed) + tasks;
        ready[me]($).store(n, relaxed);
        lock[me].unlock($);
        notice(n);
    }

    bool rob_other(int me) {
        int victim = 1 - me;
        if (ready[victim]($).load(relaxed) > 1) {
            lock[victim].lock($);
            int n = ready[victim]($).load(relaxed);
            bool before = victim == 0 && large($);  // it is the last, and not stolen
            int taken = before ? n / 2 : (n + 1) / 2;
            ready[victim]($).store(n - taken, relaxed);
            lock[victim].unlock($);
            if (taken) {
                lock[me].lock($);
                ready[me]($).store(ready[me]($).load(relaxed) + taken, relaxed);
                lock[me].unlock($);
                if (!before)
                    stolen($).store(1, release);
                return true;
            }
        }
        return ready[me]($).load(relaxed) != 0;
    }

    bool go_idle(int me) {
        before_idle(me);
        bool was_searcher = is_searcher[me]($);
        armed[me]($) = look_at[me]($);
        int empty = 0;
        lock[me].lock($);
        auto order = broken == 5 ? acq_rel : seq_cst;
        bool closed = ready[me]($).load(relaxed) == 0 &&
                      box[me]($).compare_exchange_strong(empty, idle, order, acquire);
        lock[me].unlock($);
        if (closed)
            after_idle(me, was_searcher);
        else
            take_inbox(me);
        return closed;
    }

    // -- the search ---------------------------------------------------------------------

    void notice(int n) {
        int w = search($).load(seq_cst);
        if (w == none || (w == asleep && n > 1))
            wake_searcher(w);
    }

    bool change(int seen, int to) {
        return search($).compare_exchange_strong(seen, to, seq_cst, seq_cst);
    }

    void wake_searcher(int seen) {
        if (broken == 1 || !change(seen, awake))
            return;
        if (seen == asleep) {
            wake(sleeping_searcher($).load(relaxed));
            return;
        }
        while (!wake_an_idle_one()) {
            search($).store(crowded, seq_cst);
            bool some =
                box[0]($).load(seq_cst) == idle || box[1]($).load(seq_cst) == idle;
            if (broken == 2 || !some || !change(crowded, awake))
                return;
        }
    }

    bool wake_an_idle_one() { return wake_to_search(0) || wake_to_search(1); }

    bool alone() { return active($).load(seq_cst) <= 1; }

    bool find_work(int me) {
        if (!is_searcher[me]($))
            return rob_other(me);
        if (alone())
            return false;
        look_at[me]($) = 0;
        if (rob_other(me))
            return true;
        if (alone())
            return false;
        int mail = box[me]($).load(relaxed);
        return mail && mail != idle ? take_inbox(me) : rob_other(me);
    }

    void end_search(int me) {
        is_searcher[me]($) = 0;
        look_at[me]($) = 0;
        search($).store(none, seq_cst);
        wake_searcher(none);
    }

    void before_idle(int me) {
        bool others = !alone();
        if (!is_searcher[me]($)) {
            int seen = search($).load(seq_cst);
            if (!others || (seen != none && seen != crowded) || !change(seen, awake))
                return;
            is_searcher[me]($) = 1;
        }
        if (others) {
            look_at[me]($) = 1;
            sleeping_searcher($).store(me, relaxed);
            search($).store(asleep, seq_cst);
        } else {
            is_searcher[me]($) = 0;
            look_at[me]($) = 0;
            search($).store(none, seq_cst);
        }
    }

    void after_idle(int me, bool was_searcher) {
        bool last = active($).fetch_sub(1, seq_cst) == 1;
        int seen = search($).load(seq_cst);
        if (broken == 3 && seen == crowded) {
            change(crowded,
                   none);  // a push in the state `crowded` has woken no worker
        } else if (seen == crowded || (seen == none && !last)) {
            wake_searcher(seen);
        } else if (seen == asleep && last) {
            if (broken != 4)
                wake(sleeping_searcher($).load(relaxed));
        } else if (seen == awake && was_searcher) {
            wake(me);  // otherwise it would look only when its timer fires
        }
    }
};

}  // namespace

int main(int argc, char** argv) {
    return check<searching>("search", argc, argv, 1, 5, 300000);
}
