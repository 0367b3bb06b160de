// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/core/await.hpp>
#include <heddle/detail/task/blocking.hpp>
#include <heddle/detail/core/hop.hpp>
#include <heddle/detail/task/join.hpp>
#include <heddle/detail/handlers/token_wait.hpp>
#include <heddle/done.hpp>
#include <heddle/errors.hpp>
#include <heddle/task.hpp>

#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace heddle {

namespace detail {

/// The handle no longer refers to the process: reports a failure nobody took.
HEDDLE_API void let_go(process& p) noexcept;

/// Marks the result as taken. Throws already_joined if it was before, or there is none.
HEDDLE_API void claim_result(process* p);

/// Puts a process, whose root frame is `root`, on its host. Noexcept from here on.
HEDDLE_API void launch(host& home, process& p, promise_base& root,
                       done_node* scope) noexcept;

}  // namespace detail

/// The other end of `go`: joins the task, or cancels it. Dropping the handle detaches.
///
///     auto h = heddle::go(fetch, url);
///     std::string page = co_await h;      // the result, or rethrows what escaped
///
/// As an arm of a select it is referred to; winning leaves the result in the handle, and
/// `co_await h` then gives it at once. A nil (moved-from) handle is never ready.
///
/// Threads   cancel() from any thread, also while the handle is awaited; all other members
///           from one thread at a time.
/// Resumes   all joiners in order of arrival, each on its own host.
/// Cancel    a cancelled join leaves the task running and the handle as it was.
/// Errors    a second `co_await` or one of a nil handle: already_joined. If the context of
///           the task died first: task_abandoned. A handle dropped with an exception that
///           nobody took reports it as a detached task does (out of io_context::run).
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
    /// `cancelled`. Before its first run, its first wait throws. No effect once it ended.
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

    /// For who is no task: completes `token` with (std::exception_ptr) and, unless T is
    /// void, the result; in an std::optional<T> if T cannot be default-made. Posted to the
    /// token's associated executor, or else to the one given. Throws already_joined at
    /// once. Cancelled through its slot the exception is a system_error,
    /// operation_aborted, and the task can be joined again.
    template <class Token>
    auto async_join(Token&& token) {
        return initiate_join(detail::no_executor(), std::forward<Token>(token));
    }
    template <detail::executor_or_context E, class Token>
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
        return detail::initiate_token_wait<
            typename detail::async_join_signature<T>::type>(
            detail::async_join_traits<T>{
                detail::counted<detail::joinable<T>>(process_)},
            std::move(fallback), std::forward<Token>(token));
    }

    detail::joinable<T>* process_ = nullptr;
};

namespace detail {

template <class T>
join_handle<T> start(host& home, task<T> work, done_node* scope, const void* at) {
    auto p = std::make_unique<joinable<T>>(home, at);
    auto frame = work.release();
    p->held.store(true, std::memory_order_relaxed);
    p->take_first();  // the handle's; there is one already, the run's own
    joinable<T>& started = *p.release();
    launch(home, started, frame.promise(), scope);
    return join_handle<T>(started);
}

template <class R>
struct task_result {
    using type = R;
};
template <class T>
struct task_result<task<T>> {
    using type = T;
};
template <class F, class... Args>
using result_of_go = typename task_result<
    std::invoke_result_t<std::decay_t<F>, std::decay_t<Args>...>>::type;

/// Calls `f` from a frame that keeps it, and its arguments, for as long as it runs.
template <class F, class... Args>
task<result_of_go<F, Args...>> hold(F f, Args... args) {
    using result = std::invoke_result_t<F, Args...>;
    if constexpr (std::is_same_v<typename task_result<result>::type, result>)
        co_return std::invoke(std::move(f), std::move(args)...);  // a plain function
    else
        co_return co_await std::invoke(std::move(f), std::move(args)...);
}

template <class... P>
constexpr bool all_by_value = (!std::is_reference_v<P> && ...);

/// A coroutine that keeps all it needs in its own frame: a function, or a stateless
/// function object, whose parameters are values.
template <class F>
struct keeps_its_arguments : std::false_type {};
template <class T, class... P>
struct keeps_its_arguments<task<T> (*)(P...)> : std::bool_constant<all_by_value<P...>> {
};
template <class T, class... P>
struct keeps_its_arguments<task<T> (*)(P...) noexcept>
    : std::bool_constant<all_by_value<P...>> {};
template <class F, class T, class... P>
constexpr bool by_value_call(task<T> (F::*)(P...) const) {
    return all_by_value<P...>;
}
template <class F>
    requires(std::is_empty_v<F> && requires { by_value_call(&F::operator()); })
struct keeps_its_arguments<F> : std::bool_constant<by_value_call(&F::operator())> {};

template <class F, class... Args>
task<result_of_go<F, Args...>> bind_task(F&& f, Args&&... args) {
    if constexpr (keeps_its_arguments<std::decay_t<F>>::value)
        return std::invoke(std::forward<F>(f), std::forward<Args>(args)...);
    else
        return hold<std::decay_t<F>, std::decay_t<Args>...>(
            std::forward<F>(f), std::forward<Args>(args)...);
}

template <class F>
constexpr bool is_task = false;
template <class T>
constexpr bool is_task<task<T>> = true;

/// The token in force around this call, for what is started here; null outside a task.
HEDDLE_API done_node* scope_here() noexcept;

}  // namespace detail

