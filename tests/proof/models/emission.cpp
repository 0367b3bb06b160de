// SPDX-License-Identifier: BSL-1.0
// Model of the cancellation of an operation in flight (detail/handlers/emission.hpp, lib/io/inflight.cpp): two threads
// cancel the operation while a third completes it. [emission] Nothing is emitted after the completion was reported; the
// second of completion and emission reports it, once; there is one emission at a time.
#include "model.hpp"

using namespace model;

namespace {

enum bug {
    none,
    completion_does_not_wait,
    emission_forgets_the_completion,
    emission_begins_after_the_completion,
    two_emissions,
    end_orders_nothing,
    bugs = end_orders_nothing
};

struct emission_count {
    static constexpr unsigned completed = 1, one = 2;
    rl::atomic<unsigned> state;

    bool begin() {
        unsigned old = 0;
        do
            if ((old & completed) && broken != emission_begins_after_the_completion)
                return false;
        while (!state($).compare_exchange_strong(old, old + one, acq_rel, acquire));
        return true;
    }
    bool end() {
        auto order = broken == end_orders_nothing ? relaxed : acq_rel;
        return state($).fetch_sub(one, order) == (completed | one);
    }
    bool complete() {
        unsigned old = 0;
        while (!(old & completed))
            if (state($).compare_exchange_strong(old, old | completed, acq_rel,
                                                 acquire))
                return old == 0;
        return false;
    }
    bool has_completed() { return state($).load(acquire) & completed; }
    bool is_zero() { return state($).load(acquire) < one; }
    void renew() { state($).store(0, relaxed); }
};

struct emission : rl::test_suite<emission, 3> {
    emission_count emissions;
    rl::mutex lock;
    rl::var<int> flying;  // guarded by lock
    rl::var<int> turn;    // the only emission
    rl::var<int> slot;    // 1 while it holds a handler
    rl::var<int> result;
    int landed;

    void before() {
        emissions.renew();
        flying($) = 1;
        turn($) = 0;
        slot($) = 1;
        result($) = 0;
        landed = 0;
    }

    void thread(unsigned who) {
        if (who == 0)
            complete();
        else
            cancel();
    }

    void after() {
        RL_ASSERT(landed == 1);
        RL_ASSERT(flying($) == 0);
        RL_ASSERT(emissions.is_zero() && !emissions.has_completed());
    }

private:
    void complete() {
        result($) = 5;
        if (emissions.complete() || broken == completion_does_not_wait)
            land();
    }

    void cancel() {
        lock.lock($);
        bool begun = flying($) && (emissions.is_zero() || broken == two_emissions) &&
                     emissions.begin();
        lock.unlock($);
        if (!begun)
            return;
        turn($) = 1;
        if (!emissions.has_completed())
            RL_ASSERT(slot($) == 1);
        if (emissions.end() && broken != emission_forgets_the_completion)
            land();
    }

    /// Only the thread that reports the completion touches the slot and the result.
    void land() {
        RL_ASSERT(result($) == 5);
        slot($) = 0;
        ++landed;
        lock.lock($);
        emissions.renew();
        flying($) = 0;
        lock.unlock($);
    }
};

}  // namespace

int main(int argc, char** argv) {
    return check<emission>("emission", argc, argv, 3, bugs);
}
