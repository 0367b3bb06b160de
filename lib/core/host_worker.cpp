// SPDX-License-Identifier: BSL-1.0
// The parts of a host that differ if it is a worker: its FIFO is shared with thieves,
// which steal half of it, as those of Go's scheduler do (proc.go). lib/README.md,
// "Workers".
#include <heddle/detail/core/host.hpp>

#include "core/context_core.hpp"
#include "core/worker.hpp"

#include <algorithm>
#include <utility>

namespace heddle HEDDLE_VARIANT::detail {
namespace {

constexpr std::uint32_t most = 256;  // tasks that are stolen at once

/// Returns whether it may run on another worker.
bool movable(const runnable& r) noexcept {
    return !r.turn &&
           as_process(const_cast<runnable&>(r)).pins.load(std::memory_order_relaxed) ==
               0;
}

}  // namespace

bool host::same_place(const host& o) const noexcept {
    return this == &o || (worker_ && o.worker_ && &worker_->pool == &o.worker_->pool);
}

/// The worker on which a task begins that is started on this one from elsewhere. The end
/// of the context drops the workers; it waits while one of them is chosen [posting].
counted<host> host::place() noexcept {
    context_use use(*state_);  // must come before is_open()
    return counted<host>(is_open() ? &worker_->pool.place() : this);
}

/// Returns whether `here` may run it instead of this worker.
bool host::takes_over(runnable& r, host* here) const noexcept {
    return here && same_place(*here) && movable(r);
}

// -- a worker's FIFO ----------------------------------------------------------------

void host::push_shared(runnable& r, bool fresh) noexcept {
    worker& w = *worker_;
    w.lock.lock();
    if (fresh) {
        auto& p = as_process(r);
        p.previous = ready_.last;
        p.beginning.store(begins::fresh, std::memory_order_relaxed);
    }
    ready_.append(r);
    std::uint32_t n = w.ready.load(std::memory_order_relaxed) + 1;
    w.ready.store(n, std::memory_order_relaxed);
    w.lock.unlock();
    w.pool.notice(n);
}

runnable* host::pop_shared() noexcept {
    worker& w = *worker_;
    w.lock.lock();
    runnable* r = ready_.first;
    if (r) {
        ready_.take_first();
        w.ready.store(w.ready.load(std::memory_order_relaxed) - 1,
                      std::memory_order_relaxed);
    }
    w.lock.unlock();
    return r;
}

std::coroutine_handle<> host::next_shared() noexcept {
    worker& w = *worker_;
    running_ = nullptr;
    if (budget_ <= 0 || transfers_ <= 0 || w.pool.stopped())
        return std::noop_coroutine();
    w.lock.lock();
    runnable* r = ready_.first;
    if (!r || r->turn) {
        w.lock.unlock();
        return std::noop_coroutine();
    }
    ready_.take_first();
    w.ready.store(w.ready.load(std::memory_order_relaxed) - 1,
                  std::memory_order_relaxed);
    w.lock.unlock();
    budget_ -= turn_cost;
    --transfers_;
    return begin_turn(as_process(*r)).top->frame();
}

/// Begins `p` as a call would, unless a thief has taken it; then it is not fresh any
/// more.
std::coroutine_handle<> host::begin_fresh_shared(process& p) noexcept {
    worker& w = *worker_;
    bool now = budget_ > 0 && !w.pool.stopped();
    w.lock.lock();
    bool ours = p.is_fresh();
    if (ours) {
        take_out(p);
        if (!now)
            prepend(p);
        else
            w.ready.store(w.ready.load(std::memory_order_relaxed) - 1,
                          std::memory_order_relaxed);
    }
    w.lock.unlock();
    if (!ours || !now)
        return next_shared();
    budget_ -= turn_cost;
    p.begin(begins::called);
    return transfer(begin_turn(p));
}

/// Makes `p` the process that runs here.
process& host::begin_turn(process& p) noexcept {
    worker& w = *worker_;
    w.turns.store(w.turns.load(std::memory_order_relaxed) + 1,
                  std::memory_order_relaxed);
    p.home = this;
    if (p.is_fresh())
        p.begin();
    running_ = &p;
    return p;
}

bool host::take_inbox_shared() noexcept {
    worker& w = *worker_;
    w.lock.lock();
    std::uint32_t n = take_inbox_locked();
    w.lock.unlock();
    if (n != 0)
        w.pool.notice(n);
    return n != 0;
}

/// Goes idle if there is nothing, and returns whether it has. It takes the lock, as a
/// thief may just be moving the inbox to the FIFO. The call of wake_searcher() by a thread that
/// finds this worker not idle yet is not lost: after_idle() sees it.
bool host::close_inbox_shared() noexcept {
    worker& w = *worker_;
    w.lock.lock();
    bool closed =
        w.ready.load(std::memory_order_relaxed) == 0 && inbox_.go_idle_in_order();
    w.lock.unlock();
    return closed;
}

/// Moves the inbox to the FIFO; returns how many are ready. Requires: the worker's
/// lock. It keeps the order: without it, a thread that took the inbox first could
/// append to the FIFO last.
std::uint32_t host::take_inbox_locked() noexcept {
    worker& w = *worker_;
    std::uint32_t n = w.ready.load(std::memory_order_relaxed);
    runnable* list = inbox_.take_all_if_busy();
    if (!list)
        return n;
    for (runnable* r = list; r; ++n) {
        runnable* next = r->next_ready;
        ready_.append(*r);
        r = next;
    }
    w.ready.store(n, std::memory_order_relaxed);
    return n;
}

/// Queues `r` from any thread: wakes the worker if it is idle, else leaves `r` in the
/// inbox and notifies the others.
void host::submit_shared(runnable& r) noexcept {
    counted<host> keep(this);
    std::shared_ptr<context_core> state = state_;
    add(state->posting, 1, std::memory_order_relaxed);  // [posting]
    inbox::sent how = inbox_.push_if_busy(r);
    while (how == inbox::sent::idle) {
        if (push_if_idle(r)) {
            worker_->pool.woken();
            post_drain(false);
            break;
        }
        how = inbox_.push_if_busy(r);
    }
    if (how == inbox::sent::queued && !is_shut())
        worker_->pool.notice(1);
    keep = {};
    add(state->posting, -1, std::memory_order_release);
    if (how == inbox::sent::refused)
        dismiss(r);
}

/// Steals up to half of the tasks of `victim`. If the victim is stalled, the tasks in
/// its inbox count as well.
bool host::steal_from(host& victim, bool stalled) noexcept {
    worker& theirs = *victim.worker_;
    if (!theirs.lock.try_lock_thief())
        return false;
    std::uint32_t n = stalled ? victim.take_inbox_locked()
                              : theirs.ready.load(std::memory_order_relaxed);
    std::uint32_t left = std::min((n + 1) / 2, most);
    std::uint32_t taken = 0;
    runnable* first = nullptr;
    runnable** end = &first;
    runnable* before = nullptr;
    for (runnable* r = victim.ready_.first; r && left != 0; --left) {
        runnable* next = r->next_ready;
        if (movable(*r)) {
            (before ? before->next_ready : victim.ready_.first) = next;
            if (!next)
                victim.ready_.last = before;
            if (as_process(*r).is_fresh())
                as_process(*r).begin();
            if (next && !next->turn && as_process(*next).is_fresh())
                as_process(*next).previous = before;
            *end = r;
            end = &r->next_ready;
            ++taken;
        } else {
            before = r;
        }
        r = next;
    }
    *end = nullptr;
    theirs.ready.store(n - taken, std::memory_order_relaxed);
    theirs.lock.unlock_thief();
    if (taken == 0)
        return false;

    worker& ours = *worker_;
    ours.lock.lock();
    for (runnable* r = first; r;) {
        runnable* next = r->next_ready;
        ready_.append(*r);
        r = next;
    }
    ours.ready.store(ours.ready.load(std::memory_order_relaxed) + taken,
                     std::memory_order_relaxed);
    ours.lock.unlock();
    return true;
}

/// Expires the timers of a worker that is stalled.
void host::expire_for(host& stalled) noexcept {
    expiry e;
    {
        guard g(stalled.timer_lock_);
        if (stalled.timers_.empty())
            return;
        stalled.expire_until(read_clock(), e);
    }
    e.release(this);
}

void host::bring_home() noexcept {
    registry_.for_each([this](process& p) { p.home = this; });
}

// -- waking it ------------------------------------------------------------------

/// Becomes its drainer, and posts the drain handler. Returns false if it was not idle.
bool host::wake() noexcept {
    if (!enter())
        return false;
    post_drain(false);
    return true;
}

bool host::wake_to_search() noexcept {
    if (!enter())
        return false;
    worker_->is_searcher = true;
    post_drain(false);
    return true;
}

}  // namespace heddle::detail
