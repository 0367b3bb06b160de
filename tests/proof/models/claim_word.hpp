// SPDX-License-Identifier: BSL-1.0
// The claim word of the models. It repeats detail/core/claim_word.hpp.
#pragma once

#include "model.hpp"

namespace model {

struct claim_word {
    enum bits : unsigned {
        waiting = 1,
        in_io = 2,
        starting = 4,
        cancelling = 8,
        completed = 16,
        cancelled = 32
    };
    enum bug {
        none,
        park_orders_nothing,
        park_overlooks_cancelled,
        interrupt_forgets_cancelled,
        interrupt_overlooks_starting,
        begun_overlooks_cancelled,
        complete_overlooks_cancelling,
        emitted_overlooks_completed
    };

    rl::atomic<unsigned> word;
    bug broken = none;

    void begin(unsigned state, bug b) {
        word($) = state;
        broken = b;
    }

    bool park() {
        if (exchange(0, waiting, broken == park_orders_nothing ? relaxed : acq_rel))
            return true;
        if (broken != park_overlooks_cancelled)
            return false;
        word($).store(waiting, release);
        return true;
    }

    bool claim() { return exchange(waiting, 0); }

    void begin_io() { word($).fetch_add(in_io | starting, acq_rel); }

    enum class initiated { in_flight, cancelling, completed };
    initiated begun() {
        auto c = change([this](unsigned old) {
            if (old & completed)
                return old & cancelled;
            bool emits = (old & cancelled) && broken != begun_overlooks_cancelled;
            return (old & ~starting) | (emits ? cancelling : 0);
        });
        return c.before & completed   ? initiated::completed
               : c.after & cancelling ? initiated::cancelling
                                      : initiated::in_flight;
    }

    bool complete() {
        unsigned held =
            broken == complete_overlooks_cancelling ? starting : starting | cancelling;
        auto c = change([held](unsigned old) {
            return old & held ? old | completed : old & cancelled;
        });
        return !(c.after & completed);
    }

    bool emitted() {
        unsigned seen = broken == emitted_overlooks_completed ? 0 : completed;
        auto c = change([seen](unsigned old) {
            return old & seen ? old & cancelled : old & ~cancelling;
        });
        return c.before & seen;
    }

    enum class interrupted { noted, claimed, cancelling };
    interrupted interrupt() {
        unsigned asked =
            broken == interrupt_overlooks_starting ? in_io : in_io | starting;
        unsigned mark = broken == interrupt_forgets_cancelled ? 0 : cancelled;
        auto c = change([asked, mark](unsigned old) {
            if (old & cancelled)
                return old;
            bool in_flight = (old & asked) == in_io;
            return (old & ~waiting) | mark | (in_flight ? cancelling : 0);
        });
        return c.before & waiting                   ? interrupted::claimed
               : (c.after & ~c.before) & cancelling ? interrupted::cancelling
                                                    : interrupted::noted;
    }

    bool has_completed() { return word($).load(acquire) & completed; }

    /// Returns whether the task runs; for the end of a model.
    bool is_running() { return (word($).load(relaxed) & ~cancelled) == 0; }

private:
    bool exchange(unsigned from, unsigned to, rl::memory_order order = acq_rel) {
        return word($).compare_exchange_strong(from, to, order, acquire);
    }

    struct change_made {
        unsigned before, after;
    };
    template <class Next>
    change_made change(Next next) {
        unsigned old = word($).load(acquire), now;
        do
            now = next(old);
        while (!word($).compare_exchange_strong(old, now, acq_rel, acquire));
        return {old, now};
    }
};

}  // namespace model
