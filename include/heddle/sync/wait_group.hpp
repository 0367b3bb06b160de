// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/go.hpp>
#include <heddle/sync/operations.hpp>

#include <cstddef>
#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT {

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

// `in` is a parameter, so that it counts until the frame is destroyed, even if the task
// never runs.
template <class T>
task<> run_counted([[maybe_unused]] counted_in<wait_count> in, task<T> work) {
    co_await std::move(work);
}

template <class F, class... Args>
auto make_task(F&& f, Args&&... args) {
    if constexpr (is_task<std::decay_t<F>>)
        return task<result_of_task<std::decay_t<F>>>(std::forward<F>(f));
    else
        return bind_task(std::forward<F>(f), std::forward<Args>(args)...);
}

}  // namespace detail

/// A wait group waits until a number of things are done, as Go's sync.WaitGroup does.
///
///     heddle::wait_group group;
///     for (auto url : urls) group.go(fetch, url);
///     co_await group.wait();
///
/// Threads   add() and done() from any thread.
/// Resumes   waiters in order of arrival, on their own hosts, never inside done().
/// Cancel    a cancelled wait() leaves the count as it was.
/// Lifetime  the group outlives every caller of done(); otherwise as of mutex. Tasks
///           started by its go() may outlive it.
/// Errors    counted below zero: std::logic_error, and the count stays.
class wait_group {
public:
    wait_group() : core_(core_.adopt(new detail::wait_count("a wait group"))) {}
    wait_group(const wait_group&) = delete;
    wait_group& operator=(const wait_group&) = delete;

    void add(std::ptrdiff_t n = 1) { core_->add(n); }
    void done() { core_->add(-1); }

    /// Suspends until the count is zero. It is an arm.
    wait_op wait() const noexcept { return wait_op(*core_); }

    /// Starts a task that is counted until it has ended, however it ends, and its frame
    /// is destroyed. Errors as of go.
    template <class F, class... Args>
        requires(!detail::startable_with<F, Args...>)
    void go(F&&, Args&&...) {
        detail::refuse_start<F, Args...>();
    }
    template <class F, class... Args>
        requires detail::startable_with<F, Args...>
    HEDDLE_NOINLINE void go(F&& f, Args&&... args) {
        const void* at = HEDDLE_RETURN_ADDRESS();
        detail::process& parent = detail::host::current_process();
        auto work = detail::make_task(std::forward<F>(f), std::forward<Args>(args)...);
        (void)detail::start(
            parent, detail::run_counted(detail::counted_in(core_), std::move(work)),
            at);
    }

private:
    detail::counted<detail::wait_count> core_;
};

}  // namespace heddle
