// SPDX-License-Identifier: BSL-1.0
// How processes begin and end, one by one or with their host, and the registry of those
// that have not ended.
#include <heddle/detail/core/failures.hpp>
#include <heddle/detail/core/host.hpp>

#include <heddle/errors.hpp>

#include "core/context_core.hpp"
#include "core/drained_here.hpp"
#include "core/worker.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

namespace heddle HEDDLE_VARIANT {
namespace detail {

// -- the registry -------------------------------------------------------------------

inline void host::add_task(process& p, bool is_new) noexcept {
    if (worker_)
        p.shard = worker_->index;
    if (registry_.add(p, is_new))
        take();  // [counted]
}

inline void host::remove_task(process& p) noexcept {
    bool elsewhere = worker_ && p.shard != worker_->index;
    host& at = elsewhere ? worker_->pool[p.shard] : *this;
    if (at.registry_.remove(p))
        at.drop();
}

void host::register_task(process& p) noexcept { add_task(p, false); }

void host::unregister_task(process& p) noexcept { remove_task(p); }

std::size_t host::live() noexcept { return registry_.size(); }

std::size_t host::unused_numbers() noexcept { return registry_.unused_numbers(); }

std::size_t host::owned_by_handlers() noexcept {
    std::size_t n = 0;
    registry_.for_each([&n](process& p) { n += p.owned_by_handler(); });
    return n;
}

// -- the begin of a process ---------------------------------------------------------

HEDDLE_ALWAYS_INLINE inline void host::begin(process& p, promise_base& root,
                                             done_node* scope, host* here) noexcept {
    p.home = this;
    p.top = &root;
    root.self = &p;
    if (scope && p.attach(*scope))
        p.word.renew(true);
    add_task(p, true);
    if (here != this)
        return ready(p, here);
    if (worker_)
        return push_shared(p, true);
    if (!seeded_) {  // in a seeded schedule no task overtakes another when it is joined
        p.previous = ready_.last;
        p.beginning.store(begins::fresh, std::memory_order_relaxed);
    }
    ready_.append(p);
}

void host::launch(process& p, promise_base& root, done_node* scope) noexcept {
    if (worker_)
        return launch_shared(p, root, scope, drained_here);
    begin(p, root, scope, drained_here);
}

HEDDLE_NOINLINE void host::launch_shared(process& p, promise_base& root,
                                         done_node* scope, host* here) noexcept {
    if (here && same_place(*here))
        here->begin(p, root, scope, here);
    else
        place()->begin(p, root, scope, here);
}

// -- the end of a process -----------------------------------------------------------

void host::reap(process& p) {
    p.settle();
    if (p.locals) [[unlikely]]
        p.locals = {};
    if (auto failure = end(p, false))
        unhandled(std::move(failure));
}

/// Ends the process for all that refer to it, and drops the reference that belongs to the
/// run. Returns the exception that escaped, if it has to be reported.
HEDDLE_ALWAYS_INLINE inline std::exception_ptr host::end(process& p,
                                                         bool abandoned) noexcept {
    wake_list wakes;
    bool unwanted;
    {
        guard g(p.lock);
        p.ended = true;
        p.joiners.wake_all(wakes, outcome::done);
        bool held = p.held.load(std::memory_order_relaxed);
        unwanted = !held && !p.taken;  // else let_go() or the joiner sees to the result
        if (!abandoned && p.failure && held) {
            take();
            p.keeps_home = true;
        }
    }
    p.retire(p.exposed);
    host* here = drained_here;
    if (p.was_called() && here == this)
        return_to(wakes);
    else
        wakes.release(here);
    remove_task(p);
    std::exception_ptr failure;
    if (unwanted) {
        if (!abandoned && p.failure && !p.ends_normally())
            failure = p.failure;
        if (failure)
            p.note_escape();
        if (p.is_shared())
            p.forget_result();
    }
    p.drop();
    return failure;
}

/// Lets the task that called go on next, unless the budget is spent.
inline void host::return_to(wake_list& wakes) noexcept {
    process* caller = wakes.only_process();
    bool now = caller && caller->home == this && budget_ > 0 && !next_ &&
               !(worker_ && worker_->pool.stopped());
    if (!now)
        return wakes.release(this);
    budget_ -= turn_cost;
    next_ = caller;
}

/// Ends a process that cannot run to its end.
void host::destroy(process& p) noexcept {
    for (operation* op = std::exchange(p.waits, nullptr); op; op = op->sibling)
        op->withdraw();
    p.word.renew();
    if (p.has_signal)
        p.signal.slot().clear();  // its operation has been destroyed
    p.destroy_frames();
    p.locals = {};
    p.failure = prepared().task_abandoned;
    end(p, true);
}

void host::completed_elsewhere(process& p) noexcept { ready(p, drained_here); }

void host::abandon(process& p) noexcept {
    p.turn = abandon_turn;
    ready(p, drained_here);
}

void host::abandon_turn(runnable& r, host& h) { h.destroy(as_process(r)); }

void host::report(process& p) noexcept {
    p.turn = report_turn;
    ready(p, drained_here);
}

void host::report_turn(runnable& r, host& h) {
    process& p = as_process(r);
    auto failure = p.failure;
    p.note_escape();
    p.drop();
    if (!h.is_shut())  // else no thread runs the context any more
        h.unhandled(std::move(failure));
}

void host::unhandled(std::exception_ptr failure) {
    if (auto told = state_->unhandled())
        (*told)(std::move(failure));
    else
        std::rethrow_exception(std::move(failure));
}

void host::reap_turn(runnable& r, host& h) {
    r.turn = nullptr;
    h.reap(as_process(r));
}

// -- the end of a host --------------------------------------------------------------

void host::shut() noexcept {
    if (worker_)
        return worker_->pool.shut();
    counted<host> keep(this);
    close_doors();
    while (sweep() || !inbox_.seal()) {
    }
    state_->wait_for_posting();
    end_handed_over();
    forget_executor();  // the executor of a strand must not outlive the context
}

void host::close_doors() noexcept {
    shut_.store(true, std::memory_order_seq_cst);  // before wait_for_posting()
    state_->leave(*this);
    enter();  // it is never idle again: sweep() finds all that is pushed from now on
    let_go();
}

/// Ends `r`, whose turn will not come since the context has ended.
void host::dismiss(runnable& r) noexcept {
    counted<host> keep(this);
    if (r.turn)
        r.turn(r, *this);
    else if (!as_process(r).owned_by_handler())
        destroy(as_process(r));
}

/// Destroys all that is queued here. Returns false if there was nothing.
bool host::sweep_queue() noexcept {
    bool again = false;
    while (take_inbox() || has_work()) {
        dismiss(*pop());
        again = true;
    }
    return again;
}

/// Destroys all that is queued here and all that is parked. Returns false if there was
/// nothing, and nothing will park.
bool host::sweep() noexcept {
    bool again = sweep_queue();
    registry_.begin_sweep();  // other threads may start tasks; these get to the inbox
    bool claimed = false;     // another thread has claimed one, whose wake is under way
    bool alone = false;       // a thread that claims from now on sees the end [lost]
    bool waits = false;       // until that is so
    while (process* p = registry_.next_to_sweep()) {
        if (p->owned_by_handler())
            continue;  // it ends when its handler is destroyed
        bool exclusive = p->waits && p->waits->exclusive;
        alone = alone || (exclusive && !state_->claims_under_way());
        if (exclusive && !alone) {
            if (inside_context::holds_back_task_of(*state_))
                ends_from_inside();
            waits = true;
        } else if (p->withdraw_all()) {
            destroy(*p);
            again = true;
        } else {
            if (wake_list::holds_back(*p))
                ends_from_inside();
            claimed = true;
        }
    }
    if (claimed && !again)  // otherwise it may be in the inbox by now
        inbox_.yield_until_changed();
    else if (waits && state_->claims_under_way())
        yield_until_changed(state_->coming.n);
    return again || claimed || waits;
}

void ends_from_inside() noexcept {
    host* h = drained_here;
    process* p = h ? h->running() : nullptr;
    std::string who = "a handler";
    if (p) {
        who = "task " + std::to_string(p->id);
        p->describe(who);
    }
    std::fprintf(
        stderr,
        "heddle: %s, or a destructor or stop callback that it called, destroys the "
        "execution context that runs it, which would wait for it for ever; destroy "
        "a context when nothing of it runs any more: after run() or join() has "
        "returned\n",
        who.c_str());
    std::abort();
}

}  // namespace detail
}  // namespace heddle
