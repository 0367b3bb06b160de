// SPDX-License-Identifier: BSL-1.0
// How tasks and turns come to a host from other threads: lib/README.md, "Hosts".
#include <heddle/detail/core/host.hpp>

#include "core/context_core.hpp"
#include "core/drained_here.hpp"
#include "core/outside_work.hpp"
#include "core/worker.hpp"

#include <memory>

namespace heddle::detail {

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

bool host::expect() noexcept {
    host* here = drained_here;
    if (here == this ||
        (here && (worker_ ? same_place(*here) : here->state_ == state_)))
        return false;  // its drain handler is work, until this thread has released it
    add(state_->coming.n, 1u,
        std::memory_order_relaxed);  // before the claim, a release
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

/// Once `r` is in the inbox, another thread may run it, and may destroy the context;
/// but the end of the context waits until the drain handler has been posted [posting].
bool host::submit_to_idle(runnable& r) noexcept {
    counted<host> keep(this);
    std::shared_ptr<context_core> state = state_;
    inside_context posting(*state);
    add(state->posting, 1, std::memory_order_relaxed);
    bool first;
    {
        outside_work until_it_is_posted(*this);
        first = inbox_.push_if_idle(r);
        if (first)
            post_drain(false);
    }
    keep = {};
    add(state->posting, -1,
        std::memory_order_release);  // pairs with wait_for_posting()
    return first;
}

}  // namespace heddle::detail
