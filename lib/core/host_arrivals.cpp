// SPDX-License-Identifier: BSL-1.0
// How tasks and turns come to a host from other threads, and the work that it has until
// they have come: lib/README.md, "Hosts".
#include <heddle/detail/core/host.hpp>

#include "core/context_core.hpp"
#include "core/drained_here.hpp"
#include "core/worker.hpp"

#include <memory>

namespace heddle HEDDLE_VARIANT::detail {

// -- the inbox ----------------------------------------------------------------------

void host::submit(runnable& r) noexcept {
    if (r.turn == from_outside)
        return submit_expected(as_process(r));
    if (worker_)
        return submit_shared(r);
    for (;;)
        switch (inbox_.push_if_busy(r)) {
        case inbox::sent::queued:
            return;
        case inbox::sent::refused:
            return dismiss(r);
        case inbox::sent::idle:
            if (submit_to_idle(r))
                return;
        }
}

// -- tasks that come from outside [homecoming] ----------------------------------------

/// Returns whether this thread drains no host of this context.
inline bool host::called_from_outside() const noexcept {
    host* here = drained_here;
    return here != this &&
           !(here && (worker_ ? same_place(*here) : here->state_ == state_));
}

bool host::expect() noexcept {
    if (!called_from_outside())
        return false;  // its drain handler is work, until this thread has released it
    add(state_->coming.n, 1u,
        std::memory_order_acq_rel);  // before the claim, and before is_shut() [lost]
    return true;
}

void host::expect_no_more() noexcept {
    add(state_->coming.n, ~0u, std::memory_order_release);  // pairs with may_rest()
}

/// Submits a process that was counted. The end of the context waits until it has
/// counted down.
void host::submit_expected(process& p) noexcept {
    counted<host> keep(is_shut() ? this : nullptr);
    context_core& state = *state_;
    p.turn = p.word.is_cancelling() ? emit_cancellation : nullptr;
    submit(p);
    add(state.coming.n, ~0u, std::memory_order_release);  // pairs with may_rest()
}

/// Returns false if a task is on the way [homecoming]. Then the drain handler is posted
/// once more, as work of the context, and so on until the task is there. The other
/// thread needs only a few instructions for that, and gets the core of this one if it
/// needs one.
bool host::may_rest() noexcept {
    if (!state_->somebody_comes())
        return true;
    yield_until_changed(state_->coming.n);
    spend_all();
    return false;
}

// -- the inbox of an idle host --------------------------------------------------------

/// Queues `r` if the inbox is idle. The host has work from before that until the drain
/// handler runs [homecoming]: in between the inbox is not idle, so a handler of the context
/// leaves its turn there and ends, with its work. With one thread in the process nothing
/// comes in between. The drainer ends that work, also if this thread was not the first.
bool host::push_if_idle(runnable& r) noexcept {
    bool has_work = !single_threaded();
    if (has_work)
        work_started();
    bool first = inbox_.push_if_idle(r);
    if (has_work)
        hand_over_work();
    return first;
}

/// Once `r` is in the inbox, another thread may run it, and may destroy the context;
/// but the end of the context waits until the drain handler has been posted [posting].
bool host::submit_to_idle(runnable& r) noexcept {
    counted<host> keep(this);
    std::shared_ptr<context_core> state = state_;
    inside_context posting(*state);
    add(state->posting, 1, std::memory_order_relaxed);
    bool first = push_if_idle(r);
    if (first)
        post_drain(false);
    keep = {};
    add(state->posting, -1,
        std::memory_order_release);  // pairs with wait_for_posting()
    return first;
}

// -- outstanding work [work]: Asio's handlers count it twice per operation, or more --

void host::count_work() noexcept {
    std::size_t n = work_.load(std::memory_order_relaxed);
    while (n > 0)
        if (exchange_if(work_, n, n + 1))
            return;
    first_work();
}

void host::discount_work() noexcept {
    std::size_t n = work_.load(std::memory_order_relaxed);
    while (n > 1)
        if (exchange_if(work_, n, n - 1))
            return;
    if (!called_from_outside() || single_threaded() || is_shut() || asked_if_here())
        return last_work();
    counted<host> keep(this);
    hand_over_work();
    poke();
}

/// Lets the drainer end one unit of work. The last work of a context must end on a thread
/// that runs the context: Asio counts the work down to zero, and then stops the context; a
/// stop by another thread could come so late that the context runs again. The caller gives
/// the host a turn after this.
void host::hand_over_work() noexcept {
    handed_over_.fetch_add(1, std::memory_order_seq_cst);
    if (!is_open())  // asked after that: the end of the host has ended it, or sees it
        end_handed_over();
}

void host::end_handed_over() noexcept {
    for (auto n = handed_over_.exchange(0, std::memory_order_seq_cst); n != 0; --n)
        work_finished();
}

}  // namespace heddle::detail
