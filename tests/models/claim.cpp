// SPDX-License-Identifier: BSL-1.0
// The claim word: a task parks to receive, another sends, a third closes its token. detail/operation.hpp,
// detail/await.hpp, process::interrupt_by. [claim] one waker for each park; [winner] it is set before the
// wake; a token that closes between check and park is not overlooked; the value is received or kept.
#include "model.hpp"

using namespace model;

namespace {

constexpr unsigned waiting = 1, cancelled = 32;

struct claim : rl::test_suite<claim, 3> {
    rl::atomic<unsigned> word;
    rl::atomic<int> closed, linked, woken;
    rl::mutex channel, process;
    rl::var<int> queued, buffered;  // guarded by channel
    rl::var<int> winner, value;     // by the claim
    int sent, got, was_cancelled;

    void before() {
        word($) = 0;
        closed($) = 0;
        linked($) = 0;
        woken($) = 0;
        queued($) = 0;
        buffered($) = 0;
        winner($) = 0;
        value($) = 0;
        sent = got = was_cancelled = 0;
    }

    void thread(unsigned who) {
        if (who == 0)
            receive();
        else if (who == 1 && rl::rand(2))  // else nobody but the token can end the wait
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
    void wake() { RL_ASSERT(woken($).fetch_add(1, acq_rel) == 0); }

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
        unsigned idle = 0;
        bool parked = word($).compare_exchange_strong(
            idle, waiting, broken == 1 ? relaxed : acq_rel, acquire);
        if (broken == 2 && !parked) {  // overlooks that its token has closed
            word($).store(waiting, release);
            parked = true;
        }
        if (parked) {
            queued($) = 1;
            linked($).store(1, relaxed);
        }
        channel.unlock($);
        if (!parked)
            return void(was_cancelled = 1);
        rl::linear_backoff pause;
        while (!woken($).load(acquire))
            pause.yield($);
        if (winner($)) {
            RL_ASSERT(value($) == 7);
            got = 1;
            return;
        }
        if (linked($).load(acquire)) {
            channel.lock($);
            if (linked($).load(relaxed)) {
                queued($) = 0;
                linked($).store(0, release);
            }
            channel.unlock($);
        }
        was_cancelled = 1;
    }

    void send() {
        bool won = false;
        sent = 1;
        channel.lock($);
        if (queued($)) {
            queued($) = 0;
            unsigned parked = waiting;
            won = word($).compare_exchange_strong(parked, 0u, acq_rel, acquire);
            won = won || broken == 3;
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
        unsigned old = word($).load(relaxed), want;
        do
            want = broken == 5 ? old & ~waiting : (old & ~waiting) | cancelled;
        while (!word($).compare_exchange_strong(old, want, acq_rel, acquire));
        bool parked = old & waiting;
        if (parked)
            winner($) = 0;
        process.unlock($);
        if (parked)
            wake();
    }
};

}  // namespace

int main(int argc, char** argv) { return check<claim>("claim", argc, argv, 3, 5); }
