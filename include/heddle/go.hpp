// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/blocking.hpp>
#include <heddle/inspect.hpp>
#include <heddle/parallel.hpp>
#include <heddle/this_task.hpp>

#include <heddle/detail/core/await.hpp>
#include <heddle/detail/core/hop.hpp>
#include <heddle/detail/handlers/token_wait.hpp>
#include <heddle/detail/task/bind.hpp>
#include <heddle/detail/task/join.hpp>
#include <heddle/detail/task/scoped.hpp>
#include <heddle/done.hpp>
#include <heddle/errors.hpp>
#include <heddle/executor.hpp>
#include <heddle/task.hpp>

#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT {

namespace detail {

/// The handle no longer refers to the process: reports a failure that was not taken.
HEDDLE_API void let_go(process& p) noexcept;

/// Marks the result as taken. Throws already_joined if it was before, or there is none.
HEDDLE_API void claim_result(process* p);

}  // namespace detail

/// What async_join of a join_handle<T> completes a token with: (std::exception_ptr) and,
/// unless T is void, the result; in an std::optional<T> if T cannot be default-made.
template <class T>
using join_signature = typename detail::signature_of_join<T>::type;

/// The other end of `go`: joins the task, or cancels it. Dropping the handle detaches.
///
///     auto h = heddle::go(fetch, url);
///     std::string page = co_await h;      // the result; or the exception of the task
///
/// A select refers to a handle that is its arm. If that arm happens, the result stays
/// in the handle, and `co_await h` then gives it at once. A nil (moved-from) handle is
/// never ready.
///
/// Threads   cancel() from any thread, also while the handle is awaited; all other
///           members from one thread at a time.
/// Resumes   all joiners in order of arrival, each on its own host.
/// Cancel    a cancelled join leaves the task running and the handle as it was.
/// Errors    a second `co_await` or one of a nil handle: already_joined. If the context
///           of the task died first: task_abandoned. A handle that is dropped with an
///           exception that no join took reports it as a detached task does (out of
///           io_context::run).
template <class T = void>
class join_handle {
public:
    join_handle() noexcept = default;
    join_handle(join_handle&& o) noexcept
        : process_(std::exchange(o.process_, nullptr)) {}
    join_handle& operator=(join_handle&& o) noexcept {
        join_handle old(std::move(*this));
        process_ = std::exchange(o.process_, nullptr);
        return *this;
    }
    ~join_handle() {
        if (process_)
            detail::let_go(*process_);
    }

    /// Closes the task's own token: its waits, and those of its children, throw
    /// `cancelled`. If it has not run yet, its first wait throws. This has no effect
    /// once the task has ended.
    void cancel(std::exception_ptr cause = {}) noexcept {
        if (!process_)
            return;
        {
            detail::guard g(process_->lock);
            if (process_->ended)
                return;
        }
        process_->close(std::move(cause));
    }

    /// For callers that are no tasks: completes `token` with a join_signature<T>,
    /// posted to the token's associated executor, or else to the one given. Throws
    /// already_joined at once. If it is cancelled through its slot, the exception is a
    /// system_error, operation_aborted, and the task can be joined again.
    template <asio::completion_token_for<join_signature<T>> Token>
    auto async_join(Token&& token) {
        return initiate_join(detail::no_executor(), std::forward<Token>(token));
    }
    template <executor_or_context E,
              asio::completion_token_for<join_signature<T>> Token>
    auto async_join(E&& ex, Token&& token) {
        return initiate_join(detail::executor_in(ex), std::forward<Token>(token));
    }

    // -- for the library ------------------------------------------------------------
    explicit join_handle(detail::joinable<T>& p) noexcept : process_(&p) {}
    detail::process* get() const noexcept { return process_; }
    auto await_by(detail::process& self) const {
        if (!process_)
            detail::throw_already_joined(
                "heddle: co_await of a nil or moved-from join_handle");
        if (process_->taken)
            detail::throw_already_joined("heddle: this task was joined before");
        return detail::await_one<detail::join_and_take<T>>(self, *process_);
    }
    using arm_node = detail::join_arm;
    static constexpr bool arm_by_reference = true;

private:
    template <class Fallback, class Token>
    auto initiate_join(Fallback fallback, Token&& token) {
        static_assert(!std::is_reference_v<T>, "heddle: async_join of a task<T&>");
        if (!process_)
            detail::claim_result(process_);  // throws
        return detail::initiate_token_wait<join_signature<T>>(
            detail::async_join_traits<T>{
                detail::counted<detail::joinable<T>>(process_)},
            std::move(fallback), std::forward<Token>(token));
    }

