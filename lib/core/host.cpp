// SPDX-License-Identifier: BSL-1.0
// The run queue of a serial host: lib/README.md, "Hosts".
#include <heddle/detail/core/host.hpp>

#include <heddle/errors.hpp>

#include "core/context_core.hpp"
#include "core/drained_here.hpp"
#include "core/worker.hpp"
#include "platform/port.hpp"
#include "platform/random.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

namespace heddle HEDDLE_VARIANT {
namespace detail {

constinit thread_local host* drained_here = nullptr;

namespace {

[[noreturn]] HEDDLE_NOINLINE void throw_not_in_task() {
    throw not_in_task(
        "heddle: this needs a running task, and none runs on this thread; "
        "name an executor or a context");
}

}  // namespace

void close_expired(expiry&) noexcept;  // done.cpp

void expiry::release(host* here) noexcept {
    wakes.release(here);
    close_expired(*this);
}

void wake_list::release() noexcept {
    if (first_)
        release(drained_here);
}

host* host::current() noexcept { return drained_here; }

void host::refuse_to_block(const char* instead) {
    if (drained_here)
        throw std::logic_error(
            std::string("heddle: a task, or a handler that runs in a host, would "
                        "block the thread of its event loop: ") +
            instead);
}

process& host::current_process() {
    host* h = drained_here;
    if (!h || !h->running_)
        throw_not_in_task();
    return *h->running_;
}

host& running_host() { return *host::current_process().home; }

counted<host> current_host() { return counted<host>(&running_host()); }

host::host(std::shared_ptr<context_core> state, std::unique_ptr<worker> w) noexcept
    : worker_(std::move(w)), seeded_(state->seeded()), virtual_(state->is_virtual()),
      random_(state->next_seed()), chooser_(state->explorer()),
      state_(std::move(state)), registry_(worker_ ? 1024 : 1) {
    poke_.turn = poke_turn;
    if (state_->is_shut()) {
        shut_.store(true, std::memory_order_relaxed);
        inbox_.begin_sealed();
    }
}

host::~host() = default;

time_point host::read_clock() const noexcept {
    return virtual_ ? state_->virtual_now() : std::chrono::steady_clock::now();
}

void host::glance_at_clock() noexcept {
    if (virtual_)
        seen_ = state_->virtual_now();
    else  // seen_ may come from the exact clock
        seen_ = std::max(seen_, port::coarse_now());
}

void host::run_by_this_thread() noexcept {
    sole_ = true;
    sole_thread_ = &drained_here;
}

bool host::is_sole() const noexcept {
    return sole_ && !seeded_ && !virtual_;  // with these the host orders handlers too
}

std::uint32_t host::random_below(std::uint32_t n) noexcept {
    return chooser_ ? chooser_->choose(n) : detail::random_below(random_, n);
}

bool host::enter() noexcept {
    bool entered = inbox_.leave_idle();
    if (entered && worker_)
        worker_->pool.woken();
    return entered;
}

bool host::take_inbox() noexcept {
    if (worker_)
        return take_inbox_shared();
    for (runnable* r = inbox_.take_all(); r;) {
        runnable* next = r->next_ready;
        ready_.append(*r);
        r = next;
    }
    return ready_.first != nullptr;
}

bool host::has_work() const noexcept {
    return worker_ ? worker_->ready.load(std::memory_order_relaxed) != 0
                   : ready_.first != nullptr;
}

/// Goes idle if there is nothing to drain. Returns whether the host is idle now. It asks
/// whether a task is on its way after it has looked at the timers: a thread that takes the
/// last timer away counted the timer's task before [homecoming].
inline bool host::go_idle() {
    if (handed_over_.load(std::memory_order_relaxed) != 0)
        end_handed_over();
    if ((first_alarm() != time_point::max() || !timers_.empty()) &&
        !settle_timer())  // [armed]
        return false;
    if (!may_rest())
        return false;
    end_draining();
    if (inbox_.go_idle())
        return true;  // another thread may drain from here on
    begin_draining();
    take_inbox();
    return false;
}

bool host::go_idle_shared() {
    worker_group& pool = worker_->pool;
    pool.before_idle(*this);
    bool is_searcher = worker_->is_searcher;
    if (handed_over_.load(std::memory_order_relaxed) != 0)
        end_handed_over();
    if (!settle_timer() || !may_rest())
        return false;
    end_draining();
    if (close_inbox_shared()) {
        pool.after_idle(*this, is_searcher);
        return true;
    }
    begin_draining();
    take_inbox_shared();
    return false;
}

/// Takes a fresh process out of the FIFO. Requires: it is in the FIFO of this host, and
/// that lock is held if the host is a worker.
void host::take_out(process& p) noexcept {
    if (ready_.first == &p)
        return ready_.take_first();
    runnable* next = p.next_ready;
    p.previous->next_ready = next;
    if (!next)
        ready_.last = p.previous;
    else if (!next->turn && as_process(*next).is_fresh())
        as_process(*next).previous = p.previous;
}

/// Puts `r` at the head of the FIFO, so that it is the next to run.
void host::prepend(runnable& r) noexcept {
    r.next_ready = ready_.first;
    if (ready_.first && !ready_.first->turn && as_process(*ready_.first).is_fresh())
        as_process(*ready_.first).previous = &r;
    ready_.first = &r;
    if (!ready_.last)
        ready_.last = &r;
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

runnable* host::pop() noexcept { return worker_ ? pop_shared() : pop_serial(); }

inline runnable* host::pop_serial() noexcept {
    if (seeded_)
        return pop_random();
    runnable* r = ready_.first;
    ready_.take_first();
    return r;
}

void host::begin_draining() noexcept {
    if (single_threaded())
        return draining_.store(true, std::memory_order_relaxed);
    draining_.store(true, std::memory_order_seq_cst);
    while (dumping_.load(std::memory_order_seq_cst)) {  // [dump]
        end_draining();
        yield_until_changed(dumping_);
        draining_.store(true, std::memory_order_seq_cst);
    }
}

void host::end_draining() noexcept {
    draining_.store(false, std::memory_order_release);
}

/// Runs the process that is next, and those that it hands over to; and so on, if the one
/// that ends was called, with its caller.
template <bool shared>
void host::resume_next() {
    do {
        while (process* p = std::exchange(next_, nullptr)) {
            transfers_ = max_transfers;
            if (shared)
                begin_turn(*p);
            running_ = p;
            if (p->is_fresh())
                p->begin();
            p->top->frame().resume();
        }
        running_ = nullptr;
        if (!finished_)
            return;
        reap(*std::exchange(finished_, nullptr));
    } while (next_);
}

/// Calls `first`, if there is one, runs the task that it lets go on, and then all turns
/// that are ready; returns true. The usual path of a serial host is inline, as each
/// handler of its tasks' Asio operations passes through here.
template <bool shared>
bool host::drain_as(void (*first)(void*), void* argument) {
    struct scope : pinned {
        explicit scope(host& h) noexcept
            : drained(h), holds(!h.lasts_), before(std::exchange(drained_here, &h)) {
            h.below_ = before;
            if (holds)
                h.take();
        }
        ~scope() {
            if (!left)
                drained.leave();
            drained_here = before;
            if (holds)
                drained.drop();
        }
        host& drained;
        const bool holds;
        host* const before;
        bool left = false;
    } here(*this);

    auto has_turn = [this] { return shared ? has_work() : ready_.first != nullptr; };
    auto at_rest = [this] {
        if constexpr (shared)
            return !worker_->pool.find_work(*this) && go_idle_shared();
        else
            return go_idle();
    };
    if constexpr (shared)
        worker_->lock.adopt();  // the drainer before went idle under the lock
    begin_draining();
    budget_ = budget;
    glance_at_clock();
    if (first) {
        entering_ = !shared && !seeded_;
        first(argument);
        entering_ = false;
    } else if (inbox_.has_mail()) {
        take_inbox();
    }
    if (may_have_expired())
        expire_timers();
    resume_next<shared>();
    while (has_turn() || (inbox_.has_mail() && take_inbox()) || !at_rest()) {
        if (shared && worker_->is_searcher)
            worker_->pool.end_search(*this);
        if (budget_ <= 0 || (shared && worker_->pool.stopped())) {
            settle_timer();
            end_draining();
            post_drain(true);
            break;
        }
        budget_ -= turn_cost;
        runnable* r = shared ? pop_shared() : pop_serial();
        if (shared && !r)
            continue;  // another worker was quicker
        if (auto turn = r->turn)
            turn(*r, *this);
        else
            next_ = &as_process(*r);
        resume_next<shared>();
    }
    here.left = true;
    return true;
}

void host::drain() {
    if (worker_)
        drain_as<true>(nullptr, nullptr);
    else
        drain_as<false>(nullptr, nullptr);
}

bool host::run_here(void (*f)(void*), void* argument) {
    if (drained_here == this) {
        f(argument);
        return true;
    }
    if (sole_thread_ == &drained_here)
        return inbox_.leave_idle() && drain_as<false>(f, argument);
    return run_if_here(f, argument);
}

/// Calls runs_here(), which uses the executor: a thread that does not run the context
/// must be counted for that [posting], as the context may end meanwhile.
bool host::asked_if_here() const noexcept {
    context_use counted(*state_);  // must come before is_open()
    return is_open() && runs_here();
}

/// This is a function of its own so that the usual path has no registers to save.
HEDDLE_NOINLINE bool host::run_if_here(void (*f)(void*), void* argument) {
    if ((worker_ && drained_here) || !asked_if_here() || !enter())
        return false;
    return worker_ ? drain_as<true>(f, argument) : drain_as<false>(f, argument);
}

void host::leave() {
    entering_ = false;
    if (next_)
        push(*std::exchange(next_, nullptr));
    if (finished_) {  // an exception overtook it: it ends in a later turn
        finished_->turn = reap_turn;
        push(*std::exchange(finished_, nullptr));
    }
    if (has_work() || !(worker_ ? go_idle_shared() : go_idle())) {
        end_draining();
        post_drain(true);
    }
}

void host::completed(process& p) noexcept {
    if (drained_here != this || worker_)
        completed_elsewhere(p);
    else if (std::exchange(entering_, false) && !ready_.first)  // it overtakes no other
        next_ = &p;
    else
        ready_.append(p);
}

}  // namespace detail
}  // namespace heddle
