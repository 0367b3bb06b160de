// SPDX-License-Identifier: BSL-1.0
// Model of a worker that goes idle while a thief moves its inbox to its FIFO (lib/core/host_worker.cpp). One thread
// submits a task, one a turn, one runs the drain handlers that were posted, one steals. [drainer] A worker is not idle
// while it has something to run. [fifo] Everything that was submitted is run once.
#include "model.hpp"

using namespace model;

namespace {

constexpr int idle = -1;
constexpr int the_turn = 2;  // the other node is a task, which may be stolen

struct idle_worker : rl::test_suite<idle_worker, 4> {
    rl::atomic<int> box;  // idle, 0 for empty, or the node that was submitted last
    rl::atomic<int> posted, submitted, ready;
    rl::mutex lock;             // a biased_lock
    rl::var<int> next[3];       // in the inbox, then in the FIFO
    rl::var<int> head, tail;    // of the FIFO, guarded by the lock
    rl::var<int> times_ran[3];  // written by the thread that runs the node

    void before() {
        box($) = idle;
        posted($) = 0;
        submitted($) = 0;
        ready($) = 0;
        head($) = 0;
        tail($) = 0;
        for (int i = 0; i < 3; ++i) {
            next[i]($) = 0;
            times_ran[i]($) = 0;
        }
    }

    void thread(unsigned who) {
        if (who <= 1)
            submit(static_cast<int>(who) + 1);
        else if (who == 2)
            run_posted();
        else
            rob();
    }

    void after() {
        RL_ASSERT(box($).load(relaxed) == idle);
        RL_ASSERT(head($) == 0);
        RL_ASSERT(ready($).load(relaxed) == 0);
        RL_ASSERT(posted($).load(relaxed) == 0);
        RL_ASSERT(times_ran[1]($) == 1 && times_ran[2]($) == 1);
    }

private:
    bool exchange(int& old, int want) {
        return box($).compare_exchange_strong(old, want, acq_rel, acquire);
    }

    void submit(int node) {
        int seen = box($).load(relaxed);
        for (bool queued = false; !queued;) {
            bool was_idle = seen == idle;
            next[node]($) = was_idle ? 0 : seen;
            queued = exchange(seen, node);
            if (queued && was_idle)
                posted($).fetch_add(1, acq_rel);
        }
        submitted($).fetch_add(1, acq_rel);
    }

    void run_posted() {
        rl::linear_backoff pause;
        while (submitted($).load(acquire) < 2 || posted($).load(acquire) > 0)
            if (posted($).load(acquire) > 0) {
                posted($).fetch_sub(1, acq_rel);
                drain();
            } else {
                pause.yield($);
            }
    }

    void drain() {
        for (;;) {
            if (ready($).load(relaxed) == 0 && !take_inbox()) {
                if (close_inbox())
                    return;
                take_inbox();
                continue;
            }
            if (int node = pop())
                run(node);
        }
    }

    void run(int node) { times_ran[node]($) = times_ran[node]($) + 1; }

    int pop() {
        lock.lock($);
        int node = head($);
        if (node) {
            take_first();
            ready($).store(ready($).load(relaxed) - 1, relaxed);
        }
        lock.unlock($);
        return node;
    }

    void take_first() {
        head($) = next[head($)]($);
        if (!head($))
            tail($) = 0;
    }

    void append(int node) {
        next[node]($) = 0;
        if (tail($))
            next[tail($)]($) = node;
        else
            head($) = node;
        tail($) = node;
    }

    bool take_inbox() {
        // The nodes of this list may be pushed after those that a thief moves later.
        if (broken == 3)
            return take_inbox_locked() != 0;
        lock.lock($);
        int n = take_inbox_locked();
        lock.unlock($);
        return n != 0;
    }

    int take_inbox_locked() {
        int n = ready($).load(relaxed);
        int list = box($).load(relaxed);
        while (list && list != idle && !exchange(list, 0)) {
        }
        if (!list || list == idle)
            return n;
        int first = 0;
        while (list) {
            int after = next[list]($);
            next[list]($) = first;
            first = list;
            list = after;
        }
        for (int node = first; node; ++n) {
            int after = next[node]($);
            append(node);
            node = after;
        }
        ready($).store(n, relaxed);
        return n;
    }

    bool close_inbox() {
        int none = 0;
        lock.lock($);
        bool closed = ready($).load(relaxed) == 0 || broken == 2;
        if (broken == 1)
            lock.unlock($);
        closed = closed && exchange(none, idle);
        if (broken != 1)
            lock.unlock($);
        return closed;
    }

    /// Steals half of the nodes, but not the turn, and runs them.
    void rob() {
        lock.lock($);
        int n = take_inbox_locked();
        int taken = n > 0 ? take_movable() : 0;
        ready($).store(n - (taken != 0), relaxed);
        lock.unlock($);
        if (taken)
            run(taken);
    }

    int take_movable() {
        int before = 0, node = head($);
        while (node == the_turn) {
            before = node;
            node = next[node]($);
        }
        if (!node)
            return 0;
        int after = next[node]($);
        if (before)
            next[before]($) = after;
        else
            head($) = after;
        if (!after)
            tail($) = before;
        return node;
    }
};

}  // namespace

int main(int argc, char** argv) {
    return check<idle_worker>("idle_worker", argc, argv, 2, 3);
}
