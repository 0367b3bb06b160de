// SPDX-License-Identifier: BSL-1.0
// The timers of a host, and the one timer that it needs of its Asio context.
#include <heddle/detail/core/host.hpp>

#include "core/context_core.hpp"
#include "core/drained_here.hpp"
#include "core/worker.hpp"

#include <new>

namespace heddle HEDDLE_VARIANT {
namespace detail {

void host::insert_locked(timer_entry& t, time_point now) noexcept {
    slack_.add(now, t.deadline);
    timers_.insert(t);
}
void host::erase_locked(timer_entry& t) noexcept { timers_.erase(t); }

time_point host::first_deadline() noexcept {
    guard g(timer_lock_);
    timer_entry* first = timers_.front();
    return first ? first->deadline : time_point::max();
}

void host::poke() noexcept {
    if (drained_here == this || is_shut() ||
        poked_.exchange(true, std::memory_order_acq_rel))
        return;
    take();
    submit(poke_);
}

void host::poke_turn(runnable&, host& h) {
    // Exchange, not store: a thread that saw `poked_` true relies on this turn to
    // notice its timer, so its insertion must be visible here.
    h.poked_.exchange(false, std::memory_order_acq_rel);
    if (!h.is_shut())
        h.expire_timers();
    h.drop();
}

void host::timer_fired(bool runs_here) {
    fired_.store(true, std::memory_order_relaxed);
    if (runs_here && enter())
        drain();
    else
        poke();
}

void host::expire_timers() noexcept {
    expiry e;
    {
        guard g(timer_lock_);
        if (fired_.load(std::memory_order_relaxed)) {
            fired_.store(false, std::memory_order_relaxed);
            armed_ = time_point::max();
        }
        if (timers_.empty())
            return;
        seen_ = read_clock();
        if (timers_.front()->deadline > seen_)
            return;
        expired_ = seen_;
        expire_until(seen_, e);
    }
    e.release(this);
}

/// Expires the timers that are due at `now`. Requires: timer_lock_.
void host::expire_until(time_point now, expiry& e) noexcept {
    while (timer_entry* t = timers_.front()) {
        if (t->deadline > now)
            break;
        timers_.erase(*t);
        t->expire_locked(e);
    }
}

/// Arms the Asio timer for the first deadline, or disarms it. Deadlines that are close
/// to each other expire together, as a wake-up of the event loop costs more than they
/// do. A deadline that is alone is not late because of that. Without memory to arm it, it
/// ends this drain handler, and returns false: the next one tries again.
bool host::settle_timer() {
    if (virtual_)
        return true;
    time_point first = time_point::max();
    {
        guard g(timer_lock_);
        if (timer_entry* t = timers_.front())
            first = std::max(t->deadline, expired_ + slack_.after(expired_));
    }
    if (worker_)
        first = std::min(first, worker_->look_at);
    if (first == armed_ || (armed_ < first && first != time_point::max()))
        return true;  // the armed timer fires first, and then arms again
    armed_ = time_point::max();
    try {
        if (first == time_point::max())
            disarm();
        else
            arm(first);
    } catch (const std::bad_alloc&) {
        spend_all();
        return false;
    }
    armed_ = first;
    return true;
}

}  // namespace detail

}  // namespace heddle
