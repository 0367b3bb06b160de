// SPDX-License-Identifier: BSL-1.0
// Model of the selector (lib/wait/selector.cpp). Its arm stays in the queue of a channel while its task waits, runs, or
// is cancelled and waits again. A sender, or the arm of a selector that faces it, claims the task or marks the arm as
// news. Conservation: the value arrives once. Law 39: a sender and a receiver never both stay parked. Each write of one
// thread is visible to the other when it reads it. The model omits that a set puts back its own arms, which its attempt
// popped; the library does that under the lock of the channel.
#include "model.hpp"

using namespace model;

namespace {

constexpr unsigned waiting = 1, cancelled = 32;

struct selector : rl::test_suite<selector, 3> {
    /// A set of one arm, and the task that waits in it.
    struct set {
        rl::mutex lock;
        rl::var<int> parked, news;  // guarded by lock
        rl::var<int> ready;         // only the task accesses it
        rl::atomic<unsigned> word;
        rl::atomic<int> woken;
        rl::var<int> winner;  // guarded by the claim
        rl::var<int> value;   // in the node
    };
    set sets[2];  // set 0 receives, set 1 sends
    rl::mutex channel;
    rl::var<int> queued[2];  // guarded by channel
    rl::var<int> buffered;   // the only slot of the buffer, guarded by channel
    int got, sent;

    void before() {
        for (int i = 0; i < 2; ++i) {
            set& s = sets[i];
            s.parked($) = 0;
            s.news($) = 0;
            s.ready($) = 1;
            s.word($) = 0;
            s.woken($) = 0;
            s.winner($) = 0;
            s.value($) = i == 1 ? 7 : 0;
            queued[i]($) = 0;
        }
        buffered($) = 0;
        got = sent = 0;
    }

    void thread(unsigned who) {
        if (who == 0) {
            while (!wait(0))  // the token cancels it at most once
                ;
            got += sets[0].value($);
        } else if (who == 1) {
            if (rl::rand(2))
                send();
            else
                wait(1);
            sent += 7;
        } else {
            close(sets[0]);
        }
    }

    void after() {
        RL_ASSERT(sent == 7);
        RL_ASSERT(got == 7);
        RL_ASSERT(buffered($) == 0);
    }

private:
    static void hand_over(set& from, set& to) {
        to.value($) = from.value($);
        from.value($) = 0;
    }

    /// Corresponds to selector_core::claim. The lock of the channel is held.
    bool claim(set& s) {
        if (broken != 5)
            s.lock.lock($);
        unsigned parked = waiting;
        bool won = s.parked($) &&
                   (s.word($).compare_exchange_strong(parked, 0u, acq_rel, acquire) ||
                    broken == 2);
        if (won)
            s.parked($) = 0;
        else if (broken != 4)
            s.news($) = 1;
        if (broken != 5)
            s.lock.unlock($);
        return won;
    }

    /// Pops the arm that is queued on this side, if its task can be claimed.
    bool pop_claimed(int side) {
        if (!queued[side]($))
            return false;
        queued[side]($) = 0;
        if (!claim(sets[side]))
            return false;
        sets[side].winner($) = 1;
        return true;
    }

    /// Runs under the lock of the channel. `wakes` becomes the set to wake after the unlock, or stays null.
    bool attempt(int side, set*& wakes) {
        if (side == 0 && buffered($)) {
            sets[0].value($) = buffered($);
            buffered($) = 0;
            return true;
        }
        if (!pop_claimed(1 - side))
            return false;
        wakes = &sets[1 - side];
        hand_over(sets[1], sets[0]);
        return true;
    }

    bool look(int side) {
        set& s = sets[side];
        s.lock.lock($);
        bool news = s.news($);
        s.news($) = 0;
        s.lock.unlock($);
        if (!news && !s.ready($))
            return false;
        s.ready($) = 0;
        set* wakes = nullptr;
        channel.lock($);
        bool happened = attempt(side, wakes);
        if (!happened && broken != 3)
            queued[side]($) = 1;
        channel.unlock($);
        if (!happened && broken == 3)
            queued[side]($) = 1;
        if (wakes)
            wakes->woken($).store(1, release);
        return happened;
    }

    /// Returns false if its token closed.
    bool wait(int side) {
        set& s = sets[side];
        rl::linear_backoff between;
        for (;;) {
            if (look(side))
                return true;
            s.lock.lock($);
            bool news = s.news($) && broken != 1;
            bool parked = false;
            if (!news) {
                s.winner($) = 0;
                s.parked($) = 1;
                unsigned idle = 0;
                parked =
                    s.word($).compare_exchange_strong(idle, waiting, acq_rel, acquire);
            }
            s.lock.unlock($);
            if (news) {
                between.yield($);
                continue;
            }
            rl::linear_backoff pause;
            while (parked && s.woken($).load(acquire) == 0)
                pause.yield($);
            s.woken($).store(0, relaxed);
            if (s.winner($))
                return true;
            s.lock.lock($);
            s.parked($) = 0;
            s.lock.unlock($);
            s.word($).store(0, relaxed);  // leaves the scope of its token
            return false;
        }
    }

    void send() {
        bool handed_over;
        channel.lock($);
        handed_over = pop_claimed(0);
        if (handed_over)
            sets[0].value($) = 7;
        else
            buffered($) = 7;
        channel.unlock($);
        if (handed_over)
            sets[0].woken($).store(1, release);
    }

    static void close(set& s) {
        unsigned old = s.word($).load(relaxed), want;
        do
            want = (old & ~waiting) | cancelled;
        while (!s.word($).compare_exchange_strong(old, want, acq_rel, acquire));
        if (old & waiting)
            s.woken($).store(1, release);
    }
};

}  // namespace

int main(int argc, char** argv) {
    return check<selector>("selector", argc, argv, 3, 5);
}
