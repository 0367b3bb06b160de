// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/core/await.hpp>
#include <heddle/detail/task/refuse_start.hpp>
#include <heddle/detail/task/scoped.hpp>
#include <heddle/detail/timers/timer_heap.hpp>
#include <heddle/done.hpp>
#include <heddle/task.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT {

/// The time on the clock of the running task's host: the steady clock, or virtual time;
/// outside a task the steady clock.
HEDDLE_API time_point now() noexcept;

namespace detail {
class timer_operation;
}

/// A moment to wait for: `co_await` it, or make it an arm.
///
/// The deadline is fixed when it is made, so one made before a loop bounds the whole
/// loop. A named timer is ready once; after it has happened it is a nil arm, never
/// ready.
///
///     auto too_late = heddle::after(1s);
///     while (co_await heddle::select(in.receive(v), too_late) == 0) ...
///
/// Resumes   by deadline; equal deadlines in order of enlisting. Never early against
///           the clock of the host; in virtual time exactly at the deadline. In real
///           time, just after others expired, later by up to 50 us, or a hundredth of
///           its length but at most 0.8 ms: so that many take few wake-ups.
/// Cancel    leaves the timer as it was. Entering costs O(1), leaving O(log timers).
/// Lifetime  a named timer in a select is referred to, and must outlive it.
class [[nodiscard("heddle: co_await this timer, or make it an arm: before that nobody "
                  "waits")]] timer : public detail::awaited_by_tasks {
public:
    explicit timer(time_point deadline, bool clock_was_read = true) noexcept
        : deadline_(deadline), asked_(!clock_was_read) {}

    // -- for the library ------------------------------------------------------------
    detail::await_one<detail::timer_operation> await_by(detail::process& self);
    bool happened() const noexcept { return happened_; }
    using arm_node = detail::timer_operation;
    static constexpr bool arm_by_reference = true;

private:
    friend class detail::timer_operation;

    time_point deadline_;
    bool happened_ = false;
    bool asked_;  // not if the clock was read just now, when it was made
};

namespace detail {

class HEDDLE_API timer_operation final : public operation, public timer_entry {
public:
    explicit timer_operation(timer& t) noexcept : timer_(t) {}

    spin_lock* source() const noexcept override {
        bool never = timer_.happened_ || timer_.deadline_ == time_point::max();
        return never ? nullptr : &here().timer_lock();
    }
    bool attempt_locked(wake_list&) noexcept override {
        if (home_ && !queued)
            return true;  // an arm of a selector that expired while nobody waited
        deadline = timer_.deadline_;  // it may have been set anew since
        if (deadline <= here().seen_now())
            return true;
        return std::exchange(timer_.asked_, true) && deadline <= here().now();
    }
    void enlist_locked() noexcept override {
        linked.store(true, std::memory_order_relaxed);
        home_ = counted<host>(&here());
        home_->insert_locked(*this, home_->seen_now());
    }
    void complete() override { take(); }
    bool needs_task() const noexcept override { return true; }  // its host has the heap
    bool happens_once() const noexcept override { return true; }
    void take() noexcept {
        timer_.happened_ = true;
        go_home();
    }
    void describe(std::string& to) const override;

    void expire_locked(expiry& e) noexcept override {
        if (claim_for(*this))
            e.wakes.add(*who);
    }

private:
    /// The host of the task that asks; of an arm that stays, the one whose heap it is
    /// in.
    host& here() const noexcept {
        if (of_selector)
            return home_ ? *home_ : *host::current();
        return *static_cast<process*>(who)->home;
    }

    /// It is linked as long as it has a home, expired or not.
    counted<host> go_home() noexcept {
        linked.store(false, std::memory_order_relaxed);
        return std::exchange(home_, {});
    }
    bool leave_queue() noexcept override {
        counted<host> home = go_home();
        bool was, last;
        {
            guard g(home->timer_lock());
            was = queued;
            if (was)
                home->erase_locked(*this);
            last = was && home->no_timers_locked();
        }
        if (last)
            home->poke();  // its Asio timer would hold the context up
        return was;
    }

    timer& timer_;
    counted<host> home_;  // whose heap it is in: the task may go on in another
};

inline time_point deadline_from_now(duration d) noexcept {
    return deadline_after(now(), d);
}

}  // namespace detail

inline detail::await_one<detail::timer_operation>
timer::await_by(detail::process& self) {
    return detail::await_one<detail::timer_operation>(self, *this);
}

/// A timer `d` from now. Zero or less is ready at once; duration::max() never fires,
/// nor does a longer or infinite duration.
///
/// Errors    here, and wherever else a duration is given: one that is not a number
///           (NaN) is std::invalid_argument.
template <class Rep, class Period>
timer after(std::chrono::duration<Rep, Period> d) noexcept(detail::is_whole<Rep>) {
    return timer(detail::deadline_from_now(detail::nanoseconds(d)));
}

template <class D>
    requires(!detail::is_duration<D>)
timer after(const D&) {
    detail::refuse_duration<D>();
}

/// A timer for a point on the host's clock; one in the past is ready at once.
template <class Duration>
timer at(std::chrono::time_point<std::chrono::steady_clock, Duration>
             deadline) noexcept(detail::is_whole<typename Duration::rep>) {
    return timer(detail::nanoseconds(deadline), false);
}

template <class M>
    requires(!detail::is_moment<M>)
timer at(const M&) {
    detail::refuse_moment<M>();
}

/// Suspends the task for at least `d`; `co_await heddle::sleep(20ms)`.
template <class Rep, class Period>
timer sleep(std::chrono::duration<Rep, Period> d) noexcept(detail::is_whole<Rep>) {
    return after(d);
}

template <class D>
    requires(!detail::is_duration<D>)
