// SPDX-License-Identifier: BSL-1.0
// Model of the claim word (detail/core/claim_word.hpp, detail/core/await.hpp, process::interrupt_by). A task parks to
// receive, a second thread sends, a third closes its token. The thread that wakes the task may run it while the thread
// on which it parked still unlocks. [claim] Each park has one waker. [winner] The winner is set before the wake.
// [linked] No thread accesses the node of a frame that is destroyed. A token that closes between check and park is
// noticed; the value is received or kept.
#include "claim_word.hpp"

using namespace model;

namespace {

constexpr claim_word::bug bugs_of_word[] = {claim_word::none,
                                            claim_word::park_orders_nothing,
                                            claim_word::park_overlooks_cancelled,
                                            claim_word::none,
                                            claim_word::none,
                                            claim_word::interrupt_forgets_cancelled,
                                            claim_word::none,
                                            claim_word::none};

struct claim : rl::test_suite<claim, 3> {
    claim_word word;
    rl::atomic<int> closed, linked, ready;  // ready: 1 woken, 2 running
    rl::mutex channel, process;
    rl::var<int> queued, buffered;  // guarded by channel
    rl::var<int> winner;            // guarded by the claim
    rl::var<int> frame;             // 1 while it exists, with its node
    rl::var<int> value;             // in the node
    int sent, got, was_cancelled;

    void before() {
        word.begin(0, bugs_of_word[broken]);
        closed($) = 0;
        linked($) = 0;
        ready($) = 0;
        queued($) = 0;
        buffered($) = 0;
        winner($) = 0;
        frame($) = 1;
        value($) = 0;
        sent = got = was_cancelled = 0;
    }

    void thread(unsigned who) {
        if (who == 0)
            receive();
        else if (who == 1 && rl::rand(2))  // otherwise only the token can end the wait
            send();
        else if (who == 1)
            return;
        else
            close();
    }

    void after() {
        RL_ASSERT(got + was_cancelled == 1);
        RL_ASSERT(got + buffered($) / 7 == sent);
        RL_ASSERT(queued($) == 0);
    }

private:
    void touch_node() { RL_ASSERT(frame($) == 1); }

    /// The task goes on here or where it parked, on the thread that is first.
    void wake() {
        RL_ASSERT(ready($).fetch_add(1, acq_rel) == 0);
        if (rl::rand(2))
            take_turn();
    }

    void take_turn() {
        int woken = 1;
        if (ready($).compare_exchange_strong(woken, 2, acq_rel, acquire))
            go_on();
    }

    void receive() {
        if (closed($).load(acquire))
            return void(was_cancelled = 1);
        channel.lock($);
        if (buffered($)) {
            buffered($) = 0;
            channel.unlock($);
            return void(got = 1);
        }
        winner($) = 0;
        bool parked;
        // This is correct only if a task resumes on the thread where it parked.
        if (broken == 6) {
            parked = word.park();
            if (parked)
                enlist();
        } else {
            enlist();
            parked = word.park();
        }
        channel.unlock($);
        if (!parked)
            return go_on();
        rl::linear_backoff pause;
        while (ready($).load(acquire) == 0)
            pause.yield($);
        take_turn();
    }

    void enlist() {
        touch_node();
        queued($) = 1;
        linked($).store(1, relaxed);
    }

    void go_on() {
        if (winner($)) {
            RL_ASSERT(value($) == 7);
            got = 1;
        } else {
            withdraw();
            was_cancelled = 1;
        }
        frame($) = 0;
    }

    void withdraw() {
        if (!linked($).load(acquire))
            return;
        channel.lock($);
        if (linked($).load(relaxed)) {
            queued($) = 0;
            linked($).store(0, release);
        }
        channel.unlock($);
    }

    void send() {
        bool won = false;
        sent = 1;
        channel.lock($);
        if (queued($)) {
            touch_node();
            queued($) = 0;
            if (broken == 7)
                linked($).store(0, release);
            won = word.claim() || broken == 3;
            touch_node();
            if (won)
                winner($) = 1;
            linked($).store(0, release);
            if (won && broken != 4)
                value($) = 7;
        }
        if (!won)
            buffered($) = 7;
        channel.unlock($);
        if (won)
            wake();
        if (won && broken == 4)
            value($) = 7;
    }

    void close() {
        closed($).store(1, release);
        process.lock($);
        bool claimed = word.interrupt() == claim_word::interrupted::claimed;
        if (claimed)
            winner($) = 0;
        process.unlock($);
        if (claimed)
            wake();
    }
};

}  // namespace

int main(int argc, char** argv) { return check<claim>("claim", argc, argv, 3, 7); }
