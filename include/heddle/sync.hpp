// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/await.hpp>
#include <heddle/go.hpp>

#include <memory>
#include <stdexcept>
#include <utility>

namespace heddle {

namespace detail {

/// The count of a wait group, shared with the tasks it started.
class wait_count : pinned {
public:
    void add(long n);  // throws std::logic_error below zero
    bool zero_locked() const noexcept { return count_ == 0; }
    spin_lock& lock() noexcept { return lock_; }
    wait_list& waiters() noexcept { return waiters_; }

    void take() noexcept { refs_.take(); }
    void drop() noexcept {
        if (refs_.drop())
            delete this;
    }

private:
    spin_lock lock_;
    long count_ = 0;     // guarded by lock_
    wait_list waiters_;  // guarded by lock_
    ref_count refs_;
};

class count_operation final : public operation {
public:
    explicit count_operation(wait_count& count) noexcept : count_(count) {}
    template <class Op>
    explicit count_operation(Op& op) noexcept : count_(op.count()) {}

    spin_lock* source() const noexcept override { return &count_.lock(); }
    bool attempt_locked(wake_list&) noexcept override { return count_.zero_locked(); }
    void enlist_locked() noexcept override { count_.waiters().push_back(*this); }
    bool withdraw() noexcept override {
        return withdraw_from(*this, count_.waiters(), count_.lock());
    }
    void describe(std::string& to) const override { to += "for a wait group"; }
    void take() const noexcept {}

private:
    wait_count& count_;
};

struct count_guard {
    explicit count_guard(counted<wait_count> c) noexcept : count(std::move(c)) {}
    count_guard(const count_guard&) = delete;
    ~count_guard() { count->add(-1); }
    counted<wait_count> count;
};

template <class T>
task<> run_counted(counted<wait_count> count, task<T> work) {
    count_guard done(std::move(count));
    co_await std::move(work);
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
/// Lifetime  outlives who waits in it, and who calls done(); tasks started by its go() may
///           outlive it.
/// Errors    a count below zero: std::logic_error, and the count stays.
class wait_group {
    class wait_op;

public:
    wait_group()
        : count_(detail::counted<detail::wait_count>::adopt(new detail::wait_count)) {}
    wait_group(const wait_group&) = delete;
    wait_group& operator=(const wait_group&) = delete;

    void add(long n = 1) { count_->add(n); }
    void done() { count_->add(-1); }

    /// Suspends until the count is zero; an arm.
    [[nodiscard]] wait_op wait() const noexcept;

    /// Starts a task that is counted until it ends, however it ends. Errors as of go.
    template <class F, class... Args>
    void go(F&& f, Args&&... args) {
        auto bind = [&] {
            if constexpr (detail::is_task<std::decay_t<F>>)
                return std::forward<F>(f);
            else
                return detail::bind_task(std::forward<F>(f),
                                         std::forward<Args>(args)...);
        };
        auto work = bind();
        add(1);
        try {
            (void)heddle::go(detail::run_counted(count_, std::move(work)));
        } catch (...) {
            add(-1);
            throw;
        }
    }

private:
    detail::counted<detail::wait_count> count_;
};

class [[nodiscard]] wait_group::wait_op {
public:
    explicit wait_op(detail::wait_count& count) noexcept : count_(&count) {}

    // -- for the library ------------------------------------------------------------
    auto await_by(detail::process& self) const {
        return detail::await_one<detail::count_operation>(self, *count_);
    }
    using arm_node = detail::count_operation;
    detail::wait_count& count() const noexcept { return *count_; }

private:
    detail::wait_count* count_;
};

inline wait_group::wait_op wait_group::wait() const noexcept {
    return wait_op(*count_);
}

}  // namespace heddle
