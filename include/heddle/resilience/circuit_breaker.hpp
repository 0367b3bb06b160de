// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/task/bind.hpp>
#include <heddle/time.hpp>

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <utility>

namespace heddle HEDDLE_VARIANT {

/// Thrown by a circuit_breaker that does not call.
class HEDDLE_API circuit_open : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

struct breaker_options {
    /// How many failures, one after the other, open the circuit.
    std::size_t failures = 5;
    /// How long it then stays open.
    duration open_for = std::chrono::seconds(30);
    /// How many calls may then try, at the same time, whether it works again. So many
    /// must succeed, one after the other, to close it.
    std::size_t probes = 1;
    /// Whether this exception is a failure of what is called; without one, each is.
    std::function<bool(const std::exception_ptr&)> counts = {};
};

namespace detail {

class HEDDLE_API breaker_state : pinned {
public:
    explicit breaker_state(breaker_options options);

    /// Whether a call may begin, and if so the number of the state that it begins in.
    /// Throws circuit_open if not.
    std::size_t begin();
    void succeeded(std::size_t in) noexcept;
    void failed(std::size_t in) noexcept;
    void neither(std::size_t in) noexcept;
    bool counts(const std::exception_ptr& e) const {
        return !options_.counts || options_.counts(e);
    }
    bool open() noexcept;

private:
    enum class state { closed, open, half_open };
    void enter_locked(state) noexcept;

    const breaker_options options_;
    spin_lock lock_;
    // Guarded by lock_.
    state state_ = state::closed;
    std::size_t number_ = 0;  // of the state: results of an earlier one say nothing
    std::size_t failures_ = 0;
    std::size_t probing_ = 0;
    std::size_t succeeded_ = 0;
    time_point reopens_{};
};

/// A call under way. If it is destroyed before its end, it was neither a success nor a
/// failure.
class breaker_call : pinned {
public:
    explicit breaker_call(std::shared_ptr<breaker_state> s)
        : state_(std::move(s)), number_(state_->begin()) {}
    ~breaker_call() {
        if (state_)
            state_->neither(number_);
    }
    void succeeded() noexcept { std::exchange(state_, {})->succeeded(number_); }
    void failed() noexcept { std::exchange(state_, {})->failed(number_); }
    bool counts(const std::exception_ptr& e) const { return state_->counts(e); }

private:
    std::shared_ptr<breaker_state> state_;
    std::size_t number_;
};

template <class R, class F, class... Args>
task<R> call_through(std::shared_ptr<breaker_state> state, F f, Args... args) {
    breaker_call call(std::move(state));
    std::exception_ptr failed;
    try {
        if constexpr (std::is_void_v<R>) {
            co_await std::invoke(f, args...);
            call.succeeded();
            co_return;
        } else {
            R result = co_await std::invoke(f, args...);
            call.succeeded();
            co_return result;
        }
    } catch (const cancelled&) {
        throw;
    } catch (...) {
        failed = std::current_exception();
    }
    if (call.counts(failed))
        call.failed();
    std::rethrow_exception(failed);
}

}  // namespace detail

/// A circuit_breaker stops calls to what fails again and again, so that it can recover,
/// and its callers learn it at once.
///
///     heddle::circuit_breaker to_stock({.failures = 3, .open_for = 10s});
///     auto reply = co_await to_stock.call(fetch, url);        // may throw circuit_open
///
/// Closed, it lets all calls through. After `failures` failures, one after the other,
/// it is open, and refuses all. After `open_for` it lets `probes` calls through: a
/// failure opens it again, and `probes` successes close it.
///
/// Threads   every member may be called from any thread.
/// Cancel    a call that is cancelled, or destroyed, counts as neither a success nor a
///           failure; a probe's place is free again.
/// Lifetime  calls under way do not refer to this object.
/// Errors    circuit_open; what f throws. Options of 0 failures, 0 probes, or a
///           negative time: std::invalid_argument.
/// Clock     that of the host.
class circuit_breaker {
public:
    /// A copy is the same breaker. A move copies, so a breaker is never empty.
    circuit_breaker(const circuit_breaker&) noexcept = default;
    circuit_breaker& operator=(const circuit_breaker&) noexcept = default;

    explicit circuit_breaker(breaker_options options = {})
        : state_(std::make_shared<detail::breaker_state>(std::move(options))) {}

    /// Calls f(args...), a coroutine, in this task, and gives its result.
    template <class F, class... Args>
        requires detail::is_task<std::invoke_result_t<F&, Args&...>>
    auto call(F f, Args... args) const {
        using result =
            typename detail::task_result<std::invoke_result_t<F&, Args&...>>::type;
        return detail::call_through<result>(state_, std::move(f), std::move(args)...);
    }

    /// Whether a call would be refused now, were it not a probe.
    bool open() const noexcept { return state_->open(); }

private:
    std::shared_ptr<detail::breaker_state> state_;
};

}  // namespace heddle
