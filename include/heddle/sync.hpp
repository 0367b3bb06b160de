// SPDX-License-Identifier: BSL-1.0
// Which one? To guard data that tasks change between two of their waits: mutex. To bound
// how many do something: semaphore. To tell many that something is so: event. To wait for
// a number of things: wait_group, if tasks add to it; latch, if the number is known;
// barrier, if those who arrive are those who wait. To do something once: once. To start
// tasks that end, or fail, together: group, in group.hpp. To hand over values: a channel.
//
// One host runs one of its tasks at a time, so what happens between two co_awaits needs no
// mutex while all who do it are tasks of one host.
#pragma once

#include <heddle/detail/wait/sync_core.hpp>
#include <heddle/go.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace heddle {

/// A mutex lets one task at a time go on; it is held across co_awaits, by a guard.
///
///     {
///         auto held = co_await m.lock();
///         co_await log.write(line);
///     }                                                      // unlocks
///     heddle::mutex::guard held;
///     switch (co_await heddle::select(m.lock(held), heddle::after(1s))) ...   // an arm
///
/// Not recursive: a task that locks what it holds waits for itself.
///
/// Threads   every member may be called from any thread, and a guard may unlock on another
///           thread than the one it was locked on; one guard from one thread at a time.
/// Resumes   unlocking hands the mutex to who has waited longest, who resumes on its own
///           host, never inside unlock(). Nobody overtakes. All is O(1).
/// Cancel    a lock that is cancelled, or loses its select, has not taken the mutex. If a
///           task is destroyed before it could use the lock it was handed, the next gets it.
/// Lifetime  outlives who waits for it or holds it; but when a context is destroyed, the
///           order in which that destroys mutex, waiters and guards does not matter.
/// Errors    unlocking through a guard that holds nothing: std::logic_error.
class mutex {
    class lock_op;
    class lock_into_op;

public:
    class [[nodiscard]] guard;

    mutex() : core_(core_.adopt(new detail::permit_core("a mutex", 1, true))) {}
    mutex(const mutex&) = delete;
    mutex& operator=(const mutex&) = delete;

    /// A guard that holds the mutex. Not an arm: its guard would go nowhere.
    lock_op lock() const noexcept;

    /// The same into `to`, which then unlocks what it held before; the form for select.
    lock_into_op lock(guard& to) const noexcept;

    /// Never waits; the guard is empty if the mutex is not free.
    guard try_lock() const noexcept;

private:
    detail::counted<detail::permit_core> core_;
};

/// A guard holds a mutex, or nothing; it unlocks when it is destroyed.
class HEDDLE_API mutex::guard {
public:
    guard() noexcept = default;
    guard(guard&& o) noexcept : core_(std::exchange(o.core_, nullptr)) {}
    guard& operator=(guard&& o) noexcept {
        guard old(std::move(*this));
        core_ = std::exchange(o.core_, nullptr);
        return *this;
    }
    ~guard() {
        if (core_)
            core_->give();
    }

    /// Unlocks before the end of the scope.
    void unlock();

    /// Does it hold a mutex?
    explicit operator bool() const noexcept { return core_ != nullptr; }

    // -- for the library ------------------------------------------------------------
    explicit guard(detail::permit_core& core) noexcept : core_(&core) {}

private:
    detail::permit_core* core_ = nullptr;  // alive: a holder is one of its users
};

namespace detail {

class lock_operation final : public permit_operation {
public:
    using permit_operation::permit_operation;
    mutex::guard take() noexcept { return mutex::guard(claim_permit()); }
};

class lock_into_operation final : public permit_operation {
public:
    template <class Op>
    explicit lock_into_operation(Op& op) noexcept
        : permit_operation(op.core()), to_(op.destination()) {}
    bool happens_once() const noexcept override { return true; }
    void complete() override { take(); }
    void take() noexcept { to_ = mutex::guard(claim_permit()); }

private:
    mutex::guard& to_;
};

}  // namespace detail

class [[nodiscard]] mutex::lock_op {
public:
    explicit lock_op(detail::permit_core& core) noexcept : core_(&core) {}

    // -- for the library ------------------------------------------------------------
    auto await_by(detail::process& self) const {
        return detail::await_one<detail::lock_operation>(self, *core_);
    }

private:
    detail::permit_core* core_;
};

class [[nodiscard]] mutex::lock_into_op {
public:
    lock_into_op(detail::permit_core& core, guard& to) noexcept
        : core_(&core), to_(&to) {}

    // -- for the library ------------------------------------------------------------
    auto await_by(detail::process& self) const {
        return detail::await_one<detail::lock_into_operation>(self, *this);
    }
    using arm_node = detail::lock_into_operation;
    detail::permit_core& core() const noexcept { return *core_; }
    guard& destination() const noexcept { return *to_; }

private:
    detail::permit_core* core_;
    guard* to_;
};

