// SPDX-License-Identifier: BSL-1.0
// Model of the inbox of a serial host, which is idle, empty or a list (detail/core/inbox.hpp, lib/core/host.cpp,
// lib/run/dump.cpp). Two threads submit, one begins to drain by itself, as the handler of a timer does, one runs the
// drain handlers that were posted, one dumps. [drainer] One thread drains at a time, and everything that was submitted
// is run. [dump] No thread drains while another describes.
#include "model.hpp"

using namespace model;

namespace {

constexpr int idle = -1;

struct inbox : rl::test_suite<inbox, 5> {
    rl::atomic<int> box;  // idle, 0 for empty, or the node that was submitted last
    rl::atomic<int> posted, ran, draining, dumping;
    rl::var<int> next[3];
    rl::var<int> frames;  // the state of tasks, which only the drainer may write

    void before() {
        box($) = idle;
        posted($) = 0;
        ran($) = 0;
        draining($) = 0;
        dumping($) = 0;
        frames($) = 0;
        for (auto& n : next)
            n($) = 0;
    }

    void thread(unsigned who) {
        if (who <= 1)
            submit(static_cast<int>(who) + 1);
        else if (who == 2)
            run_posted();
        else if (who == 3)
            come_in();
        else
            dump();
    }

    void after() {
        RL_ASSERT(box($).load(relaxed) == idle);
        RL_ASSERT(frames($) == 2);
        RL_ASSERT(posted($).load(relaxed) == 0);
    }

private:
    void submit(int node) {
        int seen = box($).load(relaxed);
        for (;;)
            if (seen == idle) {
                next[node]($) = 0;
                if (box($).compare_exchange_strong(seen, node, acq_rel, acquire)) {
                    posted($).fetch_add(1, acq_rel);
                    return;
                }
            } else {
                next[node]($) = seen;
                if (box($).compare_exchange_strong(
                        seen, node, broken == 1 ? relaxed : acq_rel, acquire))
                    return;
            }
    }

    void run_posted() {
        rl::linear_backoff pause;
        while (ran($).load(acquire) < 2 || posted($).load(acquire) > 0)
            if (posted($).load(acquire) > 0) {
                posted($).fetch_sub(1, acq_rel);
                drain();
            } else {
                pause.yield($);
            }
    }

    void come_in() {
        int seen = idle;
        if (box($).compare_exchange_strong(seen, 0, acq_rel, acquire))
            drain();
    }

    void begin_draining() {
        auto store = broken == 2 ? release : seq_cst;
        draining($).store(1, store);
        rl::linear_backoff pause;
        while (dumping($).load(broken == 2 ? acquire : seq_cst)) {
            if (broken != 5)
                end_draining();
            pause.yield($);
            draining($).store(1, store);
        }
    }

    void end_draining() { draining($).store(0, release); }

    void drain() {
        begin_draining();
        for (;;) {
            int list = box($).load(relaxed) ? box($).exchange(0, acquire) : 0;
            for (; list > 0; list = next[list]($)) {
                frames($) = frames($) + 1;
                ran($).fetch_add(1, acq_rel);
            }
            end_draining();
            int none = 0;
            if (broken == 3) {
                box($).store(idle, release);
                return;
            }
            if (box($).compare_exchange_strong(none, idle, acq_rel, acquire))
                return;
            if (broken != 4)
                begin_draining();
        }
    }

    /// No thread reads an old value for ever: the third look reads the newest value.
    bool is_draining(int looks) {
        if (looks < 2)
            return draining($).load(broken == 2 ? acquire : seq_cst);
        return draining($).fetch_add(0, seq_cst);
    }

    /// Holds its flag until it has described. The library waits for at most 50 ms, this model without a limit.
    void dump() {
        RL_ASSERT(!dumping($).exchange(1, seq_cst));
        rl::linear_backoff pause;
        for (int looks = 0; is_draining(looks); ++looks)
            pause.yield($);
        RL_ASSERT(frames($) <= 2);
        if (broken == 6)
            dumping($).store(0, seq_cst);
        RL_ASSERT(frames($) <= 2);
        dumping($).store(0, seq_cst);
    }
};

}  // namespace

int main(int argc, char** argv) { return check<inbox>("inbox", argc, argv, 2, 6); }
