// SPDX-License-Identifier: BSL-1.0
// Model of a task on its way home that finds its host idle, or about to become idle [homecoming]
// (lib/core/host_arrivals.cpp, host::go_idle, timer_heap::empty, deadline_node::interrupt). The io_context of the home
// runs out of work, and its run() returns, only when the task has gone on; and its last work ends on the thread that
// runs it. Another thread closes the task's token.
#include "model.hpp"

using namespace model;

namespace {

/// An io_context with one host. Thread 0 runs it, and thread 1 acts from outside.
template <class Test>
struct idle_host : rl::test_suite<Test, 2> {
    enum : int { idle = 0, busy = 1 };  // a busy inbox has a bit for each turn in it
    rl::atomic<int> inbox;
    rl::atomic<int> coming;  // threads that claim, and have not submitted yet
    rl::atomic<int>
        handed_over;  // work that a thread which woke the host has done with
    rl::atomic<int> work, stopped, drain_posted;  // of the io_context
    bool resumed;

    void begin(int in) {
        inbox($) = in;
        coming($) = 0;
        handed_over($) = 0;
        work($) = 1;
        stopped($) = 0;
        drain_posted($) = 0;
        resumed = false;
    }

    void thread(unsigned who) {
        if (who == 0)
            run();
        else
            self().close();
    }

    bool exchange(rl::atomic<int>& word, int old, int want) {
        return word($).compare_exchange_strong(old, want, acq_rel, acquire);
    }

    void start_work() { work($).fetch_add(1, relaxed); }
    void finish_work() {
        if (work($).fetch_sub(1, acq_rel) == 1) {
            RL_ASSERT(rl::thread_index() ==
                      0);  // otherwise this might stop the next run()
            stopped($).store(1, release);
        }
    }

    void run() {
        self().run_first();
        rl::linear_backoff pause;
        while (!stopped($).load(acquire)) {
            if (drain_posted($).load(acquire) && drain_posted($).exchange(0, acq_rel)) {
                drain();
                finish_work();
            } else if (!self().run_another()) {
                pause.yield($);
            }
        }
        RL_ASSERT(resumed);  // otherwise run() has returned although the task waits
    }

    void post_drain() {
        start_work();
        drain_posted($).store(1, release);
    }

    bool leave_idle() { return exchange(inbox, idle, busy); }

    void submit(int turn) {
        for (int seen = inbox($).load(acquire);; seen = inbox($).load(acquire))
            if (seen == idle ? submit_to_idle(turn)
                             : exchange(inbox, seen, seen | turn))
                return;
    }

    bool submit_to_idle(int turn) {
        bool held = broken != Test::no_work, briefly = broken == Test::early_end;
        bool long_held = broken == Test::late_end;
        if (held)
            start_work();
        bool first = exchange(inbox, idle, busy | turn);
        if (held && briefly)
            finish_work();
        else if (held && !long_held)
            handed_over($).fetch_add(1, relaxed);
        if (first)
            post_drain();
        if (long_held)
            finish_work();
        return first;
    }

    void drain() {
        do
            self().take(inbox($).exchange(busy, acq_rel));
        while (!at_rest());
    }

    /// Becomes idle, or posts the drain handler again. Returns false if something is in the inbox.
    bool at_rest() {
        if (handed_over($).load(relaxed) != 0)
            for (int n = handed_over($).exchange(0, relaxed); n != 0; --n)
                finish_work();
        bool asked_before = broken == Test::early_question;
        bool rests = asked_before && may_rest();
        self().settle_timer();
        if (asked_before ? rests : may_rest())
            return exchange(inbox, busy, idle);
        post_drain();
        return true;
    }

    bool may_rest() {
        if (coming($).load(acquire) == 0)
            return true;
        rl::linear_backoff().yield($);
        return false;
    }

    Test& self() { return static_cast<Test&>(*this); }
};

/// The task waits in an Asio operation, which has completed. If the handler of the operation runs while the other
/// thread has pushed into the idle inbox, and has not posted the drain handler, it leaves a turn there and ends, with
/// its work.
struct operation : idle_host<operation> {
    enum bug { no_work = 1, early_end, bugs = early_end, early_question, late_end };
    enum : int { emission = 2, completion = 4 };  // turns
    enum : int { gone_on, in_io, cancelling, completed };
    rl::atomic<int> word;

