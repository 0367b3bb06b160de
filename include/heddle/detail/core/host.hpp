// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/core/context_member.hpp>
#include <heddle/detail/core/expiry.hpp>
#include <heddle/detail/core/inbox.hpp>
#include <heddle/detail/core/process.hpp>
#include <heddle/detail/core/promise.hpp>
#include <heddle/detail/core/ready_list.hpp>
#include <heddle/detail/core/task_registry.hpp>
#include <heddle/detail/platform/asio.hpp>
#include <heddle/detail/timers/timer_heap.hpp>

#include <memory>
#include <utility>
#include <vector>

namespace heddle HEDDLE_VARIANT::detail {

class context_core;
class worker_group;
struct worker;

/// A serial run queue on one Asio executor, and its own strand: an inbox for any
/// thread, a FIFO for the one drainer, at most one drain handler posted. Invariants:
///   [fifo]    ready_ to armed_ belong to the drainer; a worker's FIFO has a lock
///             (worker_pool). `previous` of a fresh process is right but for the first.
///   [armed]   the two alarms (Asio timers) are touched by the drainer only; the first is
///             armed not later than the first deadline whenever the host goes idle.
///   [dump]    no thread drains while another describes: each raises its flag, then
///             looks at the other's; the thread that begins to drain gives way.
///   [posting] a thread that wakes an idle host is counted until the handler is posted,
///             as is one that uses its executor; the end of the context waits for that.
///   [homecoming] a process that has to come home is work of the home context, at every
///             instant: in an operation elsewhere by work of its own, and once claimed
///             because no host of the context rests until it is in an inbox: lib/README.md.
///   [work]    work_ leaves 0 and comes back to it under the lock of the work guard,
///             which exists in between. The drainer ends work that was handed over.
///   [counted] a reference is held by the service for a context's own host, by each
///             handler that drains or waits for its timer, by the registry while it is
///             not empty, and by work_ while it is not 0.
class HEDDLE_API host : public context_member {
public:
    static constexpr int turn_cost = 16;
    static constexpr int budget = 256 * turn_cost;  // of one drain handler
    static constexpr int max_transfers = 64;        // depth of symmetric transfer

    /// The host this thread drains, or null.
    HEDDLE_NOINLINE static host* current() noexcept;

    /// The process that runs on this thread's stack. Throws not_in_task without one.
    static process& current_process();

    /// Called before this thread blocks: throws std::logic_error if the thread drains a
    /// host. The message tells what to do `instead`.
    static void refuse_to_block(const char* instead);

    // -- the drainer's side ---------------------------------------------------------

    void push(runnable& r) noexcept {
        if (worker_)
            push_shared(r);
        else
            ready_.append(r);
    }

    /// The frame to resume after a process has parked; noop goes back to the drain
    /// loop.
    HEDDLE_ALWAYS_INLINE std::coroutine_handle<> next() noexcept {
        if (worker_)
            return next_shared();
        runnable* r = ready_.first;
        if (!r || r->turn || budget_ <= 0 || transfers_ <= 0 || seeded_) {
            running_ = nullptr;
            return std::noop_coroutine();
        }
        budget_ -= turn_cost;
        --transfers_;
        ready_.take_first();
        running_ = &as_process(*r);
        if (running_->is_fresh())
            running_->begin();
        return running_->top->frame();
    }

    /// The frame to resume after a process has parked to join `child`, which was fresh
    /// here: it begins now, as a call would, unless a thief was quicker.
    std::coroutine_handle<> begin_fresh(process& child) noexcept;

    /// Lets the same process go on in its new top frame.
    std::coroutine_handle<> transfer(process& p) noexcept {
        if (--transfers_ > 0)
            return p.top->frame();
        next_ = &p;
        return std::noop_coroutine();
    }

    /// Lets the same process go on in its suspended frame, unless the budget is spent.
    std::coroutine_handle<> go_on(process& p) noexcept {
        if (spend())
            return transfer(p);
        push(p);
        return next();
    }