    detail::joinable<T>* process_ = nullptr;
};

namespace detail {

using task_locals = counted<const local_binding>;

/// The values in force around this call; none outside a task.
HEDDLE_API const task_locals& locals_here() noexcept;

template <class T>
HEDDLE_ALWAYS_INLINE inline join_handle<T> start(host& home, const task_locals& locals,
                                                 task<T> work, done_node* scope,
                                                 const void* at) {
    auto p = std::make_unique<joinable<T>>(at);
    auto frame = work.release();
    joinable<T>& started = *p.release();
    if (locals) [[unlikely]]
        started.locals = locals;
    home.launch(started, frame.promise(), scope);
    return join_handle<T>(started);
}

/// Starts a task with the values in force here.
template <class T>
HEDDLE_ALWAYS_INLINE inline join_handle<T> start(host& home, task<T> work,
                                                 done_node* scope, const void* at) {
    return start(home, locals_here(), std::move(work), scope, at);
}

/// The same on the host of the running task, and under its token.
template <class T>
HEDDLE_ALWAYS_INLINE inline join_handle<T> start(process& parent, task<T> work,
                                                 const void* at) {
    return start(*parent.home, parent.locals, std::move(work), parent.scope(), at);
}

/// The token in force around this call, for what is started here; null outside a task.
HEDDLE_API done_node* scope_here() noexcept;

/// Whether go accepts these. F and Args: as given, with their references.
template <class... Given>
constexpr bool can_start = false;
template <class F, class... Args>
constexpr bool can_start<F, Args...> =
    (is_task<F> && sizeof...(Args) == 0) ||
    (!is_task<std::decay_t<F>> && !executor_or_context<F> &&
     callable_later<F, Args...>);

template <class E, class... Given>
    requires executor_or_context<E>
constexpr bool can_start<E, Given...> = can_start<Given...>;

}  // namespace detail

/// go starts a task concurrently with the task that runs on this thread's stack: on its
/// host, under its done token. `f` may be a coroutine or a plain function; it and the
/// arguments are copied (decayed) into the new task now; std::ref shares an argument.
///
///     heddle::go(worker, in, out);
///     heddle::go([in]() -> heddle::task<> { ... });   // the task keeps the capture
///
/// Resumes   the new task gets its first turn after the tasks that are ready now; or
///           when a task of its host co_awaits its handle, which starts it as a call
///           would.
/// Cancel    the token in force here is above the new task's own.
/// Lifetime  the task lives until it ends or its execution context is destroyed. Code
///           that runs in a context (in a task or a handler) cannot destroy it: that
///           would wait for itself, so the program says so on stderr and aborts.
/// Errors    outside a task: not_in_task. An exception of the copying of the arguments
///           is passed on; nothing has been started then. One that leaves a detached
///           task leaves io_context::run(), or ends heddle::run; `cancelled` out of a
///           detached task whose token is closed is a normal end.
template <class Task>
    requires detail::is_task<Task>
HEDDLE_NOINLINE join_handle<detail::result_of_task<Task>> go(Task&& work) {
    const void* at = HEDDLE_RETURN_ADDRESS();
    return detail::start<detail::result_of_task<Task>>(detail::host::current_process(),
                                                       std::move(work), at);
}

template <class F, class... Args>
    requires(!detail::is_task<std::decay_t<F>> && !executor_or_context<F> &&
             detail::callable_later<F, Args...>)
HEDDLE_NOINLINE join_handle<detail::result_of_go<F, Args...>> go(F&& f,
                                                                 Args&&... args) {
    const void* at = HEDDLE_RETURN_ADDRESS();
    detail::process& parent = detail::host::current_process();
    return detail::start(
        parent, detail::bind_task(std::forward<F>(f), std::forward<Args>(args)...), at);
}

