// SPDX-License-Identifier: BSL-1.0
// What programs write again and again, made of the other headers. Which one? A task whose
// values another reads: generate. Many inputs as one: merge. A reader too slow for who may
// not wait: unbounded. State that many use, one at a time, by functions: actor (by lines of
// their own: a mutex). Services that live and die together: run_group (tasks that fail
// together: group).
#pragma once

#include <heddle/channel.hpp>
#include <heddle/go.hpp>
#include <heddle/select.hpp>
#include <heddle/sync.hpp>

#include <concepts>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace heddle {

namespace detail {

/// Closes a channel when it is destroyed. As the first parameter of a task it does so on
/// every way out, after all else in the frame, be it before the first run.
template <class T>
class closer {
public:
    explicit closer(sender<T> end) noexcept : end_(std::move(end)) {}
    closer(closer&&) noexcept = default;  // nil is not closed
    ~closer() { end_.try_close(); }

    const sender<T>& end() const noexcept { return end_; }

    /// Refers to the value, which may be of a type that send() warns of.
    send_op<T> send(T& value) const noexcept { return {end_.core(), value}; }

private:
    sender<T> end_;
};

template <class T, class R>
task<> close_after([[maybe_unused]] closer<T> out, task<R> work) {
    (void)co_await std::move(work);
}

template <class T, class F, class... Args>
receiver<T> generate(const void* at, const channel<T>& out, F&& f, Args&&... args) {
    host& home = running_host();
    auto work =
        bind_task(std::forward<F>(f), sender<T>(out), std::forward<Args>(args)...);
    (void)start(home, close_after(closer<T>(out), std::move(work)), scope_here(), at);
    return out;
}

template <class F, class T, class... Args>
concept generator = std::invocable<std::decay_t<F>, sender<T>, std::decay_t<Args>...>;

}  // namespace detail

/// generate starts a task f(sender<T>, args...), and gives the end to receive what it sends.
///
///     heddle::task<> count(heddle::sender<int> out, int from) {
///         for (int i = from;; ++i) co_await out.send(i);
///     }
///     auto numbers = heddle::generate<int>(count, 1);       // unbuffered
///     auto numbers = heddle::generate<int>(64, count, 1);   // buffers 64
///
/// Copies are made as by go. Nobody but f can send.
///
/// Resumes   the task gets its first turn after the tasks that are ready now.
/// Closing   the channel is closed when f has ended, by return, by an exception or by
///           cancellation, and its frame is destroyed; also if its context is destroyed.
/// Cancel    the token in force here is above the task's own. If nobody reads any more, f
///           waits in its send until that closes: generators want a scope, with_done say.
/// Errors    of the call, as of go, or of channel. An exception of f is a detached task's
///           (on_unhandled, or out of run): the reader only sees the channel closed.
template <class T, class F, class... Args>
    requires detail::generator<F, T, Args...>
[[nodiscard, gnu::noinline]] receiver<T> generate(F&& f, Args&&... args) {
    return detail::generate(__builtin_return_address(0), channel<T>(),
                            std::forward<F>(f), std::forward<Args>(args)...);
}

template <class T, std::integral N, class F, class... Args>
    requires detail::generator<F, T, Args...>
[[nodiscard, gnu::noinline]] receiver<T> generate(N capacity, F&& f, Args&&... args) {
    return detail::generate(__builtin_return_address(0), channel<T>(capacity),
                            std::forward<F>(f), std::forward<Args>(args)...);
}

namespace detail {

/// The last of those that share `out` closes it.
template <class T>
task<> pass_on(std::shared_ptr<closer<T>> out, receiver<T> in) {
    while (std::optional<T> v = co_await in.receive())
        co_await out->send(*v);
}

template <class T>
task<> keep(closer<T> out, receiver<T> in) {
    std::deque<T> kept;
    for (std::optional<T> v; co_await in.receive(v);) {
        kept.push_back(*std::move(v));
        while (!kept.empty()) {
            if (co_await select(in.receive(v), out.send(kept.front())) == 1)
                kept.pop_front();
            else if (v)
                kept.push_back(*std::move(v));
            else
                break;
        }
    }
    for (; !kept.empty(); kept.pop_front())
        co_await out.send(kept.front());
}

}  // namespace detail

/// merge gives the values of all inputs on one channel, in the order in which they come.
///
///     auto all = heddle::merge(joe, ann);        // receivers or channels of one type
///     auto all = heddle::merge(std::move(parts));     // a std::vector<receiver<T>>
///
/// The values of one input stay in order. One task for each input: a value costs one more
/// send and receive, whatever the number of inputs, and one value of each input may be
/// under way, neither in its input nor received.
///
/// Resumes   as of go.
/// Closing   closes when all inputs are closed and drained; of no inputs, at once. A nil
///           input never ends.
/// Cancel    the token in force here closes the output; what was under way is destroyed.
///           If nobody reads any more, that is what ends the tasks.
/// Errors    as of go; then nothing has been taken from any input.
template <class T>
[[nodiscard]] receiver<T> merge(std::vector<receiver<T>> inputs) {
    channel<T> out;
    auto last = std::make_shared<detail::closer<T>>(out);
    std::vector<join_handle<>> started;
    started.reserve(inputs.size());
    try {
        for (auto& in : inputs)
            started.push_back(go(detail::pass_on<T>, last, std::move(in)));
    } catch (...) {
        for (auto& h : started)
            h.cancel();  // before its first run: it takes nothing
        throw;
    }
    return out;
}

template <class... Ends>
    requires requires(Ends... in) { std::vector{receiver(in)...}; }
[[nodiscard]] auto merge(const Ends&... in) {
    return merge(std::vector{receiver(in)...});
}

