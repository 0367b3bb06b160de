// SPDX-License-Identifier: BSL-1.0
// The parallel host: lib/README.md, "Workers". Stealing half of a victim's tasks, one searcher
// and wake-ups that beget wake-ups are those of Go's scheduler (proc.go); the queues are
// lists under a biased lock instead of rings.
#include "worker_pool.hpp"

#include "context_core.hpp"

#include <algorithm>
#include <utility>

namespace heddle::detail {

using namespace std::chrono_literals;

namespace {

constexpr duration patience = 20us;     // how long the watch looks around at a time
constexpr duration first_pause = 50us;  // between two looks; doubled up to
constexpr duration long_pause = 800us;  // the fifth
constexpr duration last_pause = 10ms;
constexpr duration worthwhile = 200us;  // work that was taken, and lasted so long
constexpr std::uint32_t most = 256;     // tasks taken at once

/// May it run on another worker?
bool movable(const runnable& r) noexcept {
    return !r.turn &&
           as_process(const_cast<runnable&>(r)).pins.load(std::memory_order_relaxed) ==
               0;
}

}  // namespace

bool host::same_place(const host& o) const noexcept {
    return this == &o || (worker_ && o.worker_ && &worker_->pool == &o.worker_->pool);
}

host& host::place(host* here) noexcept {
    if (!worker_ || is_shut())
        return *this;
    return here && same_place(*here) ? *here : worker_->pool.place();
}

/// May `here` run it instead of this worker?
bool host::takes_over(runnable& r, host* here) const noexcept {
    return here && same_place(*here) && movable(r);
}

// -- a worker's FIFO ----------------------------------------------------------------

void host::push_shared(runnable& r, bool fresh) noexcept {
    worker& w = *worker_;
    w.lock.lock();
    if (fresh) {
        auto& p = as_process(r);
        p.previous = tail_;
        p.beginning.store(begins::fresh, std::memory_order_relaxed);
    }
    append(r);
    std::uint32_t n = w.ready.load(std::memory_order_relaxed) + 1;
    w.ready.store(n, std::memory_order_relaxed);
    w.lock.unlock();
    w.pool.notice(n);
}

runnable* host::pop_shared() noexcept {
    worker& w = *worker_;
    w.lock.lock();
    runnable* r = head_;
    if (r) {
        take_first();
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
    runnable* r = head_;
    if (!r || r->turn) {
        w.lock.unlock();
        return std::noop_coroutine();
    }
    take_first();
    w.ready.store(w.ready.load(std::memory_order_relaxed) - 1,
                  std::memory_order_relaxed);
    w.lock.unlock();
    budget_ -= turn_cost;
    --transfers_;
    return begin_turn(as_process(*r)).top->frame();
}

/// A thief may have taken it: then it is not fresh any more.
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

void host::prepend_shared(runnable& r) noexcept {
    worker& w = *worker_;
    w.lock.lock();
    prepend(r);
    w.ready.store(w.ready.load(std::memory_order_relaxed) + 1,
                  std::memory_order_relaxed);
    w.lock.unlock();
}

/// `p` runs here now.
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

/// Goes idle, if there is nothing: a thief may just move the inbox to the FIFO. Who finds it
/// not idle is seen by after_idle(): rouse().
bool host::close_inbox_shared() noexcept {
    worker& w = *worker_;
    runnable* none = nullptr;
    w.lock.lock();
    bool closed =
        w.ready.load(std::memory_order_relaxed) == 0 &&
        inbox_.compare_exchange_strong(none, idle(), std::memory_order_seq_cst);
    w.lock.unlock();
    return closed;
}

/// What another thread took before may have been pushed after: hence the lock. Returns how
/// many are ready.
std::uint32_t host::take_inbox_locked() noexcept {
    worker& w = *worker_;
    std::uint32_t n = w.ready.load(std::memory_order_relaxed);
    runnable* list = inbox_.load(std::memory_order_relaxed);
    while (list && list != idle() &&
           !exchange_if(inbox_, list, static_cast<runnable*>(nullptr))) {
    }
    if (!list || list == idle())
        return n;
    for (runnable* r = in_order(list); r; ++n) {
        runnable* next = r->next_ready;
        append(*r);
        r = next;
    }
    w.ready.store(n, std::memory_order_relaxed);
    return n;
}

/// From any thread: wakes an idle worker with a task, or leaves it in the inbox of a busy one
/// and sees to it that others know.
void host::submit_shared(runnable& r) noexcept {
    counted<host> keep(this);
    std::shared_ptr<context_core> state = state_;
    add(state->posting, 1, std::memory_order_relaxed);  // [posting]
    bool queued = false;
    runnable* seen = inbox_.load(std::memory_order_acquire);  // pairs with seal()
    while (!queued && seen != sealed()) {
        bool was_idle = seen == idle();
        r.next_ready = was_idle ? nullptr : seen;
        queued = exchange_if(inbox_, seen, &r);
        if (queued && was_idle) {
            worker_->pool.woken();
            post_drain(false);
        } else if (queued && !is_shut()) {
            worker_->pool.notice(1);
        }
    }
    keep = {};
    add(state->posting, -1, std::memory_order_release);
    if (!queued)
        dismiss(r);
}

/// Takes up to half of the tasks of `victim`; of one that does not get on, also what waits in
/// its inbox, and what its timers should have woken.
bool host::rob(host& victim, bool stuck) noexcept {
    worker& theirs = *victim.worker_;
    if (!theirs.lock.try_lock_thief())
        return false;
    std::uint32_t n = stuck ? victim.take_inbox_locked()
                            : theirs.ready.load(std::memory_order_relaxed);
    std::uint32_t left = std::min((n + 1) / 2, most);
    std::uint32_t taken = 0;
    runnable* first = nullptr;
    runnable** end = &first;
    runnable* before = nullptr;
    for (runnable* r = victim.head_; r && left != 0; --left) {
        runnable* next = r->next_ready;
        if (movable(*r)) {
            (before ? before->next_ready : victim.head_) = next;
            if (!next)
                victim.tail_ = before;
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
        append(*r);
        r = next;
    }
    ours.ready.store(ours.ready.load(std::memory_order_relaxed) + taken,
                     std::memory_order_relaxed);
    ours.lock.unlock();
    return true;
}

/// The timers of a worker that does not get on.
void host::expire_for(host& stuck) noexcept {
    expiry e;
    {
        guard g(stuck.timer_lock_);
        if (stuck.timers_.empty())
            return;
        stuck.expire_until(read_clock(), e);
    }
    e.release(this);
}

void host::bring_home() noexcept {
    registry_.for_each([this](process& p) { p.home = this; });
}

// -- who looks for work -------------------------------------------------------------

host& worker_pool::place() noexcept {
    std::size_t start = next_.fetch_add(1, std::memory_order_relaxed);
    for (std::size_t i = 0; i < size(); ++i)
        if (host& h = (*this)[(start + i) % size()]; h.is_idle())
            return h;
    return (*this)[start % size()];
}

void worker_pool::rouse(watch seen) noexcept {
    if (!watch_.compare_exchange_strong(seen, watch::awake, std::memory_order_seq_cst))
        return;
    if (seen == watch::asleep) {
        sentinel_.load(std::memory_order_relaxed)->wake();  // else it looks by itself
        return;
    }
    while (!rouse_idle()) {
        watch_.store(watch::crowded, std::memory_order_seq_cst);
        // One that went idle just now has not seen that it is crowded.
        bool idle = std::any_of(workers_.begin(), workers_.end(),
                                [](auto& w) { return w->is_idle(); });
        seen = watch::crowded;
        if (!idle || !watch_.compare_exchange_strong(seen, watch::awake,
                                                     std::memory_order_seq_cst))
            return;
    }
}

bool worker_pool::rouse_idle() noexcept {
    return std::any_of(workers_.begin(), workers_.end(),
                       [](auto& w) { return w->wake_for_watch(); });
}

/// Becomes its drainer, and posts the handler.
bool host::wake() noexcept {
    if (!enter())
        return false;
    post_drain(false);
    return true;
}

bool host::wake_for_watch() noexcept {
    if (!enter())
        return false;
    worker_->on_watch = true;
    post_drain(false);
    return true;
}

bool worker_pool::find_work(host& me) noexcept {
    worker& w = *me.worker_;
    if (stopped())
        return false;
    if (!w.on_watch)
        return rob_someone(me, false);
    auto alone = [this] { return active_.load(std::memory_order_seq_cst) <= 1; };
    if (alone())
        return false;
    time_point now = me.read_clock();
    bool due = now >= std::exchange(w.look_at, time_point::max());
    if (!due)
        look_around(me);
    bool found = rob_someone(me, due);
    for (time_point end = now + patience; !found && now < end; now = me.read_clock()) {
        for (int i = 0; i < 20; ++i)
            back_off()();
        if (alone())
            return false;
        if (me.has_mail())
            return me.take_inbox_shared();
        found = rob_someone(me, false);
    }
    found = found || (!due && rob_someone(me, true));
    if (!found)
        look_around(me);
    return found;
}

/// `stuck_too`: somebody looked around a while ago, and who has not got on since is stuck.
bool worker_pool::rob_someone(host& me, bool stuck_too) noexcept {
    std::size_t n = size();
    std::size_t start = me.random_below(static_cast<std::uint32_t>(n));
    for (std::size_t i = 0; i < n; ++i) {
        host& victim = (*this)[(start + i) % n];
        if (&victim == &me)
            continue;
        worker& theirs = *victim.worker_;
        bool stuck = stuck_too && !victim.is_idle() &&
                     theirs.turns.load(std::memory_order_relaxed) == theirs.turns_seen;
        if (stuck)
            me.expire_for(victim);
        std::uint32_t ready = theirs.ready.load(std::memory_order_relaxed);
        if ((ready > 1 || (stuck && (ready == 1 || victim.has_mail()))) &&
            me.rob(victim, stuck))
            return true;
    }
    return me.worker_->ready.load(std::memory_order_relaxed) != 0;  // its timers', say
}

/// Notes where everybody is: who is still there at the next look is stuck.
void worker_pool::look_around(host& me) noexcept {
    for (auto& h : workers_)
        if (h.get() != &me)
            h->worker_->turns_seen = h->worker_->turns.load(std::memory_order_relaxed);
}

void worker_pool::leave_watch(host& me) noexcept {
    worker& w = *me.worker_;
    w.on_watch = false;
    w.look_at = time_point::max();
    w.left_watch = me.read_clock();
    watch_.store(watch::none, std::memory_order_seq_cst);
    rouse(watch::none);  // there may be more, here or where this came from
}

void worker_pool::before_idle(host& me) noexcept {
    worker& w = *me.worker_;
    bool others = active_.load(std::memory_order_seq_cst) > 1 && !stopped();
    if (!w.on_watch) {
        watch seen = watch_.load(std::memory_order_seq_cst);
        if (!others || (seen != watch::none && seen != watch::crowded) ||
            !watch_.compare_exchange_strong(seen, watch::awake,
                                            std::memory_order_seq_cst))
            return;
        w.on_watch = true;
        // Tasks that talk to each other are faster on one thread: who took them and had
        // little to do looks for more ever more rarely.
        if (me.read_clock() - w.left_watch >= worthwhile)
            pause_ = first_pause;
        look_around(me);
    }
    if (others) {
        w.look_at = me.read_clock() + pause_;
        weary_.store(pause_ >= long_pause, std::memory_order_relaxed);
        pause_ = std::min(2 * pause_, last_pause);
        sentinel_.store(&me, std::memory_order_relaxed);
        watch_.store(watch::asleep, std::memory_order_seq_cst);
    } else {
        w.on_watch = false;
        w.look_at = time_point::max();
        watch_.store(watch::none, std::memory_order_seq_cst);
    }
}

/// `me` may be drained by another thread by now.
void worker_pool::after_idle(host& me, bool on_watch) noexcept {
    bool last = active_.fetch_sub(1, std::memory_order_seq_cst) == 1;
    watch seen = watch_.load(std::memory_order_seq_cst);
    if (seen == watch::crowded || (seen == watch::none && !last && !stopped()))
        rouse(seen);  // what others pushed before roused nobody
    else if (seen == watch::asleep && last)
        sentinel_.load(std::memory_order_relaxed)->wake();  // there is nothing to watch
    else if (seen == watch::awake && on_watch)
        me.wake();  // who roused it found it busy
}

// -- the end ------------------------------------------------------------------------

/// They end together: a task in the registry of one may be queued at another. What is left
/// then waits in operations of other contexts: it is at home where it is registered, since
/// that worker lives for as long.
void worker_pool::shut() noexcept {
    stop();
    for (auto& w : workers_)
        w->close_doors();
    for (bool again = true; again;) {
        again = false;
        for (auto& w : workers_)
            again |= w->sweep();
    }
    for (auto& w : workers_)  // none of them scans its registry any more
        while (w->sweep_queue() || !w->seal()) {
        }
    for (auto& w : workers_)
        w->bring_home();
}

void worker_pool::release() noexcept { workers_.clear(); }

}  // namespace heddle::detail