timer sleep(const D&) {
    detail::refuse_duration<D>();
}

/// Suspends the task until `deadline`.
template <class Duration>
timer sleep_until(std::chrono::time_point<std::chrono::steady_clock, Duration>
                      deadline) noexcept(detail::is_whole<typename Duration::rep>) {
    return at(deadline);
}

template <class M>
    requires(!detail::is_moment<M>)
timer sleep_until(const M&) {
    detail::refuse_moment<M>();
}

/// Ticks at start + d, start + 2d, ... for as long as a task asks.
///
///     heddle::ticker every(1s);
///     for (;;) { co_await every.next(); report(); }
///
/// The grid is fixed when the ticker is made. A tick that no task waited for is
/// skipped, not queued: next() is the first point of the grid that lies ahead. In a
/// select whose other arms are busy, name the tick before the loop, so that it is late
/// rather than skipped.
///
/// A period that cannot be counted never ticks.
///
/// Errors    a period of zero or less, or NaN: std::invalid_argument.
class HEDDLE_API ticker {
public:
    template <class Rep, class Period>
    explicit ticker(std::chrono::duration<Rep, Period> period)
        : ticker(detail::nanoseconds(period), now()) {}
    template <class D>
        requires std::is_arithmetic_v<D>
    explicit ticker(D) : ticker(duration()) {
        detail::refuse_duration<D>();
    }

    /// A timer for the next tick.
    timer next() const noexcept;

    // -- for the library ------------------------------------------------------------
    static constexpr auto mistake = detail::mistake_kind::ticker;

private:
    ticker(duration period, time_point start);

    duration period_;
    time_point start_;
};

namespace detail {

/// A scope under a deadline of its own.
class HEDDLE_API limited_scope : public scope_base {
public:
    using argument = duration;
    limited_scope(process& self, duration d)
        : limit_(this_task::done(), d), d_(d),
          scope_(std::in_place, self, limit_.token().node()) {}
    ~limited_scope() {
        scope_.reset();
        limit_.drop_unwatched();
    }

protected:
    /// Returns if the call has ended with `c`, which is being handled, because of the
    /// limit of this scope. Otherwise throws what the caller is to see.
    void rethrow_unless_late(const cancelled& c) const;
    [[noreturn]] void throw_timed_out() const;
    /// What the caller is to see of a failure of the call.
    wait_failure seen_outside(wait_failure) const noexcept;

private:
    done_source limit_;
    duration d_;
    std::optional<scope_guard> scope_;
};

class timed_scope : public limited_scope {
public:
    using limited_scope::limited_scope;
    template <class Call>
    decltype(auto) outcome(Call& call) {
        try {
            return call.await_resume();
        } catch (const cancelled& c) {
            rethrow_unless_late(c);
            throw_timed_out();
        }
    }
    template <class Call>
    wait_failure failure(Call& call) noexcept {
        return seen_outside(call.take_failure());
    }
};

/// What timeout gives for a task<T>.
template <class T>
struct in_time {
    using type = std::optional<T>;
};
template <class T>
struct in_time<T&> {
    using type = T*;
};
template <>
struct in_time<void> {
    using type = bool;
};

class optional_scope : public limited_scope {
public:
    using limited_scope::limited_scope;
    template <class T>
    using result = typename in_time<T>::type;
    void failure() = delete;  // a limit that has passed is none
    template <class Call>
    auto outcome(Call& call) -> result<decltype(call.await_resume())> {
        using T = decltype(call.await_resume());
        try {
            if constexpr (std::is_void_v<T>)
                return call.await_resume(), true;
            else if constexpr (std::is_reference_v<T>)
                return std::addressof(call.await_resume());
            else
                return std::optional<T>(call.await_resume());
        } catch (const cancelled& c) {
            rethrow_unless_late(c);
        }
        return {};
    }
};

}  // namespace detail

/// Runs `work` under a deadline of its own, counted from when it starts to run: once
/// `d` has passed, its waits throw `cancelled`, with deadline_exceeded for a cause. The
/// call is awaited to its end all the same, so nothing of it runs on afterwards. A call
/// that does not wait arms no timer.
///
///     auto page = co_await heddle::with_timeout(5s, fetch(url));  // may throw timed_out
///
/// The token that was in force before stays above the deadline. As with_done otherwise.
///
/// Errors    timed_out, if the limit is why the call ended with `cancelled`. A result of
///           the call, or another exception, is passed on however late it comes. So is
///           a `cancelled` of an outer token; and if that has closed as well by the time
///           the call has ended, it wins: then `cancelled` has its cause.
template <class Rep, class Period, class Task>
    requires detail::is_task<Task>
detail::scoped_task<detail::timed_scope, Task>
with_timeout(std::chrono::duration<Rep, Period> d, Task&& work) {
    return {detail::nanoseconds(d), std::move(work)};
}

template <class D, class Task>
    requires(!detail::is_duration<D> || !detail::is_task<Task>)
task<> with_timeout(const D&, Task&&) {
    detail::refuse_limit<D, Task>();
}

/// The same without an exception: an empty optional stands for timed_out. A task<T> gives
/// a std::optional<T>, a task<> a bool, which is false if it was late, and a task<T&> a
/// T*.
///
///     if (auto page = co_await heddle::timeout(5s, fetch(url))) use(*page);
template <class Rep, class Period, class Task>
    requires detail::is_task<Task>
detail::scoped_task<detail::optional_scope, Task>
timeout(std::chrono::duration<Rep, Period> d, Task&& work) {
    return {detail::nanoseconds(d), std::move(work)};
}

template <class D, class Task>
    requires(!detail::is_duration<D> || !detail::is_task<Task>)
task<> timeout(const D&, Task&&) {
    detail::refuse_limit<D, Task>();
}

}  // namespace heddle
