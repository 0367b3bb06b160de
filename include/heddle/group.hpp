// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/service/children.hpp>
#include <heddle/done.hpp>
#include <heddle/sync.hpp>

#include <cstddef>
#include <utility>

namespace heddle HEDDLE_VARIANT {

namespace detail {

template <class T>
task<> run_child(child self, task<T> work) {
    children& group = self.core();
    try {
        {
            scope_guard queued(host::current_process(), nullptr);
            co_await acquire_op(group.permits());
            self.adopt_permit();
        }
        co_await std::move(work);
    } catch (...) {
        group.failed(std::current_exception());
    }
}

}  // namespace detail

/// A group starts tasks, its children, that belong together: it ends when all have
/// ended, and if one fails the others are cancelled.
///
///     heddle::group fetches(8);                    // at most 8 at once
///     for (auto& url : urls) fetches.go(fetch, url);
///     co_await fetches.wait();                     // throws what the first failure threw
///
/// Children run under the group's token, which is below the token in force where the
/// group was made, and closes when a child fails. `cancelled` that leaves a child after
/// that is no failure. Every child runs, also one that is queued when the token closes:
/// its first wait throws.
///
/// Threads   go() from any task, of any host; all else from one thread at a time.
/// Resumes   wait() on the host of the task that waits, after the frames of all
///           children have been destroyed. Queued children start in order of arrival,
///           on their own hosts.
/// Closing   the token closes by the first failure, by the token above it, by wait() if
///           that is cancelled, and by the destructor. A group can be used again after
///           wait(), until then.
/// Cancel    wait() cannot be withdrawn, and is no arm: cancelled, it closes the
///           group's token, still waits for every child, and then throws.
/// Lifetime  Requires: no child is left, and no failure unseen, when the task that made
///           the group comes to the end of its scope; asserted. If an exception leaves
///           the scope, or the task is destroyed, the token closes and the children,
///           none of which refers to the group, end by themselves.
/// Errors    wait() throws the first failure, each time; if no child failed and it was
///           cancelled, `cancelled`. A limit below one: std::invalid_argument. go()
///           outside a task: not_in_task, else as heddle::go.
class HEDDLE_API group {
public:
    /// No limit.
    group() : group(detail::permit_core::max) {}
    /// At most `limit` children run at a time.
    explicit group(std::ptrdiff_t limit);
    group(const group&) = delete;
    group& operator=(const group&) = delete;
    ~group();

    /// Starts a child, on the host of the running task, or queues it; never waits. The
    /// result of the child is dropped.
    template <class F, class... Args>
        requires(!detail::startable_with<F, Args...>)
    void go(F&&, Args&&...) {
        detail::refuse_start<F, Args...>();
    }
    template <class F, class... Args>
        requires detail::startable_with<F, Args...>
    HEDDLE_NOINLINE void go(F&& f, Args&&... args) {
        const void* at = HEDDLE_RETURN_ADDRESS();
        detail::host& home = detail::running_host();
        auto work = detail::make_task(std::forward<F>(f), std::forward<Args>(args)...);
        (void)detail::start(home,
                            detail::run_child(detail::child(core_), std::move(work)),
                            &core_->node(), at);
    }

    /// Waits until no child is left.
    task<> wait() const { return detail::wait_for_children(core_); }

    /// The group's token.
    done_token done() const noexcept {
        return done_token(detail::counted<detail::done_node>(&core_->node()));
    }

private:
    detail::counted<detail::children> core_;
    const detail::process* const made_by_;  // compared only: it may be gone
};

}  // namespace heddle