/// unbounded gives the values of `in`, and takes them from there at once, whether somebody
/// receives them or not: who sends to `in` never waits for that.
///
/// What nobody receives stays in memory, which nothing limits: a sender that is faster for
/// long needs a channel that makes it wait. Values stay in order. O(1) for each.
///
/// Resumes   as of go; a send to `in` waits at most for turns of the task that takes it.
/// Closing   closes when `in` is closed and all has been received.
/// Cancel    the token in force here closes the output; what was kept is destroyed.
/// Errors    as of go. No memory for a value: the output is closed, std::bad_alloc is the
///           task's.
template <class T>
[[nodiscard]] receiver<T> unbounded(receiver<T> in) {
    channel<T> out;
    go(detail::keep<T>, detail::closer<T>(out), std::move(in));
    return out;
}

template <class T>
[[nodiscard]] receiver<T> unbounded(const channel<T>& in) {
    return unbounded(receiver<T>(in));
}

namespace detail {

/// Runs jobs one after the other, until the channel is closed.
HEDDLE_API task<> run_each(closer<task<>> jobs, receiver<task<>> from);

[[noreturn]] HEDDLE_API void throw_unanswered();

/// A reference would let the state out of its actor.
template <class F, class... Args>
using answer_of =
    std::decay_t<typename task_result<std::invoke_result_t<F, Args...>>::type>;

template <class State, class F, class... Args>
task<answer_of<F&, State&, Args...>> act_on(std::shared_ptr<State> state, F f,
                                            Args... args) {
    if constexpr (is_task<std::invoke_result_t<F&, State&, Args...>>)
        co_return co_await std::invoke(f, *state, std::move(args)...);
    else
        co_return std::invoke(f, *state, std::move(args)...);
}

/// A job: runs `work` as a task of its own, to its end, and hands on its handle, which
/// holds the result, and reports a failure if nobody takes it.
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

/// An actor owns a State; whatever is to be done with that is sent to it as a function, and
/// it runs one at a time, to its end, its waits included.
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
/// Closing   stop(), the destructor, and the end of the actor's token refuse all that has
///           not begun: those calls throw channel_closed. What has begun goes on to its end.
/// Cancel    a call or cast that is cancelled before its function began has done nothing;
///           after that the function goes on, and nobody gets its result.
/// Lifetime  what is under way does not refer to this object; the state lives until that
///           has ended. Calls that are not awaited do nothing.
/// Errors    an exception of f is its caller's; without one, also because it was
///           cancelled, it is a detached task's. If the actor's context was destroyed:
///           task_abandoned, or channel_closed. To be made outside a task: not_in_task.
///           No memory to start a function ends the actor: its caller gets task_abandoned.
///           A function that awaits a call to, or the stop of, its own actor waits for
///           itself. With g++ 12, name a lambda that captures before you give it to call.
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

    /// What f(state, args...) gives, or throws.
    template <class F, class... Args>
        requires std::invocable<F&, State&, Args...>
    auto call(F f, Args... args) const {
        using result = detail::answer_of<F&, State&, Args...>;
        channel<join_handle<result>> reply(1);
        return detail::ask<result>(
            core_->jobs, job<result>(reply, std::move(f), std::move(args)...), reply);
    }

    /// Waits until f(state, args...) begins; what that gives is dropped.
    template <class F, class... Args>
        requires std::invocable<F&, State&, Args...>
    task<> cast(F f, Args... args) const {
        using result = detail::answer_of<F&, State&, Args...>;
        return detail::tell(core_->jobs,
                            job<result>(nullptr, std::move(f), std::move(args)...));
    }

    /// Refuses what has not begun, and waits for what has; again and again, if you like.
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
        return detail::perform<R>(
            detail::closer<join_handle<R>>(std::move(reply)),
            detail::act_on(std::shared_ptr<State>(core_, &core_->state), std::move(f),
                           std::move(args)...));
    }

    static task<> stop(std::shared_ptr<core> core) {
        core->jobs.try_close();
        co_await core->loop.wait();
    }

    std::shared_ptr<core> core_;
};

/// A run group runs services that live and die together, as oklog's run.Group.
///
///     heddle::run_group g;
///     g.add(serve, [=](std::exception_ptr) { listener.close(); });
///     g.add(wait_for_signal);                  // interrupted by cancelling it
///     co_await g.run();
///
/// run() starts all; when the first has returned, it calls every interrupt (also that of
/// the first, as oklog's does), in the order they were added, with what the first threw,
/// or null; when all have returned, it throws that. An interrupt makes its service return
/// soon; it must bear to be called after that. What the others throw is dropped.
///
/// Threads   one at a time; add() not while run() runs.
/// Resumes   services run on the host, and under the token, of who runs run(), and start in
///           the order they were added; run() ends after all their frames are destroyed.
/// Cancel    run() cannot be withdrawn, and is no arm: cancelled before a service has
///           returned, it interrupts all with `cancelled`, still waits for every service,
///           and then throws that.
/// Lifetime  outlives run(). The functions are copied for each run.
/// Errors    what the first threw; if it threw nothing, what an interrupt threw, which
///           stops nothing. An execute that cannot be started counts as the first.
class HEDDLE_API run_group {
public:
    using execute = std::function<task<>()>;
    using interrupt = std::function<void(std::exception_ptr)>;

    /// Without an interrupt the service's own token is closed instead.
    void add(execute service, interrupt end = {});

    /// Of nothing, it returns at once.
    task<> run() const;

private:
    struct member {
        execute service;
        interrupt end;
    };
    std::vector<member> members_;
};

}  // namespace heddle