    /// Pays for an operation that did not wait. Returns false if the budget is spent.
    bool spend() noexcept { return --budget_ > 0; }

    /// Ends this drain handler: the turns that are ready wait for the next one.
    void spend_all() noexcept { budget_ = 0; }

    /// The root frame of `p` has come to its end; the drain loop destroys it.
    std::coroutine_handle<> finish(process& p) noexcept {
        finished_ = &p;
        running_ = nullptr;
        return std::noop_coroutine();
    }

    /// Runs f(argument) as a part of this host if this thread runs the executor and no other
    /// drains the host; else returns false.
    bool run_here(void (*f)(void*), void* argument);

    process* running() const noexcept { return running_; }

    /// Reads the clock. Only the drainer calls this.
    time_point now() noexcept { return seen_ = read_clock(); }
    /// Not later than now, and not much earlier than the begin of this drain turn.
    time_point seen_now() const noexcept { return seen_; }
    std::uint32_t random_below(std::uint32_t n) noexcept;
    chooser* explorer() const noexcept { return chooser_; }  // null unless one explores

    // -- from any thread ------------------------------------------------------------

    /// Queues a turn where the drainer of this host, or `here`, finds it. `here` is the
    /// host that the calling thread drains, or null.
    void ready(runnable& r, host* here) noexcept {
        if (here == this || (worker_ && takes_over(r, here)))
            here->push(r);
        else
            submit(r);
    }
    void submit(runnable& r) noexcept;

    /// Called before this thread claims a process of this host, or takes away its waker.
    /// Returns true, and counts it [homecoming], if it drains no host of this context.
    bool expect() noexcept;
    /// Ends the count: the process is in its inbox, or was not claimed after all.
    void expect_no_more() noexcept;

    /// Returns whether both are the same host, or workers of one parallel host.
    bool same_place(const host& o) const noexcept;

    /// Begins a process whose root frame is `root`, with a join handle, under `scope` if that
    /// is not null: here, or on another worker.
    void launch(process& p, promise_base& root, done_node* scope) noexcept;

    /// Returns whether this is a worker, whose tasks may go on in another one.
    bool is_worker() const noexcept { return worker_ != nullptr; }

    void register_task(process& p) noexcept;
    void unregister_task(process& p) noexcept;  // here, or at another worker
    std::size_t live() noexcept override;
    std::size_t unused_numbers() noexcept override;
    std::size_t owned_by_handlers() noexcept override;

    /// Writes the wait of each task. It waits for a host that is being drained, but not
    /// for long: then it writes only the names of its tasks. Any thread may call it.
    void describe(std::string& to) override;

    time_point read_clock() const noexcept;
    spin_lock& timer_lock() noexcept { return timer_lock_; }
    /// Requires: timer_lock(). The length of the timer counts from `now`.
    void insert_locked(timer_entry& t, time_point now) noexcept;
    void erase_locked(timer_entry& t) noexcept;
    bool no_timers_locked() const noexcept { return timers_.empty(); }
    /// Called after any thread has changed a timer: the drainer arms anew, or disarms.
    void poke() noexcept override;
    time_point first_deadline() noexcept override;

    /// Destroys all that is parked here or queued, as the execution context ends.
    void shut() noexcept override;

    /// Returns whether this host lives as long as its context.
    bool lasts() const noexcept { return lasts_; }

    virtual asio::execution_context& context() const noexcept = 0;
    /// Returns whether this thread is known to run the executor underneath.
    virtual bool runs_here() const noexcept = 0;

    /// The calling thread alone runs the context, and does nothing else until it has left.
    /// `run` calls these before the first task and after its main has ended.
    void run_by_this_thread() noexcept;
    void left_by_its_thread() noexcept { sole_thread_ = nullptr; }
    /// Returns whether no handler, from any poster, runs beside the tasks of this host.
    bool is_sole() const noexcept;

