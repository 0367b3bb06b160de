// SPDX-License-Identifier: BSL-1.0
// Model of a wait for an Asio operation (detail/handlers/asio_wait.hpp, lib/handlers/asio_wait.cpp,
// process::interrupt_by). The host starts the operation and emits its cancellation, a second thread completes it, a
// third closes the token. [hop] A cancellation is never emitted during the initiation, nor after the task has gone on;
// the task goes on once, and no bit is left in its claim word.
#include "model.hpp"

using namespace model;

namespace {

constexpr unsigned in_io = 2, starting = 4, cancelling = 8, completed = 16,
                   cancelled = 32;

struct asio_wait : rl::test_suite<asio_wait, 3> {
    rl::atomic<unsigned> word;
    rl::atomic<int> started, ready, turn, ended;
    rl::mutex process;
    // Whether the wait exists: the emission and the completion access it.
    rl::var<int> alive;
    rl::var<int> result;  // of the operation; the task reads it
    int resumed;

    void before() {
        word($) = 0;
        started($) = 0;
        ready($) = 0;
        turn($) = 0;
        ended($) = 0;
        alive($) = 0;
        result($) = 0;
        resumed = 0;
    }

    void thread(unsigned who) {
        if (who == 0)
            host();
        else if (who == 1)
            complete();
        else
            close();
    }

    void after() {
        RL_ASSERT(resumed == 1);
        // Otherwise it would run for a wait that is over.
        RL_ASSERT(turn($).load(relaxed) == 0);
        RL_ASSERT((word($).load(relaxed) & ~cancelled) == 0);
    }

private:
    bool exchange(unsigned& old, unsigned want) {
        return word($).compare_exchange_strong(old, want, acq_rel, acquire);
    }

    void host() {
        unsigned old = word($).load(relaxed);
        alive($) = 1;
        while (!exchange(old, old | in_io | starting)) {
        }
        started($).store(1, release);
        if (begun())
            return go_on();
        rl::linear_backoff pause;
        for (;;) {
            if (turn($).load(acquire) && turn($).exchange(0, acq_rel)) {
                if (word($).load(acquire) & completed)
                    emitted();
                else
                    emit();
            } else if (ready($).load(acquire)) {
                return go_on();
            } else {
                pause.yield($);
            }
        }
    }

    void go_on() {
        RL_ASSERT(result($) == 5);
        alive($) = 0;
        ++resumed;
    }

    bool begun() {
        unsigned old = word($).load(acquire), want;
        do {
            if (old & completed)
                want = old & cancelled;
            else if ((old & cancelled) && broken != 1)
                want = (old & ~starting) | cancelling;
            else
                want = old & ~starting;
        } while (!exchange(old, want));
        if (old & completed)
            return true;
        if (want & cancelling)
            emit();
        return false;
    }

    /// The operation may end inside this call.
    void emit() {
        RL_ASSERT(alive($) == 1);
        if (started($).load(acquire))
            end();
        RL_ASSERT(alive($) == 1);
        emitted();
    }

    void emitted() {
        unsigned old = word($).load(acquire), want;
        do
            want =
                (old & completed) && broken != 2 ? old & cancelled : old & ~cancelling;
        while (!exchange(old, want));
        if (old & completed && broken != 2)
            ready($).store(1, release);
    }

    void complete() {
        rl::linear_backoff pause;
        while (!started($).load(acquire))
            pause.yield($);
        if (broken == 1)  // this operation ends only by its cancellation
            while (!ended($).load(acquire))
                pause.yield($);
        end();
    }

    void end() {
        if (ended($).exchange(1, acq_rel))
            return;
        result($) = 5;
        unsigned old = word($).load(acquire), want;
        do
            want = old & (broken == 3 ? starting : starting | cancelling)
                       ? old | completed
                       : old & cancelled;
        while (!exchange(old, want));
        if (!(want & completed))
            ready($).store(1, release);
    }

    void close() {
        process.lock($);
        unsigned old = word($).load(relaxed), want;
        do {
            want = old | cancelled;
            if ((old & (broken == 4 ? in_io : in_io | starting)) == in_io)
                want |= cancelling;
        } while (!exchange(old, want));
        if (want & cancelling)
            turn($).store(1, release);
        process.unlock($);
    }
};

}  // namespace

int main(int argc, char** argv) {
    return check<asio_wait>("asio_wait", argc, argv, 3, 4);
}
