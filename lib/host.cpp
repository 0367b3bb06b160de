// SPDX-License-Identifier: BSL-1.0
// The run queue of a serial host: lib/README.md, "Hosts".
#include <heddle/detail/host.hpp>

#include <heddle/detail/host_executor.hpp>
#include <heddle/detail/worker_pool.hpp>
#include <heddle/done.hpp>
#include <heddle/go.hpp>
#include <heddle/time.hpp>

#include "context_state.hpp"
#include "host_on.hpp"

#include <algorithm>
#include <utility>

namespace heddle {
namespace detail {
namespace {

constexpr duration slack = std::chrono::microseconds(50);  // Linux's own, by default

thread_local host* drained_here = nullptr;

// Not inlined: clang 16 keeps the address of a thread_local across a suspension.
[[gnu::noinline]] host* set_current(host* h) noexcept {
    return std::exchange(drained_here, h);
}

}  // namespace

void close_expired(expiry&) noexcept;  // done.cpp

void expiry::release(host* here) noexcept {
    wakes.release(here);
    close_expired(*this);
}

void wake_list::release() noexcept {
    if (first_)
        release(host::current());
}

host* host::current() noexcept { return drained_here; }

process& host::current_process() {
    host* h = current();
    if (!h || !h->running_)
        throw not_in_task(
            "heddle: this needs a running task, and none runs on this thread; "
            "name an executor or a context");
    return *h->running_;
}

host::host(std::shared_ptr<context_state> state, std::unique_ptr<worker> w) noexcept
    : worker_(std::move(w)), random_(state->next_seed()), seeded_(state->seeded()),
      chooser_(state->explorer()), state_(std::move(state)), inbox_(idle()) {
    poke_.turn = poke_turn;
    if (state_->is_shut()) {
        shut_.store(true, std::memory_order_relaxed);
        inbox_.store(nullptr,
                     std::memory_order_relaxed);  // not idle: nothing is posted
    }
    state_->add(*this);
}

host::~host() { state_->remove(*this); }

time_point host::read_clock() const noexcept {
    return state_->is_virtual() ? state_->virtual_now()
                                : std::chrono::steady_clock::now();
}

/// splitmix64 (Steele, Lea, Flood 2014); the range by Lemire's multiplication.
std::uint32_t host::random_below(std::uint32_t n) noexcept {
    if (chooser_)
        return chooser_->choose(n);
    std::uint64_t z = random_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    return static_cast<std::uint32_t>(((z >> 32) * n) >> 32);
}

// -- the inbox ----------------------------------------------------------------------

void host::submit(runnable& r) noexcept {
    if (worker_)
        return submit_shared(r);
    runnable* seen = inbox_.load(std::memory_order_relaxed);
    for (;;) {
        if (seen == idle()) {
            if (submit_to_idle(r))
                return;
            seen = inbox_.load(std::memory_order_relaxed);
        } else {
            r.next_ready = seen;
            if (exchange_if(inbox_, seen, &r))
                return;  // somebody drains, and may be done with this host by now
        }
    }
}

/// [posting]: once `r` is in the inbox another thread may run it and destroy the context;
/// it waits there until the drain handler has been posted.
bool host::submit_to_idle(runnable& r) noexcept {
    counted<host> keep(this);
    std::shared_ptr<context_state> state = state_;
    add(state->posting, 1, std::memory_order_relaxed);
    r.next_ready = nullptr;
    runnable* seen = idle();
    bool first = exchange_if(inbox_, seen, &r);
    if (first)
        post_drain(false);
    keep = {};
    add(state->posting, -1,
        std::memory_order_release);  // pairs with context_state::shut()
    return first;
}

bool host::enter() noexcept {
    runnable* seen = idle();
    if (!exchange_if(inbox_, seen, static_cast<runnable*>(nullptr)))
        return false;
    if (worker_)
        worker_->pool.woken();
    return true;
}

/// What was pushed last comes last.
runnable* host::in_order(runnable* list) noexcept {
    runnable* first = nullptr;
    while (list) {
        runnable* next = list->next_ready;
        list->next_ready = first;
        first = list;
        list = next;
    }
    return first;
}

bool host::take_inbox() noexcept {
    if (worker_)
        return take_inbox_shared();
    if (!inbox_.load(std::memory_order_relaxed))
        return false;
    runnable* r = in_order(inbox_.exchange(nullptr, std::memory_order_acquire));
    while (r) {
        runnable* next = r->next_ready;
        append(*r);
        r = next;
    }
    return head_ != nullptr;
}

bool host::has_work() const noexcept {
    return worker_ ? worker_->ready.load(std::memory_order_relaxed) != 0
                   : head_ != nullptr;
}

/// Whether the host is idle now; else there is more to drain.
bool host::go_idle() {
    bool on_watch = false;
    if (worker_) {
        worker_->pool.before_idle(*this);
        on_watch = worker_->on_watch;
    }
    settle_timer();  // [armed]
    end_draining();
    runnable* none = nullptr;
    if (worker_ ? close_inbox_shared() : exchange_if(inbox_, none, idle())) {
        // Another thread may drain from here on.
        if (worker_)
            worker_->pool.after_idle(*this, on_watch);
        return true;
    }
    begin_draining();
    take_inbox();
    return false;
}

void host::push_fresh(process& p) noexcept {
    if (worker_)
        return push_shared(p, true);
    if (!seeded_) {  // else nobody jumps the queue
        p.previous = tail_;
        p.beginning.store(begins::fresh, std::memory_order_relaxed);
    }
    append(p);
}

/// Requires: it is in the FIFO of this host, whose lock is held if there is one.
void host::take_out(process& p) noexcept {
    if (head_ == &p)
        return take_first();
    runnable* next = p.next_ready;
    p.previous->next_ready = next;
    if (!next)
        tail_ = p.previous;
    else if (!next->turn && as_process(*next).is_fresh())
        as_process(*next).previous = p.previous;
}

/// It is the next to run.
void host::prepend(runnable& r) noexcept {
    r.next_ready = head_;
    if (head_ && !head_->turn && as_process(*head_).is_fresh())
        as_process(*head_).previous = &r;
    head_ = &r;
    if (!tail_)
        tail_ = &r;
}

std::coroutine_handle<> host::begin_fresh(process& p) noexcept {
    if (worker_)
        return begin_fresh_shared(p);
    take_out(p);
    if (budget_ <= 0) {
        prepend(p);
        return next();
    }
    p.begin(begins::called);
    running_ = &p;
    budget_ -= turn_cost;
    return transfer(p);
}

// -- draining -----------------------------------------------------------------------

runnable* host::pop() noexcept {
    if (worker_)
        return pop_shared();
    if (seeded_)
        return pop_random();
    runnable* r = head_;
    take_first();
    return r;
}

/// The k-th that is ready, in the order of the FIFO. A poke does nothing any more: no choice.
runnable* host::pop_chosen() noexcept {
    std::uint32_t n = 0;
    runnable* before = nullptr;
    runnable* r = head_;
    while (r && r != &poke_) {
        ++n;
        before = std::exchange(r, r->next_ready);
    }
    if (!r) {
        before = nullptr;
        r = head_;
        for (auto k = n > 1 ? chooser_->choose(n) : 0; k > 0; --k)
            before = std::exchange(r, r->next_ready);
    }
    (before ? before->next_ready : head_) = r->next_ready;
    if (!r->next_ready)
        tail_ = before;
    return r;
}

runnable* host::pop_random() noexcept {
    if (chooser_)
        return pop_chosen();
    while (head_) {
        try {
            choices_.push_back(head_);
        } catch (const std::bad_alloc&) {
            break;  // choose among the others
        }
        head_ = head_->next_ready;
    }
    if (!head_)
        tail_ = nullptr;
    auto i = random_below(static_cast<std::uint32_t>(choices_.size()));
    std::swap(choices_[i], choices_.back());
    runnable* r = choices_.back();
    choices_.pop_back();
    if (!choices_.empty() && !head_) {  // a host with work has a head
        head_ = tail_ = choices_.back();
        head_->next_ready = nullptr;
        choices_.pop_back();
    }
    return r;
}

void host::begin_draining() noexcept {
    auto order =
        single_threaded() ? std::memory_order_relaxed : std::memory_order_seq_cst;
    draining_.store(true, order);
    while (dumping_.load(std::memory_order_seq_cst)) {  // [dump]
        end_draining();
        yield_until_changed(dumping_);
        draining_.store(true, order);
    }
}

void host::end_draining() noexcept {
    draining_.store(false, std::memory_order_release);
}

drain_scope::drain_scope(host& h) noexcept : host_(&h), before_(set_current(&h)) {
    h.begin_draining();
    h.budget_ = host::budget;
    h.now();  // the time of this drain turn
}

drain_scope::~drain_scope() {
    if (!left_)
        host_->leave();
    set_current(before_);
}

void drain_scope::drain() {
    host& h = *host_;
    h.take_inbox();
    h.expire_timers();
    for (;;) {
        if (!h.has_work() && !h.take_inbox()) {
            if (h.worker_ && h.worker_->pool.find_work(h))
                continue;
            if (h.go_idle())
                break;
            continue;
        }
        if (h.worker_ && h.worker_->on_watch)
            h.worker_->pool.leave_watch(h);
        if (h.budget_ <= 0 || (h.worker_ && h.worker_->pool.stopped())) {
            h.settle_timer();
            h.end_draining();
            h.post_drain(true);
            break;
        }
        h.budget_ -= host::turn_cost;
        runnable* r = h.pop();
        if (!r)
            continue;  // another worker was quicker
        if (auto turn = r->turn)
            turn(*r, h);
        else
            h.resume(as_process(*r));
        if (h.finished_)
            h.reap(*std::exchange(h.finished_, nullptr));
    }
    left_ = true;
}

void host::drain() {
    drain_scope scope(*this);
    scope.drain();
}

void host::leave() {
    if (finished_) {  // an exception overtook it: it ends in a later turn
        finished_->turn = reap_turn;
        push(*std::exchange(finished_, nullptr));
    }
    if (has_work() || !go_idle()) {
        end_draining();
        post_drain(true);
    }
}

void host::resume(process& p) noexcept {
    for (process* q = &p; q; q = std::exchange(bounced_, nullptr)) {
        transfers_ = max_transfers;
        if (worker_)
            begin_turn(*q);
        running_ = q;
        if (q->is_fresh())
            q->begin();
        q->top->frame().resume();
    }
    running_ = nullptr;
}

// -- the end of a process -----------------------------------------------------------

void host::reap(process& p) {
    p.settle();
    p.destroy_frames();
    bool report = end(p, false);
    auto failure = report ? p.failure : nullptr;
    p.drop();
    if (report)
        unhandled(std::move(failure));
}

/// Whether what escaped has to be reported. The run's own reference is still there.
bool host::end(process& p, bool abandoned) noexcept {
    wake_list wakes;
    bool report;
    {
        guard g(p.lock);
        p.ended = true;
        p.joiners.wake_all(wakes, outcome::done);
        bool held = p.held.load(std::memory_order_relaxed);
        report = !abandoned && p.failure && !held;
        if (!abandoned && p.failure && held) {
            take();
            p.keeps_home = true;
        }
    }
    p.bequeath();
    if (!p.exposed)
        p.detach();
    host* here = current();
    if (p.was_called() && here == this)
        return_to(wakes);
    else
        wakes.release(here);
    report = report && !p.ends_normally();
    strike(p);
    return report;
}

/// Who called goes on first; but not without end.
void host::return_to(wake_list& wakes) noexcept {
    process* caller = wakes.only_process();
    if (!caller || caller->home != this || budget_ <= 0)
        wakes.release(this);
    else if (worker_)
        prepend_shared(*caller);
    else
        prepend(*caller);
}

/// Ends a process that cannot run to its end.
void host::destroy(process& p) noexcept {
    for (operation* op = std::exchange(p.waits, nullptr); op; op = op->sibling)
        op->withdraw();
    p.word.store(0, std::memory_order_relaxed);
    p.destroy_frames();
    p.failure = std::make_exception_ptr(
        task_abandoned("heddle: the execution context of this task was destroyed"));
    end(p, true);
    p.drop();
}

void host::completed(process& p) noexcept {
    if (is_shut())
        destroy(p);
    else
        ready(p, current());
}

void host::abandon(process& p) noexcept {
    if (is_shut())
        return destroy(p);
    p.turn = abandon_turn;
    ready(p, current());
}

void host::abandon_turn(runnable& r, host& h) { h.destroy(as_process(r)); }

void host::report(process& p) noexcept {
    if (is_shut())
        return p.drop();  // nobody runs the context any more
    p.turn = report_turn;
    ready(p, current());
}

void host::report_turn(runnable& r, host& h) {
    process& p = as_process(r);
    auto failure = p.failure;
    p.drop();
    if (!h.is_shut())
        h.unhandled(std::move(failure));
}

void host::unhandled(std::exception_ptr failure) {
    if (auto told = state_->unhandled())
        told(std::move(failure));
    else
        std::rethrow_exception(std::move(failure));
}

void host::reap_turn(runnable& r, host& h) {
    r.turn = nullptr;
    h.reap(as_process(r));
}

void host::enrol(process& p) noexcept {
    p.shard = worker_ ? worker_->index : 0;
    guard g(registry_lock_);
    p.prev_live = nullptr;
    p.next_live = first_live_;
    if (first_live_)
        first_live_->prev_live = &p;
    first_live_ = &p;
    if (live_++ == 0)
        take();  // [counted]
}

void host::strike(process& p) noexcept {
    if (worker_ && p.shard != worker_->index)
        return worker_->pool[p.shard].strike(p);
    bool last;
    {
        guard g(registry_lock_);
        if (scan_ == &p)
            scan_ = p.next_live;
        (p.prev_live ? p.prev_live->next_live : first_live_) = p.next_live;
        if (p.next_live)
            p.next_live->prev_live = p.prev_live;
        last = --live_ == 0;
    }
    if (last)
        drop();
}

std::size_t host::live() noexcept {
    guard g(registry_lock_);
    return live_;
}

// -- outstanding work [work]: Asio's handlers count it twice or more per operation --------

void host::work_started() noexcept {
    std::size_t n = work_.load(std::memory_order_relaxed);
    while (n > 0)
        if (exchange_if(work_, n, n + 1))
            return;
    first_work();
}

void host::work_finished() noexcept {
    std::size_t n = work_.load(std::memory_order_relaxed);
    while (n > 1)
        if (exchange_if(work_, n, n - 1))
            return;
    last_work();
}

// -- time ---------------------------------------------------------------------------

void host::insert_locked(timer_entry& t) noexcept { timers_.insert(t); }
void host::erase_locked(timer_entry& t) noexcept { timers_.erase(t); }

void host::poke() noexcept {
    if (current() == this || is_shut() ||
        poked_.exchange(true, std::memory_order_acq_rel))
        return;
    take();
    submit(poke_);
}

void host::poke_turn(runnable&, host& h) {
    h.poked_.store(false, std::memory_order_release);
    if (!h.is_shut())
        h.expire_timers();
    h.drop();
}

void host::timer_fired() {
    fired_.store(true, std::memory_order_relaxed);
    if (enter())
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
        if (!timers_.front())
            return;
        seen_ = read_clock();
        if (timers_.front()->deadline > seen_)
            return;
        expired_ = seen_;
        expire_until(seen_, e);
    }
    e.release(this);
}

/// Requires: timer_lock_.
void host::expire_until(time_point now, expiry& e) noexcept {
    while (timer_entry* t = timers_.front()) {
        if (t->deadline > now)
            break;
        timers_.erase(*t);
        t->expire_locked(e);
    }
}

/// Deadlines that come thick expire together: a wake-up of the event loop costs more than
/// they do. One that comes alone is not late for it.
void host::settle_timer() {
    if (state_->is_virtual())
        return;
    time_point first = time_point::max();
    {
        guard g(timer_lock_);
        if (timer_entry* t = timers_.front())
            first = std::max(t->deadline, expired_ + slack);
    }
    if (worker_)
        first = std::min(first, worker_->look_at);
    if (first == armed_ || (armed_ < first && first != time_point::max()))
        return;  // what is armed fires first, and arms again
    armed_ = first;
    if (first == time_point::max())
        disarm();
    else
        arm(first);
}

// -- the end of a host --------------------------------------------------------------

void host::shut() noexcept {
    if (worker_)
        return worker_->pool.shut();
    counted<host> keep(this);
    close_doors();
    while (sweep()) {
    }
}

void host::close_doors() noexcept {
    shut_.store(true, std::memory_order_release);
    state_->leave(*this);
    enter();  // and never idle again: sweep() finds what is pushed from now on
    let_go();
}

/// Destroys what is queued here and what is parked. False: there was nothing.
bool host::sweep() noexcept {
    bool again = false;
    take_inbox();
    while (has_work()) {
        runnable* r = pop();
        if (r->turn) {
            r->turn(*r, *this);
        } else if (!as_process(*r).owned_by_handler()) {
            destroy(as_process(*r));
        }
        again = true;
    }
    for (scan_ = first_live_; scan_;) {
        process* p = scan_;
        scan_ = p->next_live;
        if (p->owned_by_handler())
            continue;  // its handler's: dies with that
        if (p->withdraw_all())
            destroy(*p);
        else
            yield_until_changed(
                inbox_);  // claimed by another thread: its wake is under way
        again = true;
    }
    return again;
}

}  // namespace detail

time_point now() noexcept {
    detail::host* h = detail::host::current();
    return h ? h->now() : time_point(std::chrono::steady_clock::now());
}

}  // namespace heddle
