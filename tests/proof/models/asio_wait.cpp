// SPDX-License-Identifier: BSL-1.0
// Model of a wait for an Asio operation (detail/core/claim_word.hpp, detail/handlers/asio_wait.hpp,
// detail/handlers/emission.hpp, process::interrupt_by). The host starts the operation and emits its cancellation, a
// second thread completes it, a third closes the token. [hop] A cancellation is never emitted during the initiation,
// nor after the task has gone on; the task goes on once, and no bit is left in its claim word.
#include "claim_word.hpp"

using namespace model;

namespace {

constexpr claim_word::bug bugs_of_word[] = {
    claim_word::none, claim_word::begun_overlooks_cancelled,
    claim_word::emitted_overlooks_completed, claim_word::complete_overlooks_cancelling,
    claim_word::interrupt_overlooks_starting};

struct asio_wait : rl::test_suite<asio_wait, 3> {
    claim_word word;
    rl::atomic<int> started, ready, turn, ended;
    rl::mutex process;
    rl::var<int> alive;   // 1 while the wait exists
    rl::var<int> result;  // of the operation; the task reads it
    int resumed;

    void before() {
        word.begin(0, bugs_of_word[broken]);
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
        RL_ASSERT(word.is_running());
    }

private:
    void host() {
        alive($) = 1;
        word.begin_io();
        started($).store(1, release);
        auto how = word.begun();
        if (how == claim_word::initiated::completed)
            return go_on();
        if (how == claim_word::initiated::cancelling)
            emit();
        rl::linear_backoff pause;
        for (;;) {
            if (turn($).load(acquire) && turn($).exchange(0, acq_rel)) {
                if (word.has_completed())
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

    /// The operation may end inside this call.
    void emit() {
        RL_ASSERT(alive($) == 1);
        if (started($).load(acquire))
            end();
        RL_ASSERT(alive($) == 1);
        emitted();
    }

    void emitted() {
        if (word.emitted())
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
        if (word.complete())
            ready($).store(1, release);
    }

    void close() {
        process.lock($);
        if (word.interrupt() == claim_word::interrupted::cancelling)
            turn($).store(1, release);
        process.unlock($);
    }
};

}  // namespace

int main(int argc, char** argv) {
    return check<asio_wait>("asio_wait", argc, argv, 3, 4);
}