/// go starts a task concurrently with the task that runs on this thread's stack: on its
/// host, under its done token. `f` may be a coroutine or a plain function; it and the
/// arguments are copied (decayed) into the new task now, std::ref shares.
///
///     heddle::go(worker, in, out);
///     heddle::go([in]() -> heddle::task<> { ... });   // the capture lives as long as it
///
/// Resumes   the new task gets its first turn after the tasks that are ready now; or when
///           a task of its host co_awaits its handle, which starts it as a call would.
/// Cancel    the token in force here is above the new task's own.
/// Lifetime  the task lives until it ends or its execution context is destroyed. What runs
///           in a context (a task, a handler, what they call) cannot destroy it: that would
///           wait for itself, so it says so on stderr and aborts.
/// Errors    outside a task: not_in_task. Whatever copying the arguments throws; nothing
///           has been started then. An exception that leaves a detached task leaves
///           io_context::run(), or ends heddle::run; `cancelled` out of a detached task
///           whose token is closed is a normal end.
template <class T>
[[gnu::noinline]] join_handle<T> go(task<T> work) {
    const void* at = __builtin_return_address(0);
    return detail::start(detail::running_host(), std::move(work), detail::scope_here(),
                         at);
}

template <class F, class... Args>
    requires(!detail::is_task<std::decay_t<F>> && !detail::executor_or_context<F> &&
             std::invocable<std::decay_t<F>, std::decay_t<Args>...>)
[[gnu::noinline]] auto go(F&& f, Args&&... args) {
    const void* at = __builtin_return_address(0);
    detail::host& home = detail::running_host();
    return detail::start(
        home, detail::bind_task(std::forward<F>(f), std::forward<Args>(args)...),
        detail::scope_here(), at);
}

/// The same from anywhere: a handler, a plain thread, an asio::awaitable. The task runs on
/// the serial host of the context, or, for an executor that is not the context's own (a
/// strand, a pool's), on a new host of its own there.
///
/// Threads   any. From a task its token is inherited, as above; elsewhere there is none.
template <detail::executor_or_context Executor, class T>
[[gnu::noinline]] join_handle<T> go(Executor&& ex, task<T> work) {
    const void* at = __builtin_return_address(0);
    return detail::start(*detail::host_for(ex), std::move(work), detail::scope_here(),
                         at);
}

template <detail::executor_or_context Executor, class F, class... Args>
    requires(!detail::is_task<std::decay_t<F>> &&
             std::invocable<std::decay_t<F>, std::decay_t<Args>...>)
[[gnu::noinline]] auto go(Executor&& ex, F&& f, Args&&... args) {
    const void* at = __builtin_return_address(0);
    auto home = detail::host_for(ex);
    return detail::start(
        *home, detail::bind_task(std::forward<F>(f), std::forward<Args>(args)...),
        detail::scope_here(), at);
}

/// Lets every task that is ready run first; `co_await heddle::yield()`.
inline detail::yield_op yield() noexcept { return {}; }

/// Runs `work` under `token` instead of the token in force.
template <class T>
task<T> with_done(done_token token, task<T> work) {
    detail::scope_guard scope(detail::host::current_process(), token.node());
    co_return co_await std::move(work);
}

/// Runs `work` where no token is in force: its waits do not throw `cancelled`. What was
/// closed meanwhile is seen by the next wait after it.
template <class T>
task<T> shield(task<T> work) {
    detail::scope_guard scope(detail::host::current_process(), nullptr);
    co_return co_await std::move(work);
}

namespace detail {

template <class F, class... Args, class R = std::invoke_result_t<F, Args...>>
task<R> run_blocking(F f, Args... args) {
    static_assert(!std::is_reference_v<R>, "heddle: go_blocking returns by value");
    std::exception_ptr failure;
    std::optional<std::conditional_t<std::is_void_v<R>, int, R>> result;
    auto work = [&] {
        try {
            if constexpr (std::is_void_v<R>)
                std::invoke(std::move(f), std::move(args)...);
            else
                result.emplace(std::invoke(std::move(f), std::move(args)...));
        } catch (...) {
            failure = std::current_exception();
        }
    };
    blocking_op op(work);
    co_await op;
    if (failure)
        std::rethrow_exception(std::move(failure));
    if constexpr (!std::is_void_v<R>)
        co_return *std::move(result);
}

}  // namespace detail