    /// Counts outstanding work. It keeps the host alive and the context from running
    /// out.
    void work_started() noexcept {
        std::size_t n = work_.load(std::memory_order_relaxed);
        if (n > 0 && single_threaded())
            work_.store(n + 1, std::memory_order_relaxed);
        else
            count_work();
    }
    void work_finished() noexcept {
        std::size_t n = work_.load(std::memory_order_relaxed);
        if (n > 1 && single_threaded())
            work_.store(n - 1, std::memory_order_relaxed);
        else
            discount_work();
    }

    /// Resumes a process whose Asio operation completed; ends it if its context is
    /// shut.
    void completed(process& p) noexcept;

    /// Ends, in a turn of its own, a process whose owning handler was destroyed.
    void abandon(process& p) noexcept;

    /// Lets the drain handler throw the failure of `p`; takes over a reference on it.
    void report(process& p) noexcept;

protected:
    atomic<std::size_t> work_{0};  // [work]

    explicit host(std::shared_ptr<context_core>, std::unique_ptr<worker>) noexcept;
    ~host() override;

    context_core& state() const noexcept { return *state_; }
    std::shared_ptr<context_core> shared_state() const noexcept { return state_; }
    /// Asked by a thread that is counted [posting]: if true, the executor stays so long.
    bool is_open() const noexcept { return !shut_.load(std::memory_order_seq_cst); }
    void drain();                                      // is the drain handler
    void timer_fired(unsigned alarm, bool runs_here);  // is the Asio timer's handler
    bool enter() noexcept;  // becomes the drainer, if there is none [drainer]

private:
    friend class context_state;
    friend class worker_pool;
    friend class inside_context;
    class halt;
    virtual void post_drain(bool continuation) = 0;
    virtual void arm(unsigned alarm, time_point) = 0;
    virtual void disarm() noexcept = 0;           // both alarms
    virtual void let_go() noexcept = 0;           // drops timer and work at the end
    virtual void forget_executor() noexcept = 0;  // no thread uses it any more
    virtual void first_work() noexcept = 0;       // another thread may be quicker
    virtual void last_work() noexcept = 0;

    void begin(process&, promise_base& root, done_node* scope, host* here) noexcept;
    void launch_shared(process&, promise_base&, done_node* scope, host* here) noexcept;
    counted<host> place() noexcept;
    std::coroutine_handle<> begin_fresh_shared(process& p) noexcept;
    void take_out(process& fresh) noexcept;
    void prepend(runnable& r) noexcept;
    void return_to(wake_list& caller) noexcept;
    bool has_work() const noexcept;

    // -- a worker's side: host_worker.cpp
    void push_shared(runnable& r, bool fresh = false) noexcept;
    runnable* pop_shared() noexcept;
    std::coroutine_handle<> next_shared() noexcept;
    void submit_shared(runnable& r) noexcept;
    bool take_inbox_shared() noexcept;
    bool close_inbox_shared() noexcept;
    std::uint32_t take_inbox_locked() noexcept;
    process& begin_turn(process& p) noexcept;
    bool takes_over(runnable& r, host* here) const noexcept;
    bool steal_from(host& victim, bool stalled) noexcept;
    void expire_for(host& stalled) noexcept;
    void bring_home() noexcept;
    bool wake() noexcept;
    bool wake_to_search() noexcept;

