// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/service/closer.hpp>
#include <heddle/go.hpp>
#include <heddle/select.hpp>
#include <heddle/sync/wait_group.hpp>

#include <concepts>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT {

namespace detail {

/// Runs jobs one after the other, until the channel is closed.
HEDDLE_API task<> run_each(closer<task<>> jobs, receiver<task<>> from);

[[noreturn]] HEDDLE_API void throw_unanswered();

/// A reference would let the state out of its actor.
template <class State, class F, class... Args>
using answer_of = std::decay_t<typename task_result<
    result_of_copies<std::invoke_result<F&, State&, Args...>,
                     std::invoke_result<F&, State&, Args&...>>>::type>;

template <class State, class F, class... Args>
task<answer_of<State, F, Args...>> act_on(std::shared_ptr<State> state, F f,
                                          Args... args) {
    if constexpr (is_task<std::invoke_result_t<F&, State&, Args...>>)
        co_return co_await std::invoke(f, *state, std::move(args)...);
    else
        co_return std::invoke(f, *state, std::move(args)...);
}

/// A job: runs `work` as a task of its own, to its end, and hands on its handle, which
/// holds the result, and reports a failure if no caller takes it.
template <class R>
task<> perform(closer<join_handle<R>> reply, task<R> work) {
    auto handle = go(std::move(work));
    scope_guard to_the_end(host::current_process(), nullptr);
    co_await select(handle);
    (void)reply.end().try_send(std::move(handle));
}

template <class R>
task<R> ask(sender<task<>> jobs, task<> job, receiver<join_handle<R>> reply) {
    co_await jobs.send(std::move(job));
    auto ended = co_await reply.receive();
    if (!ended)
        throw_unanswered();
    co_return co_await *ended;
}

inline task<> tell(sender<task<>> jobs, task<> job) {
    co_await jobs.send(std::move(job));
}

}  // namespace detail

/// An actor owns a State; callers send it functions to run on that State, and it runs
/// them one at a time, each to its end, its waits included.
///
///     heddle::actor<account> a(100);                       // account(100)
///     int left = co_await a.call(&account::withdraw, 30);  // the result, or it rethrows
///     co_await a.cast(&account::deposit, 5);               // does not wait for it
///     co_await a.stop();
///
/// A function is called as f(State&, args...), a coroutine or a plain one; it and the
/// arguments are copied, as by go, and a reference it returns is copied, too.
///
/// Threads   call(), cast() and stop() from any task, of any host.
/// Resumes   functions run on the host, and under the token, of the task that made the
///           actor, in the order of the calls; callers resume on their own hosts.
/// Closing   stop(), the destructor, and the end of the actor's token refuse all
///           functions that have not begun: those calls throw channel_closed. A
///           function that has begun goes on to its end.
/// Cancel    a call or cast that is cancelled before its function began has done
///           nothing; after that the function goes on, and its result is dropped.
/// Lifetime  functions under way do not refer to this object; the state lives until
///           they have ended. Calls that are not awaited do nothing.
/// Errors    an exception of f is its caller's; without one, also because it was
///           cancelled, it is a detached task's. If the actor's context was destroyed:
///           task_abandoned, or channel_closed. To be made outside a task: not_in_task.
///           No memory to start a function ends the actor: its caller gets
///           task_abandoned. A function that awaits a call to, or the stop of, its own
///           actor waits for itself. With g++ 12, name a lambda that captures before
///           you give it to call.
template <class State>
class actor {
public:
    template <class... Args>
        requires std::is_constructible_v<State, Args...>
    explicit actor(Args&&... args)
        : core_(std::make_shared<core>(std::forward<Args>(args)...)) {
        core_->jobs.name("an actor");
        core_->loop.go(detail::run_each, detail::closer<task<>>(core_->jobs),
                       receiver<task<>>(core_->jobs));
    }
    actor(const actor&) = delete;
    actor& operator=(const actor&) = delete;
    ~actor() { core_->jobs.try_close(); }

    /// Runs f(state, args...) and gives its result, or rethrows its exception.
    template <class F, class... Args>
    task<detail::answer_of<State, F, Args...>> call(F f, Args... args) const {
        using result = detail::answer_of<State, F, Args...>;
        channel<join_handle<result>> reply(1);
        return detail::ask<result>(
            core_->jobs, job<result>(reply, std::move(f), std::move(args)...), reply);
    }

    /// Waits until f(state, args...) begins; its result is dropped.
    template <class F, class... Args>
        requires requires { typename detail::answer_of<State, F, Args...>; }
    task<> cast(F f, Args... args) const {
        using result = detail::answer_of<State, F, Args...>;
        return detail::tell(core_->jobs,
                            job<result>(nullptr, std::move(f), std::move(args)...));
    }

    /// Refuses functions that have not begun, and waits for those that have. It may be
    /// called again.
    task<> stop() const { return stop(core_); }

private:
    struct core {
        template <class... Args>
        explicit core(Args&&... args) : state(std::forward<Args>(args)...) {}

        State state;
        channel<task<>> jobs;
        wait_group loop;
    };

    template <class R, class F, class... Args>
    task<> job(sender<join_handle<R>> reply, F f, Args... args) const {
        using call = std::invoke_result<F&, State&, Args...>;
        if constexpr (detail::possible<call>)
            return detail::perform<R>(
                detail::closer<join_handle<R>>(std::move(reply)),
                detail::act_on(std::shared_ptr<State>(core_, &core_->state),
                               std::move(f), std::move(args)...));
        else
            detail::refuse_copies<call>();
    }

    static task<> stop(std::shared_ptr<core> core) {
        core->jobs.try_close();
        co_await core->loop.wait();
    }

    std::shared_ptr<core> core_;
};

}  // namespace heddle
