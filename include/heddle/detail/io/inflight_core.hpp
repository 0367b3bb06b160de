// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/handlers/asio_wait.hpp>
#include <heddle/detail/wait/sync_core.hpp>
#include <heddle/task.hpp>

#include <memory>

namespace heddle HEDDLE_VARIANT::detail {

/// The state that an inflight and the handler of its operation share: a count that is 0
/// while there is a result. So tasks wait for it as they wait for an event. Invariants:
///   [flying]   from begin() to completed() or dropped() a handler owns a reference.
///   [pinned]   its handlers run in the host that began it, so the task that began it
///              stays there.
///   [emission] while a cancellation is being emitted, or is about to be, a completion
///              is only noted, and the end of the emission tells it. Nothing is emitted
///              after a completion; then the slot is cleared.
class HEDDLE_API inflight_core : public wait_count, runnable {
public:
    /// Emits a cancellation to the operation, if it is in flight. Any thread may call
    /// this.
    void cancel() noexcept;

    bool flying() noexcept;
    host_executor executor() const noexcept { return host_executor(home_); }
    asio::cancellation_slot slot() noexcept { return signal_.slot(); }

    void completed() noexcept;
    void dropped() noexcept;  // its handler was destroyed uncalled

    /// Drops a result that only says that the operation was cancelled.
    virtual void forget_aborted() noexcept = 0;

protected:
    inflight_core() noexcept : wait_count("an operation in flight", 1) {}

    /// Throws std::logic_error if it flies already, or has a result.
    void begin();
    void not_begun() noexcept;  // its initiation threw
    template <class Executor>
    void remember_executor(const Executor& ex) {
        if (&asio::query(ex, asio::execution::context) != &home_->context())
            elsewhere_.reset(new abroad(ex, *home_));  // [homecoming]
    }

    /// Called when the result is taken: from now on there is none. Throws
    /// std::logic_error if there was none.
    void rest();
    bool was_dropped() const noexcept { return dropped_; }

private:
    static void emit_turn(runnable&, host&);

    friend emission<inflight_core>;
    bool has_completed() const noexcept { return emissions_.has_completed(); }
    void emit() { signal_.emit(asio::cancellation_type::terminal); }
    void emitted() noexcept;

    void land() noexcept;
    void pin(process& p) noexcept;
    [[nodiscard]] counted<process> unpin() noexcept;
    /// The references that are dropped without the lock, after the waiters have been
    /// woken.
    struct landed {
        ~landed();
        counted<process> unpinned;
        stay_abroad from;
    };
    void land_locked(wake_list& wakes, landed& rest) noexcept;

    counted<host> home_;
    counted<process> pinned_;  // the task that began it, kept with its worker meanwhile
    asio::cancellation_signal signal_;
    stay_abroad elsewhere_;     // while it flies
    emission_count emissions_;  // 1 at most
    bool flying_ = false;       // guarded by lock()
    bool dropped_ = false;
};

[[noreturn]] HEDDLE_API void throw_moved_inflight();

/// The end of inflight::stop().
HEDDLE_API task<> join_cancelled(counted<inflight_core>);

}  // namespace heddle::detail