inline mutex::lock_op mutex::lock() const noexcept { return lock_op(*core_); }
inline mutex::lock_into_op mutex::lock(guard& to) const noexcept {
    return lock_into_op(*core_, to);
}
inline mutex::guard mutex::try_lock() const noexcept {
    return core_->try_take() ? guard(*core_) : guard();
}

/// A semaphore holds a number of permits; acquire takes one, or waits for it.
///
///     heddle::semaphore slots(16);
///     co_await slots.acquire();
///     ...
///     slots.release();      // by anybody: a permit has no owner
///
/// Threads   every member may be called from any thread.
/// Resumes   who waits, in order of arrival, on their own hosts, never inside release().
///           Nobody overtakes. All is O(1) for each permit.
/// Cancel    an acquire that is cancelled, or loses its select, has taken no permit. If a
///           task is destroyed before it could use the permit it was given, that goes to
///           the next.
/// Lifetime  as of mutex.
/// Errors    less than no permits: std::invalid_argument. release() of a negative number,
///           or beyond the largest std::ptrdiff_t: std::logic_error, and nothing changes.
class HEDDLE_API semaphore {
public:
    explicit semaphore(std::ptrdiff_t permits);
    semaphore(const semaphore&) = delete;
    semaphore& operator=(const semaphore&) = delete;

    /// Takes a permit; an arm.
    detail::acquire_op acquire() const noexcept { return detail::acquire_op(*core_); }

    /// Never waits: whether it took a permit.
    [[nodiscard]] bool try_acquire() noexcept { return core_->try_take(); }

    void release(std::ptrdiff_t n = 1);

private:
    detail::counted<detail::permit_core> core_;
};

/// An event is set or not; who waits for it goes on when it is set.
///
///     heddle::event ready;
///     heddle::go(serve, std::ref(ready));     // calls ready.set() once it listens
///     co_await ready.wait();
///
/// Threads   every member may be called from any thread.
/// Resumes   all who wait, in order of arrival, on their own hosts, never inside set().
///           Who waited when it was set goes on, even if it is reset before it runs.
///           set() is O(waiters).
/// Cancel    a cancelled wait() leaves no trace.
/// Lifetime  as of mutex.
class event {
public:
    explicit event(bool set = false)
        : core_(core_.adopt(new detail::wait_count("an event", set ? 0 : 1))) {}
    event(const event&) = delete;
    event& operator=(const event&) = delete;

    /// Setting it again does nothing.
    void set() noexcept { core_->set(0); }
    void reset() noexcept { core_->set(1); }
    bool is_set() const noexcept { return core_->zero(); }

    /// Suspends until it is set; an arm.
    detail::wait_op wait() const noexcept { return detail::wait_op(*core_); }

private:
    detail::counted<detail::wait_count> core_;
};

/// A latch is counted down to zero, once; who waits for it goes on then, and so does
/// everybody later.
///
/// Threads   every member may be called from any thread.
/// Resumes   all who wait, in order of arrival, on their own hosts, never inside
///           count_down().
/// Cancel    a cancelled wait() leaves the count as it was.
/// Lifetime  as of mutex.
/// Errors    a count below zero: std::logic_error, and the count stays; to be made with
///           one, or to count down by a negative number: std::invalid_argument.
class HEDDLE_API latch {
public:
    explicit latch(std::ptrdiff_t count);
    latch(const latch&) = delete;
    latch& operator=(const latch&) = delete;

    void count_down(std::ptrdiff_t n = 1);

    /// Suspends until the count is zero; an arm.
    detail::wait_op wait() const noexcept { return detail::wait_op(*core_); }

private:
    detail::counted<detail::wait_count> core_;
};

/// A barrier makes `n` tasks wait for each other, again and again.
///
///     for (auto& step : steps) {
///         compute(step);
///         co_await all.arrive_and_wait();
///     }
///
/// Threads   every member may be called from any thread.
/// Resumes   the last to arrive goes on at once; the others, in order of arrival, on their
///           own hosts.
/// Cancel    a task whose token is closed does not arrive. An arrival cannot be withdrawn:
///           who is cancelled while it waits throws `cancelled`, and has arrived all the
///           same. So it is no arm.
/// Lifetime  as of mutex.
/// Errors    made for less than one: std::invalid_argument.
class HEDDLE_API barrier {
public:
    explicit barrier(std::ptrdiff_t n);
    barrier(const barrier&) = delete;
    barrier& operator=(const barrier&) = delete;

    /// Suspends until `n` tasks have arrived, counted since it opened last.
    auto arrive_and_wait() const noexcept { return arrive_op(*core_); }

private:
    class [[nodiscard]] arrive_op {
    public:
        explicit arrive_op(detail::barrier_core& core) noexcept : core_(core) {}