/// The task goes on in the host of `ex`, and stays there: `co_await resume_on(pool)`. Its
/// handle and its token are the same.
///
/// Cancel    throws `cancelled`, before or after the move.
template <detail::executor_or_context Executor>
detail::resume_op resume_on(Executor&& ex) {
    return detail::resume_op(detail::host_for(ex));
}

/// Runs a function that blocks, on a thread of the context's own pool, and gives what it
/// returns, or rethrows what it throws. `f` and the arguments are copied.
///
///     auto text = co_await heddle::go_blocking(read_file, path);
///
/// Threads   at most max(4, two for each core) such functions of a context run at once, the
///           others wait for a thread in order. The first one ends single-threaded
///           operation of the process for good.
/// Resumes   on the task's host. Counts as work of the context meanwhile.
/// Cancel    throws `cancelled` before it has begun to wait; after that the function is
///           run to its end, and its result is kept.
/// Lifetime  the end of the context waits for the functions that run; those that wait for
///           a thread are dropped.
template <class F, class... Args>
    requires std::invocable<std::decay_t<F>, std::decay_t<Args>...>
auto go_blocking(F&& f, Args&&... args) {
    return detail::run_blocking<std::decay_t<F>, std::decay_t<Args>...>(
        std::forward<F>(f), std::forward<Args>(args)...);
}

/// An executor for `go` whose tasks run in parallel, on the threads that run `ctx`: at most `n`
/// of them at a time (0: one for each core; the first call for a context decides).
///
///     heddle::go(heddle::parallel(ctx), resize, picture);
///
/// Tasks started by these tasks run in parallel too, so data they share is synchronised: by
/// channels, or the locks of sync.hpp. A task is run by one thread at a time, and what one
/// run of it wrote the next one sees, on whatever thread. Tasks that share a socket or
/// another Asio object belong on a serial host: go(strand, ...).
///
/// Resumes   where it was woken, if that was by another of these tasks; so tasks that talk
///           to each other stay on one thread, until another has nothing to do. Within a
///           thread first come, first served; between threads no order is promised. A
///           ready task may wait some 10 ms for a thread that has nothing to do, where
///           what that one took lately was over at once.
/// Threads   any. The handlers of a task's Asio operations never run at the same time as
///           the task itself. A task that has an inflight operation stays where it is
///           until that has completed.
/// Lifetime  the executor is one of ctx, and must not be used after it. After a fork before
///           any thread runs ctx both processes run what was prepared (io_context asks
///           for notify_fork). A child that is forked while other threads use heddle may
///           use it on contexts of its own; those that other threads ran are of no use to it.
HEDDLE_API asio::any_io_executor parallel(asio::io_context& ctx, unsigned n = 0);

/// Of the running task; each throws not_in_task outside one.
namespace this_task {

/// Names the task for dumps and reports.
HEDDLE_API void name(std::string name);

/// A number that no other task of this program has.
HEDDLE_API std::uint64_t id();

/// An executor of the task's host: what runs there never runs at the same time as a task
/// of that host, and tasks started on it belong to the same host. Of a parallel host: that of
/// the worker that runs the task just now.
HEDDLE_API asio::any_io_executor executor();

}  // namespace this_task

/// The number of tasks alive on the hosts of a context, or of the running task's context.
/// O(hosts).
HEDDLE_API std::size_t live_tasks(asio::execution_context& ctx);
HEDDLE_API std::size_t live_tasks();
template <detail::executor_only Executor>
std::size_t live_tasks(const Executor& ex) {
    return live_tasks(asio::query(ex, asio::execution::context));
}

/// Hands what escapes the detached tasks of a context to `f`, on the thread that drains
/// them, instead of letting it leave io_context::run(). What `f` throws does leave it. A
/// null `f` takes that back.
///
/// Threads   any.
HEDDLE_API void on_unhandled(asio::execution_context& ctx,
                             std::function<void(std::exception_ptr)> f);

/// What each of these tasks waits for, a paragraph each: its number and name, the wait,
/// since when, and where it was started.
///
///     task 7 (fetch) waits to receive on `jobs`: no task holds a sender
///         for 1.500 s; started in balance() + 0x45
///
/// "For" is counted from the drain turn in which the task parked. Functions have names if
/// the program exports them (-rdynamic), else addresses.
///
/// Threads   any, while tasks run on others: no frame that runs is touched. A host whose
///           thread is busy is waited for, up to 50 ms; after that its tasks are only
///           listed. Not from a signal handler.
HEDDLE_API std::string dump_tasks(asio::execution_context& ctx);
HEDDLE_API std::string dump_tasks();
template <detail::executor_only Executor>
std::string dump_tasks(const Executor& ex) {
    return dump_tasks(asio::query(ex, asio::execution::context));
}

}  // namespace heddle
