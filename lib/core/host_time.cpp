// SPDX-License-Identifier: BSL-1.0
// The timers of a host, and its two alarms: the timers that it needs of its Asio context.
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

void host::timer_fired(unsigned alarm, bool runs_here) {
    fired_[alarm].store(true, std::memory_order_relaxed);
    if (runs_here && enter())
        drain();
    else
        poke();
}

void host::expire_timers() noexcept {
    expiry e;
    {
        guard g(timer_lock_);
        for (unsigned i : {0u, 1u})
            if (fired_[i].load(std::memory_order_relaxed)) {
                fired_[i].store(false, std::memory_order_relaxed);
                armed_[i] = time_point::max();
                looks_ahead_ = true;
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

/// Arms an alarm for the first deadline, or disarms both. Deadlines that are close
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
    if (first == time_point::max()) {
        if (first_alarm() != first)
            disarm();
        armed_[0] = armed_[1] = first;
        return true;
    }
    if (first < first_alarm()) {  // otherwise that rings before, and then arms again
        if (!set_alarm(armed_[1] > armed_[0], first)) {
            spend_all();
            return false;
        }
        looks_ahead_ = true;
    }
    if (looks_ahead_)
        arm_ahead();
    return true;
}

/// Returns false if there is no memory for that.
bool host::set_alarm(unsigned alarm, time_point t) noexcept {
    armed_[alarm] = time_point::max();
    try {
        arm(alarm, t);
    } catch (const std::bad_alloc&) {
        return false;
    }
    armed_[alarm] = t;
    return true;
}

/// A timer that is due so soon after an alarm mostly expires with it.
constexpr duration usual_delay = timer_slack::least / 2;

/// Arms the other alarm for the wake-up after the next one. When the system's timer fires,
/// Asio sets it for the first alarm that it knows of, and sets it again if an earlier one
/// is armed later. So to know that wake-up before saves a system call; it may be wrong.
void host::arm_ahead() noexcept {
    looks_ahead_ = false;
    time_point first = first_alarm(), next;
    unsigned free = armed_[1] > armed_[0];
    if (armed_[free] != time_point::max())
        return;
    first = deadline_after(first, usual_delay);  // when it will be served
    {
        guard g(timer_lock_);
        next = timers_.first_after(first);
        if (next == time_point::max())
            return;
        next = std::max(next, first + slack_.after(first));
    }
    set_alarm(free, next);
}

}  // namespace detail

}  // namespace heddle
