// SPDX-License-Identifier: BSL-1.0
// A call of a task in a scope: what with_done, with_timeout, timeout and shield return.
#pragma once

#include <heddle/task.hpp>

#include <optional>
#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

/// The base of a scope that passes on what the call gives. Another scope says itself what
/// its caller gets for the T of a task, and makes that of the call, which has ended.
struct scope_base : pinned {
    template <class T>
    using result = T;
    template <class Call>
    decltype(auto) outcome(Call& call) {
        return call.await_resume();
    }
    template <class Call>
    wait_failure failure(Call& call) noexcept {
        return call.take_failure();
    }
};

/// Enters the scope, calls the task, and leaves the scope when the call has returned. All
/// this is in the frame of the caller.
template <class Scope, class Work>
class scoped_awaiter : pinned {
    using call = decltype(std::declval<Work>().await_by(std::declval<process&>()));

public:
    scoped_awaiter(process& self, typename Scope::argument&& a, Work&& work)
        : scope_(std::in_place, self, std::move(a)),
          call_(std::move(work).await_by(self)) {}

    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> frame) noexcept {
        return call_.await_suspend(frame);
    }
    decltype(auto) await_resume() {
        ended after(*this);
        return scope_->outcome(call_);
    }

    /// Returns what await_resume() would throw, instead of calling that.
    wait_failure take_failure() noexcept
        requires requires(Scope& s, call& c) { s.failure(c); }
    {
        wait_failure f = scope_->failure(call_);
        if (f)
            end();
        return f;
    }

    /// Destroys the frame of the task, inside the scope, and then leaves that. What follows
    /// in the expression of the caller is not in the scope.
    void end() noexcept {
        call_.end();
        scope_.reset();
    }

private:
    struct ended : pinned {
        explicit ended(scoped_awaiter& c) noexcept : call(c) {}
        ~ended() { call.end(); }
        scoped_awaiter& call;
    };

    std::optional<Scope> scope_;
    call call_;  // is destroyed first
};

/// A task, and the scope in which it will run. It can be awaited, started and put into
/// another scope like a task, and becomes one where that is asked for; only then has it a
/// frame of its own.
template <class Scope, class Work>
class [[nodiscard]] scoped_task {
public:
    using result = typename Scope::template result<typename task_result<Work>::type>;

    scoped_task(typename Scope::argument a, Work work) noexcept
        : argument_(std::move(a)), work_(std::move(work)) {}

    auto await_by(process& self) && {
        return scoped_awaiter<Scope, Work>(self, std::move(argument_),
                                           std::move(work_));
    }

    operator task<result>() && { return in_frame(std::move(*this)); }

private:
    static task<result> in_frame(scoped_task call) {
        co_return co_await std::move(call);
    }

    typename Scope::argument argument_;
    Work work_;
};

template <class Scope, class Work>
constexpr bool is_task<scoped_task<Scope, Work>> = true;
template <class Scope, class Work>
struct task_result<scoped_task<Scope, Work>> {
    using type = typename scoped_task<Scope, Work>::result;
};

}  // namespace heddle::detail