        // -- for the library --------------------------------------------------------
        auto await_by(detail::process& self) const {
            return detail::await_one<detail::barrier_operation>(self, core_);
        }

    private:
        detail::barrier_core& core_;
    };

    detail::counted<detail::barrier_core> core_;
};

/// A once does something once, however many tasks ask for it; all wait until it is done.
///
///     co_await loaded.call(load_table, std::ref(table));
///
/// Unlike Go's, whose Do is over even if it panics: if what is called throws, its caller
/// gets the exception, and the next caller calls what it brought. Otherwise a cancelled
/// first caller would let all others go on with something half made.
///
/// Threads   every member may be called from any thread.
/// Resumes   who waits, in order of arrival, on their own hosts.
/// Cancel    a cancelled call() that waits has done nothing; one that runs its function is
///           cancelled where that waits, as in any call. No arm.
/// Lifetime  as of mutex.
/// Errors    call() inside what it calls, by the same task: std::logic_error (Go hangs).
class HEDDLE_API once {
public:
    once() = default;

    /// Calls f(args...), a coroutine or a plain function, unless it was done; what it
    /// returns is dropped. Copies are made as by go.
    template <class F, class... Args>
        requires std::invocable<F, Args...>
    task<> call(F f, Args... args) {
        if (!may_run())
            co_return;
        auto running = co_await mutex_.lock();
        if (done_.load(std::memory_order_acquire))
            co_return;
        runner_.store(this_task::id(), std::memory_order_relaxed);
        try {
            if constexpr (detail::is_task<std::invoke_result_t<F, Args...>>)
                (void)co_await std::invoke(std::move(f), std::move(args)...);
            else
                (void)std::invoke(std::move(f), std::move(args)...);
        } catch (...) {
            runner_.store(0, std::memory_order_relaxed);
            throw;
        }
        done_.store(true, std::memory_order_release);  // pairs with may_run()
    }

private:
    bool may_run() const;  // throws cancelled, or logic_error in a recursion

    mutex mutex_;
    detail::atomic<bool> done_{false};
    detail::atomic<std::uint64_t> runner_{0};  // the task that runs it; ids never recur
};

namespace detail {

/// Counts a task for as long as this lives, in the task's frame.
template <class Core>
class counted_in {
public:
    explicit counted_in(const counted<Core>& core) : core_(core) { core_->add(1); }
    counted_in(counted_in&&) noexcept = default;
    ~counted_in() {
        if (core_)
            core_->add(-1);
    }

    Core& core() const noexcept { return *core_; }

private:
    counted<Core> core_;
};

// A parameter: it counts until the frame is destroyed, be it before its first run.
template <class T>
task<> run_counted([[maybe_unused]] counted_in<wait_count> in, task<T> work) {
    co_await std::move(work);
}

template <class F, class... Args>
auto make_task(F&& f, Args&&... args) {
    if constexpr (is_task<std::decay_t<F>>)
        return std::forward<F>(f);
    else
        return bind_task(std::forward<F>(f), std::forward<Args>(args)...);
}

}  // namespace detail

/// A wait group waits for a number of things to be done, as Go's sync.WaitGroup.
///
///     heddle::wait_group group;
///     for (auto url : urls) group.go(fetch, url);
///     co_await group.wait();
///
/// Threads   add() and done() from any thread.
/// Resumes   waiters in order of arrival, on their own hosts, never inside done().
/// Cancel    a cancelled wait() leaves the count as it was.
/// Lifetime  outlives who calls done(), and else as of mutex; tasks started by its go() may
///           outlive it.
/// Errors    a count below zero: std::logic_error, and the count stays.
class wait_group {
public:
    wait_group() : core_(core_.adopt(new detail::wait_count("a wait group"))) {}
    wait_group(const wait_group&) = delete;
    wait_group& operator=(const wait_group&) = delete;

    void add(std::ptrdiff_t n = 1) { core_->add(n); }
    void done() { core_->add(-1); }

    /// Suspends until the count is zero; an arm.
    detail::wait_op wait() const noexcept { return detail::wait_op(*core_); }

    /// Starts a task that is counted until it has ended, however it ends, and its frame is
    /// destroyed. Errors as of go.
    template <class F, class... Args>
    [[gnu::noinline]] void go(F&& f, Args&&... args) {
        const void* at = __builtin_return_address(0);
        detail::host& home = detail::running_host();
        auto work = detail::make_task(std::forward<F>(f), std::forward<Args>(args)...);
        (void)detail::start(
            home, detail::run_counted(detail::counted_in(core_), std::move(work)),
            detail::scope_here(), at);
    }

private:
    detail::counted<detail::wait_count> core_;
};

}  // namespace heddle