/// The same from anywhere: a handler, a plain thread, an asio::awaitable. The task runs
/// on the serial host of the context, or, for an executor that is not the context's own
/// (a strand, a pool's), on a new host of its own there.
///
/// A task that waits does not keep ctx.run() from returning; a timer and an Asio operation
/// do. Where another context or a plain thread will wake the tasks, a work guard keeps it
/// from returning: `auto work = asio::make_work_guard(ctx);`, or an external_producer. A
/// task that still waits when run() returns goes on with the next run().
///
/// Threads   any. A task that calls it passes on its token, as above; elsewhere there
///           is none.
template <executor_or_context Executor, class Task>
    requires detail::is_task<Task>
HEDDLE_NOINLINE join_handle<detail::result_of_task<Task>> go(Executor&& ex,
                                                             Task&& work) {
    const void* at = HEDDLE_RETURN_ADDRESS();
    return detail::start<detail::result_of_task<Task>>(
        *detail::host_for(ex), std::move(work), detail::scope_here(), at);
}

template <executor_or_context Executor, class F, class... Args>
    requires(!detail::is_task<std::decay_t<F>> && detail::callable_later<F, Args...>)
HEDDLE_NOINLINE join_handle<detail::result_of_go<F, Args...>> go(Executor&& ex, F&& f,
                                                                 Args&&... args) {
    const void* at = HEDDLE_RETURN_ADDRESS();
    auto home = detail::host_for(ex);
    return detail::start(
        *home, detail::bind_task(std::forward<F>(f), std::forward<Args>(args)...),
        detail::scope_here(), at);
}

template <class... Given>
    requires(!detail::can_start<Given...>)
join_handle<> go(Given&&...) {
    detail::refuse_start<Given...>();
}

/// What yield() returns, to be `co_await`ed.
struct [[nodiscard("heddle: co_await yield(): before that nothing else runs")]] yield_op
    : detail::awaited_by_tasks {
    yield_op() noexcept {}

    // -- for the library ------------------------------------------------------------
    detail::yield_awaiter await_by(detail::process& self) const noexcept {
        return detail::yield_awaiter(self);
    }
};

/// Lets every task that is ready run first; `co_await heddle::yield()`.
inline yield_op yield() noexcept { return {}; }

namespace detail {

class done_scope : public scope_base {
public:
    using argument = done_token;
    done_scope(process& self, done_token&& token) noexcept
        : scope_(self, token.node()) {}

private:
    scope_guard scope_;
};

}  // namespace detail

/// Runs `work`, a task, under `token` instead of the token in force. `co_await` of this
/// is a call of `work`, without a frame of its own. It can be used like a task, and
/// converts to one.
template <class Task>
    requires detail::is_task<Task>
detail::scoped_task<detail::done_scope, Task> with_done(done_token token, Task&& work) {
    return {std::move(token), std::move(work)};
}

/// Runs `work` where no token is in force: its waits do not throw `cancelled`. A token
/// that has closed meanwhile is seen by the next wait after it. As with_done otherwise.
template <class Task>
    requires detail::is_task<Task>
detail::scoped_task<detail::done_scope, Task> shield(Task&& work) {
    return {done_token(), std::move(work)};
}

template <class Work>
    requires(!detail::is_task<Work>)
task<> with_done(const done_token&, Work&&) {
    detail::refuse_work<Work>();
}
template <class Work>
    requires(!detail::is_task<Work>)
task<> shield(Work&&) {
    detail::refuse_work<Work>();
}

/// What resume_on() returns, to be `co_await`ed.
class [[nodiscard("heddle: co_await resume_on(executor): before that nothing "
                  "moves")]] resume_op : public detail::awaited_by_tasks {
public:
    explicit resume_op(detail::counted<detail::host> to) noexcept
        : to_(std::move(to)) {}

    // -- for the library ------------------------------------------------------------
    detail::resume_awaiter await_by(detail::process& self) const noexcept {
        return detail::resume_awaiter(self, to_);
    }

private:
    detail::counted<detail::host> to_;
};

/// Moves the running task to the host of `ex`, where it stays: `co_await
/// resume_on(pool)`. Its handle and its token are the same.
///
/// Cancel    throws `cancelled`, before or after the move.
template <executor_or_context Executor>
resume_op resume_on(Executor&& ex) {
    return resume_op(detail::host_for(ex));
}

}  // namespace heddle
