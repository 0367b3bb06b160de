// SPDX-License-Identifier: BSL-1.0
// Model of [homecoming]: a task on its way home counts as work of its home context (detail/core/host.hpp,
// detail/handlers/asio_wait.hpp, process::interrupt_by, host::may_rest; idle_host.cpp models the idle inbox). The task
// waits for an Asio operation, which completes while another thread closes the task's token. The home runs out of work,
// and its run() returns, only when the task has gone on. In one case the operation belongs to the home, and only the
// count of tasks on their way keeps the home running. In the other case it belongs to another context, where the
// cancellation is emitted, too.
#include "claim_word.hpp"

using namespace model;

namespace {

template <bool abroad>
struct homecoming : rl::test_suite<homecoming<abroad>, 3> {
    claim_word word;
    rl::atomic<int> coming;  // threads that claim, and have not submitted yet
    rl::atomic<int> work;    // of the home: one for the wait, one for its handler
    rl::atomic<int> completion, turn, ready;  // posted to the home
    rl::atomic<int> emission;                 // posted to the context of the operation
    rl::atomic<int> over;
    bool resumed;

    void before() {
        word.begin(claim_word::in_io, claim_word::none);
        coming($) = 0;
        work($) = abroad && broken != 1 ? 2 : 1;
        completion($) = 0;
        turn($) = 0;
        ready($) = 0;
        emission($) = 0;
        over($) = 0;
        resumed = false;
    }

    void thread(unsigned who) {
        if (who == 0)
            home();
        else if (who == 1)
            elsewhere();
        else
            close();
    }

    void after() {
        RL_ASSERT(resumed);
        RL_ASSERT(word.is_running());
    }

private:
    bool take(rl::atomic<int>& posted) {
        return posted($).load(acquire) && posted($).exchange(0, acq_rel);
    }
    bool mail() {
        return completion($).load(acquire) || turn($).load(acquire) ||
               ready($).load(acquire);
    }

    /// The io_context::run() of the home.
    void home() {
        rl::linear_backoff pause;
        while (!resumed) {
            if (take(completion)) {
                if (word.complete())
                    go_on();
            } else if (take(turn)) {
                if (!abroad || word.has_completed())
                    emitted();
                else
                    emission($).store(1, release);
            } else if (take(ready)) {
                go_on();
            } else if (may_rest()) {
                RL_ASSERT(false);  // run() returns although the task waits
                return;
            } else {
                pause.yield($);
            }
        }
    }

    /// First no task is on its way, then the inbox is empty, then there is no work. A thread posts before its work
    /// ends.
    bool may_rest() {
        bool hasty = !abroad && broken == 3;
        bool empty = hasty && !mail();
        if (coming($).load(acquire) != 0)
            return false;
        if (!hasty)
            empty = !mail();
        return empty && work($).load(acquire) == 0 && (hasty || !mail());
    }

    void go_on() {
        resumed = true;
        if (abroad)
            work($).fetch_sub(1, acq_rel);
        over($).store(1, release);
    }

    /// The second of the two threads that come here lets the task go on.
    void emitted() {
        if (word.emitted())
            ready($).store(1, release);
    }

    /// The operation completes; its cancellation is emitted if it has been posted.
    void elsewhere() {
        completion($).store(1, release);
        work($).fetch_sub(1, acq_rel);
        rl::linear_backoff pause;
        while (!over($).load(acquire))
            if (take(emission))
                emitted();
            else
                pause.yield($);
    }

    void close() {
        bool counted = abroad || broken != 1;
        bool early = !abroad && broken == 2;
        if (counted)
            coming($).fetch_add(1, relaxed);
        bool comes = word.interrupt() == claim_word::interrupted::cancelling;
        if (counted && early)
            coming($).fetch_sub(1, release);
        if (comes)
            turn($).store(1, release);
        if (counted && !early)
            coming($).fetch_sub(1, release);
    }
};

}  // namespace

int main(int argc, char** argv) {
    return check<homecoming<false>>("homecoming", argc, argv, 3, 3) +
           check<homecoming<true>>("homecoming abroad", argc, argv, 3, 1);
}