    bool push_if_idle(runnable& r) noexcept;
    bool submit_to_idle(runnable& r) noexcept;
    bool called_from_outside() const noexcept;
    void hand_over_work() noexcept;
    void end_handed_over() noexcept;
    void submit_expected(process& p) noexcept;
    bool may_rest() noexcept;
    bool run_if_here(void (*f)(void*), void* argument);
    bool asked_if_here() const noexcept;
    runnable* pop() noexcept;
    runnable* pop_serial() noexcept;
    runnable* pop_random() noexcept;
    runnable* pop_chosen() noexcept;
    bool take_inbox() noexcept;
    template <bool shared>
    void resume_next();
    template <bool shared>
    bool drain_as(void (*first)(void*), void* argument);
    bool go_idle();
    bool go_idle_shared();
    void count_work() noexcept;
    void discount_work() noexcept;
    void completed_elsewhere(process& p) noexcept;
    void glance_at_clock() noexcept;
    bool may_have_expired() const noexcept {
        return !timers_.empty() || fired_[0].load(std::memory_order_relaxed) ||
               fired_[1].load(std::memory_order_relaxed);
    }
    time_point first_alarm() const noexcept { return std::min(armed_[0], armed_[1]); }
    void begin_draining() noexcept;
    void end_draining() noexcept;
    void describe_tasks(const std::vector<counted<process>>& tasks, std::string& to,
                        bool parked);
    void leave();  // after an exception: sees to it that remaining work is drained
    void reap(process& p);
    void add_task(process& p, bool is_new) noexcept;
    void remove_task(process& p) noexcept;
    void unhandled(std::exception_ptr failure);
    std::exception_ptr end(process& p, bool abandoned) noexcept;
    void destroy(process& p) noexcept;
    void expire_timers() noexcept;
    void expire_until(time_point now, expiry&) noexcept;
    bool settle_timer();
    bool set_alarm(unsigned alarm, time_point) noexcept;
    void arm_ahead() noexcept;
    void close_doors() noexcept;
    bool sweep() noexcept;
    bool sweep_queue() noexcept;
    void dismiss(runnable& r) noexcept;
    static void poke_turn(runnable&, host&);
    static void report_turn(runnable&, host&);
    static void reap_turn(runnable&, host&);
    static void abandon_turn(runnable&, host&);

    // The members that each turn of an Asio handler needs come first, close together.
    const std::unique_ptr<worker> worker_;              // null if the host is serial
    relaxed_pointer<const void> sole_thread_{nullptr};  // the context's only thread

    // These belong to the drainer [fifo].
    ready_list ready_;
    int budget_ = 0;
    int transfers_ = 0;
    process* running_ = nullptr;
    process* next_ = nullptr;  // is resumed next, by the drain loop
    process* finished_ = nullptr;
    host* below_ = nullptr;  // the host its thread drained before, and goes back to
    time_point seen_{};
    time_point armed_[2] = {time_point::max(), time_point::max()};

    inbox inbox_;
    atomic<std::size_t> handed_over_{0};  // work that another thread has done with
    atomic<bool> poked_{false};
    atomic<bool> fired_[2]{{false}, {false}};
    atomic<bool> draining_{false};  // [dump]
    atomic<bool> dumping_{false};
    const bool seeded_;
    const bool virtual_;
    bool entering_ = false;  // a handler has come in; its task goes on right after it
    bool lasts_ = false;
    bool sole_ = false;         // one thread runs the context
    bool looks_ahead_ = false;  // an alarm was armed, or has rung
    spin_lock timer_lock_;
    timer_heap timers_;     // guarded by timer_lock_
    timer_slack slack_;     // guarded by timer_lock_
    time_point expired_{};  // when timers last expired
    std::uint64_t random_;
    std::unique_ptr<std::vector<runnable*>> choices_;  // if the schedule is seeded
    chooser* const chooser_;
    runnable poke_;
    const std::shared_ptr<context_core> state_;

    task_registry<process> registry_;
};

/// The host of the running task, which outlives it. Throws not_in_task outside a task.
HEDDLE_API host& running_host();

/// The same host, held.
HEDDLE_API counted<host> current_host();

// -- inline parts -------------------------------------------------------------------

inline process* wake_list::only_process() const noexcept {
    if (!first_ || first_ != last_ || static_cast<sleeper*>(first_)->is_foreign())
        return nullptr;
    return &as_process(*first_);
}

inline void wake_list::release(host* here) noexcept {
    runnable* r = first_;
    while (r) {
        runnable* next = r->next_ready;
        auto& s = static_cast<sleeper&>(*r);
        if (!s.is_foreign())
            as_process(s).home->ready(s, here);
        else if (next)
            wake_before(static_cast<foreign_sleeper&>(s), next);
        else
            static_cast<foreign_sleeper&>(s).wake();
        r = next;
    }
    first_ = last_ = nullptr;
}

}  // namespace heddle::detail
