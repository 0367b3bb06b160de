// SPDX-License-Identifier: BSL-1.0
// Model of the end of a serial host (lib/core/host_end.cpp, detail/core/inbox.hpp): one thread ends it, two submit.
// [sealed] Each node that was submitted is ended once, by the last sweep or by the thread that submitted it; after that
// the sweep is over.
#include "model.hpp"

using namespace model;

namespace {

constexpr int idle = -1, shut = -2;

struct sealed : rl::test_suite<sealed, 3> {
    rl::atomic<int>
        box;  // idle, shut for sealed, 0 for empty, or the node that was submitted last
    rl::var<int> next[3];
    rl::var<int> brought[3];
    rl::var<int> ended[3];
    // Accessed by the sweep, and by each thread that submits after it.
    rl::var<int> registry;

    void before() {
        box($) = idle;
        registry($) = 0;
        for (int i = 0; i < 3; ++i) {
            next[i]($) = 0;
            brought[i]($) = 0;
            ended[i]($) = 0;
        }
    }

    void thread(unsigned who) {
        if (who <= 1)
            submit(static_cast<int>(who) + 1);
        else
            end_host();
    }

    void after() {
        RL_ASSERT(box($).load(relaxed) == shut);
        for (int i = 1; i < 3; ++i)
            RL_ASSERT(ended[i]($) == 1);
    }

private:
    void submit(int node) {
        brought[node]($) = 1;
        int seen = box($).load(broken == 1 ? relaxed : acquire);
        for (;;) {
            if (seen == shut) {
                RL_ASSERT(registry($) == 1);
                return end(node);
            }
            next[node]($) = seen == idle ? 0 : seen;
            // If it is idle, a handler is posted, which the context destroys without a call.
            if (box($).compare_exchange_strong(
                    seen, node, broken == 2 ? relaxed : acq_rel, acquire))
                return;
        }
    }

    void end(int node) {
        RL_ASSERT(brought[node]($) == 1);
        ended[node]($) = ended[node]($) + 1;
    }

    void end_host() {
        int seen = idle;
        if (broken != 3)
            box($).compare_exchange_strong(seen, 0, acq_rel, acquire);
        do
            sweep();
        while (!seal());
    }

    void sweep() {
        registry($) = 1;
        int list = box($).load(relaxed) > 0 ? box($).exchange(0, acquire) : 0;
        while (list > 0) {
            int following = next[list]($);
            end(list);
            list = following;
        }
    }

    bool seal() {
        int none = 0;
        if (broken == 4) {
            box($).store(shut, release);
            return true;
        }
        if (broken == 5)
            return box($).compare_exchange_strong(none, shut, relaxed, relaxed);
        return box($).compare_exchange_strong(none, shut, acq_rel, acquire);
    }
};

}  // namespace

int main(int argc, char** argv) { return check<sealed>("sealed", argc, argv, 3, 5); }
