// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/context/host_for.hpp>
#include <heddle/detail/core/await.hpp>
#include <heddle/detail/core/done_node.hpp>
#include <heddle/errors.hpp>
#include <heddle/executor.hpp>
#include <heddle/task.hpp>

#include <cstdint>
#include <exception>
#ifdef HEDDLE_HAS_STOP_TOKEN
#include <stop_token>
#endif

namespace heddle HEDDLE_VARIANT {

class done_token;

namespace detail {

/// The wait for a token to close.
class done_operation final : public operation {
public:
    explicit done_operation(done_node* node) noexcept : node_(node) {}
    explicit done_operation(const done_token& token) noexcept;

    spin_lock* source() const noexcept override {
        return node_ ? &node_->tree_lock() : nullptr;
    }
    bool attempt_locked(wake_list&) noexcept override { return node_->closed(); }
    void enlist_locked() noexcept override { node_->waiters().push_back(*this); }
    void describe(std::string& to) const override { to += "for a done token"; }
    bool watches_token_of(const process& p) const noexcept override {
        return node_ && node_->closed() && p.current &&
               (p.current == node_ || p.current->is_under(*node_));
    }
    void take() const noexcept {}

private:
    bool leave_queue() noexcept override {
        return leave(node_->waiters(), node_->tree_lock(), *this);
    }

    done_node* node_;
};

}  // namespace detail

/// A done token tells whether, and why, work is to stop. Cheap to copy; a default-made
/// one never closes.
///
///     switch (co_await heddle::select(in.receive(v), done)) { ... }   // an arm
///     co_await done;                                                  // a wait
///
/// Threads   every member may be called from any thread, not from a signal handler.
/// Resumes   waiters in order of arrival, on their own hosts, never inside close().
/// Cancel    a wait for the token that is in force for the task itself does not throw
///           for it: it happens.
/// Lifetime  independent of the source's.
class HEDDLE_API done_token {
public:
    done_token() noexcept = default;

    /// Whether the source, or one above it, has closed. Never turns false again.
    bool closed() const noexcept { return node_ && node_->closed(); }

    /// Null while open, never null once closed: the first cause stays.
    std::exception_ptr cause() const noexcept {
        return closed() ? node_->cause() : nullptr;
    }

#ifdef HEDDLE_HAS_STOP_TOKEN
    /// A std::stop_token that is stopped when this closes, on the thread that closes
    /// it. There it is before tasks resume; on other threads they may do so at the same
    /// time. A std::stop_callback may destroy a context whose tasks the closing stops,
    /// unless the closing thread runs that context: then the program aborts with a
    /// message. The first call allocates; the stop source that it makes lives as long
    /// as the state of the done source, and all calls share it.
    /// Exists where the standard library has std::stop_token: libc++ has it only with
    /// -fexperimental-library, with which libheddle must be compiled, too, then.
    std::stop_token stop_token() const;
#endif

    friend bool operator==(const done_token&, const done_token&) = default;

    // -- for the library ------------------------------------------------------------
    explicit done_token(detail::counted<detail::done_node> node) noexcept
        : node_(std::move(node)) {}
    detail::done_node* node() const noexcept { return node_.get(); }
    auto await_by(detail::process& self) const {
        return detail::await_one<detail::done_operation>(self, node_.get());
    }
    using arm_node = detail::done_operation;

private:
    detail::counted<detail::done_node> node_;
};

/// A done source closes its token, and with it the tokens of all sources below it and
/// the waits of all tasks under them.
///
///     heddle::done_source stop;                       // a root
///     heddle::done_source stop(heddle::this_task::done());          // a child
///     heddle::done_source stop(parent, 5s);           // closes by itself after 5 s
///
/// A deadline runs on the clock of the host of the task that makes the source;
/// elsewhere name an executor. Closing is O(waiters and sources below); making a child
/// O(1).
///
/// Threads   close() and token() from any thread, also at once; not from a signal
///           handler. Destroying a source must not race with other calls on it.
/// Closing   the destructor closes. A child never closes its parent. When close()
///           returns, closed() is true in the whole tree and its parked waiters have
///           been claimed; they resume later, on their own hosts.
/// Lifetime  movable; a moved-from source has a token that never closes, and closing it
///           does nothing.
/// Errors    a deadline outside a task and without an executor: not_in_task. A deadline
///           or timeout that is not a number: std::invalid_argument.
class HEDDLE_API done_source {
public:
    done_source();
    explicit done_source(const done_token& parent);
    template <class Duration>
    done_source(const done_token& parent,
                std::chrono::time_point<std::chrono::steady_clock, Duration> deadline)
        : done_source(detail::current_host(), parent, detail::nanoseconds(deadline)) {}
#ifdef HEDDLE_HAS_STOP_TOKEN
    /// Closes when `stop` is requested, on the thread that requests it. The cause is
    /// done_closed.
    explicit done_source(std::stop_token stop);
#endif
    template <class Rep, class Period>
    done_source(const done_token& parent, std::chrono::duration<Rep, Period> timeout)
        : done_source(detail::current_host(), parent, detail::nanoseconds(timeout)) {}
    template <executor_or_context Executor, class Duration>
    done_source(Executor&& ex, const done_token& parent,
                std::chrono::time_point<std::chrono::steady_clock, Duration> deadline)
        : done_source(detail::host_for(ex), parent, detail::nanoseconds(deadline)) {}
    template <executor_or_context Executor, class Rep, class Period>
    done_source(Executor&& ex, const done_token& parent,
                std::chrono::duration<Rep, Period> timeout)
        : done_source(detail::host_for(ex), parent, detail::nanoseconds(timeout)) {}

    done_source(done_source&&) noexcept = default;
    done_source& operator=(done_source&& o) noexcept {
        done_source old(std::move(*this));
        node_ = std::move(o.node_);
        return *this;
    }
    ~done_source() { close(); }

    /// Closes the token. False: it was closed before, and its cause stays. A null cause
    /// stands for done_closed.
    bool close(std::exception_ptr cause = {}) noexcept;
    bool close(error_code cause) noexcept;

    done_token token() const noexcept { return done_token(node_); }

    // -- for the library ------------------------------------------------------------
    static constexpr auto mistake = detail::mistake_kind::source;
    /// Drops the token if nobody would notice that it closes. Requires: it closes by its
    /// deadline, if at all, or by this object.
    void drop_unwatched() noexcept {
        if (node_ && !node_->is_watched())
            node_ = {};
    }

private:
    explicit done_source(detail::counted<detail::done_node> node) noexcept
        : node_(std::move(node)) {}
    done_source(const detail::counted<detail::host>&, const done_token&, time_point);
    done_source(const detail::counted<detail::host>&, const done_token&, duration);
    done_source(const detail::counted<detail::host>&, const done_token&, duration,
                time_point now);
    done_source(const detail::counted<detail::host>&, const done_token&, time_point,
                time_point now);

    detail::counted<detail::done_node> node_;
};

namespace this_task {

/// The done token in force for the running task; in a shield one that never closes.
/// Throws not_in_task outside a task.
HEDDLE_API done_token done();

}  // namespace this_task

namespace detail {

inline done_operation::done_operation(const done_token& token) noexcept
    : done_operation(token.node()) {}

}  // namespace detail

}  // namespace heddle