    void before() {
        begin(idle);
        word($) = in_io;
    }

    void run_first() {
        if (leave_idle()) {
            complete();
            drain();
        } else {
            submit(completion);
        }
        finish_work();
    }
    bool run_another() { return false; }
    void settle_timer() {}

    void take(int turns) {
        if (turns & emission)
            end_emission();
        if (turns & completion)
            complete();
    }

    // The second of these two lets the task go on.
    void complete() {
        resumed =
            exchange(word, in_io, gone_on) || !exchange(word, cancelling, completed);
    }
    void end_emission() { resumed = !exchange(word, cancelling, in_io); }

    void close() {
        coming($).fetch_add(1, relaxed);
        if (exchange(word, in_io, cancelling))
            submit(emission);
        coming($).fetch_sub(1, release);
    }
};

/// The task waits below a deadline, and its host is about to become idle. The other thread removes the timer, which was
/// the last work of the host, and then claims the task. (It counts itself once for each; the model has one count for
/// both.)
struct last_timer : idle_host<last_timer> {
    enum bug {
        early_question = 1,
        late_count,
        relaxed_size,
        no_work,
        early_end,
        late_end,
        bugs = early_end
    };
    enum : int { task = 2, poke = 4 };  // turns
    rl::atomic<int> parked;
    rl::atomic<int> size;  // of the heap
    rl::mutex timers;      // guards the heap
    bool armed, fired;

    void before() {
        begin(busy);
        parked($) = 1;
        size($) = 1;
        armed = fired = false;
    }

    void run_first() {
        drain();
        finish_work();
    }

    /// The Asio timer fires. Its handler ends, with its work, whether it drains or not.
    bool run_another() {
        if (!armed || fired)
            return false;
        fired = true;
        if (leave_idle())
            drain();
        else
            submit(poke);
        finish_work();
        return true;
    }

    void take(int turns) {
        if (turns & task)
            resumed = true;
        if (!fired)
            return;
        fired = armed = false;
        if (take_timer() && exchange(parked, 1, 0))
            resumed = true;
    }

    bool take_timer() {
        timers.lock($);
        bool taken = size($).load(relaxed) != 0;
        size($).store(0, broken == relaxed_size ? relaxed : release);
        timers.unlock($);
        return taken;
    }

    /// Arms the Asio timer, which is work of the io_context, or disarms it.
    void settle_timer() {
        if (!armed && size($).load(broken == relaxed_size ? relaxed : acquire) == 0)
            return;
        timers.lock($);
        bool any = size($).load(relaxed) != 0;
        timers.unlock($);
        if (any && !armed)
            start_work();
        else if (!any && armed)
            finish_work();
        armed = any;
    }

    void close() {
        bool late = broken == late_count;
        if (!late)
            coming($).fetch_add(1, relaxed);
        take_timer();
        if (late)
            coming($).fetch_add(1, relaxed);
        if (exchange(parked, 1, 0))
            submit(task);
        coming($).fetch_sub(1, release);
    }
};

/// The task waits in an operation elsewhere, which is work of the home until the task has gone on. The other thread
/// completes it, and is not counted for that. A handler of the home lets the host drain meanwhile.
struct elsewhere : idle_host<elsewhere> {
    enum bug { late_end = 1, bugs = late_end, no_work, early_end, early_question };
    enum : int { task = 2 };  // a turn

    void before() {
        begin(idle);
        work($) = 2;
    }

    void run_first() {
        if (leave_idle())
            drain();
        finish_work();
    }
    bool run_another() { return false; }
    void settle_timer() {}

    void take(int turns) {
        if (!(turns & task))
            return;
        resumed = true;
        finish_work();
    }

    void close() { submit(task); }
};

}  // namespace

int main(int argc, char** argv) {
    return check<operation>("idle_host, an operation", argc, argv, 4, operation::bugs) +
           check<last_timer>("idle_host, the last timer", argc, argv, 4,
                             last_timer::bugs) +
           check<elsewhere>("idle_host, an operation elsewhere", argc, argv, 4,
                            elsewhere::bugs);
}
