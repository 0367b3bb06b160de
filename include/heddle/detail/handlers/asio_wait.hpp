// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/context/host_executor.hpp>
#include <heddle/detail/core/host.hpp>
#include <heddle/detail/handlers/emission.hpp>

#include <coroutine>
#include <cstdint>
#include <exception>
#include <memory>
#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

/// Prefetches the memory that a task touches first when it goes on, which is cold after
/// a system call. A handler knows both addresses, so that the loads overlap: the task
/// itself would find the second address in the first object.
inline void fetch(const void* wait, const process* p) noexcept {
    prefetch(wait);
    prefetch(&p->word);
    prefetch(&p->since);
}

/// A task's wait for an Asio operation. The closing token and the completion meet in
/// the claim word of the process, and the second of the two lets the process go on.
/// Invariants:
///   [owned]  from begin() to completed() or dropped() the handler owns the process.
///   [hop]    a cancellation is emitted by a turn of the host (or, if the operation
///            belongs to another context, by a handler there), never during initiation.
///   [slot]   the cancellation slot of the process is empty whenever the process runs.
class HEDDLE_API asio_wait : pinned {
public:
    explicit asio_wait(process& self) noexcept : self_(self) {}

    void completed() noexcept {
        if (self_.word.complete_alone())
            self_.home->completed(self_);
        else
            completed_amid();
    }
    void dropped() noexcept;
    handler_executor executor() const noexcept {
        return handler_executor(lent_host(self_.home));
    }
    asio::cancellation_slot slot() const noexcept {
        return cancellable_ ? self_.signal.slot() : asio::cancellation_slot();
    }

protected:
    ~asio_wait() = default;

    process& self() const noexcept { return self_; }
    bool refused() noexcept { return refused_ = self_.interrupted(); }

    template <class Executor>
    void remember_executor(const Executor& ex) {
        if (&asio::query(ex, asio::execution::context) != &self_.home->context())
            elsewhere_.reset(new abroad(ex, *self_.home));  // [homecoming]
    }
    /// Begins the wait. Returns whether it can be cancelled.
    bool begin(const host& home) noexcept {
        process& p = self_;
        p.io = this;
        p.since = home.seen_now();
        bool cancellable = p.cancellable();
        cancellable_ = cancellable;
        if (cancellable)
            p.need_signal();
        p.word.begin_io();
        return cancellable;
    }
    void initiation_failed(std::exception_ptr e) noexcept { failure_ = std::move(e); }
    /// Returns true if the operation has ended already: the task goes on at once.
    bool begun() noexcept { return !self_.word.begun_alone() && begun_amid(); }
    /// Returns false if the operation was never started. Rethrows the exception of its
    /// initiation.
    bool resume() {
        if (refused_)
            return false;
        if (leave()) [[unlikely]]
            std::rethrow_exception(std::move(failure_));
        return true;
    }
    bool was_refused() const noexcept { return refused_; }
    /// Leaves the operation, which was started. Returns the exception of its initiation.
    std::exception_ptr& leave() noexcept {
        self_.io = nullptr;
        if (cancellable_)
            self_.signal.slot().clear();  // the operation may have left a handler there
        return failure_;
    }

private:
    // The rare cases, in which initiation, completion and cancellation overlap:
    bool begun_amid() noexcept;
    void completed_amid() noexcept;
    friend void emit_cancellation(runnable&, host&);

    friend emission<asio_wait>;
    bool has_completed() const noexcept { return self_.word.has_completed(); }
    void emit() {
        if (cancellable_)
            self_.signal.emit(asio::cancellation_type::terminal);
    }
    void emitted() noexcept;

    process& self_;
    stay_abroad elsewhere_;
    std::exception_ptr failure_;
    bool refused_ = false;
    bool cancellable_ = false;
    bool dropped_ = false;
};

}  // namespace heddle::detail
