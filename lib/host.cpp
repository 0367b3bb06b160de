// SPDX-License-Identifier: BSL-1.0
// The run queue of a serial host: lib/README.md, "Hosts".
#include <heddle/detail/host.hpp>

#include <heddle/detail/host_executor.hpp>
#include <heddle/detail/worker_pool.hpp>
#include <heddle/done.hpp>
#include <heddle/go.hpp>

#include "context_state.hpp"
#include "host_on.hpp"
#include "random.hpp"

#include <utility>

namespace heddle {
namespace detail {
namespace {

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

std::uint32_t host::random_below(std::uint32_t n) noexcept {
    return chooser_ ? chooser_->choose(n) : detail::random_below(random_, n);
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

}  // namespace detail
}  // namespace heddle
