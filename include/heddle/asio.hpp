// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/asio_tokens.hpp>
#include <heddle/bind_done.hpp>
#include <heddle/detail/handlers/asio_wait.hpp>
#include <heddle/done.hpp>
#include <heddle/task.hpp>

#include <concepts>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT {

/// The completion token that makes an Asio operation awaitable by a task.
///
///     std::size_t n = co_await socket.async_read_some(buffer, heddle::use_task);
///     using heddle::as_tuple;
///     auto [ec, n] = co_await socket.async_read_some(buffer, as_tuple(heddle::use_task));
///     co_await timer.async_wait(heddle::deferred);      // Asio's deferred does as well
///     auto socket   = heddle::use_task.as_default_on(tcp::socket(ctx));
///
/// Gives the results after the error code: nothing, the value, or a tuple.
///
/// Threads   the handlers of the operation, those of a composed one too, run in the
///           task's host.
/// Resumes   on the task's host, after the operation has completed.
/// Cancel    a closed token emits terminal cancellation on the operation's executor,
///           never during initiation; the task goes on when the operation has ended. An
///           operation that completed keeps its result, one that was aborted throws
///           `cancelled`. With as_tuple it gives asio::error::operation_aborted instead
///           of throwing.
/// Lifetime  a task that waits here is owned by the operation's handler: if that is
///           destroyed instead of called, the task is destroyed in the next turn of its
///           host, or at once if the context of the host has ended; never earlier. When
///           the task goes on, the cancellation handler that the operation put into its
///           slot has gone. No allocation but Asio's own.
/// Errors    std::system_error (on Boost.Asio boost::system::system_error); the exception that an
///           exception_ptr holds.
struct use_task_t {
    constexpr use_task_t() noexcept {}

    /// An executor with use_task for its default token.
    template <class Inner>
    struct executor_with_default : Inner {
        using default_completion_token_type = use_task_t;

        template <class Other>
            requires(!std::same_as<Other, executor_with_default> &&
                     std::convertible_to<Other, Inner>)
        executor_with_default(const Other& inner) noexcept : Inner(inner) {}
    };

    template <class T>
    using as_default_on_t = typename T::template rebind_executor<
        executor_with_default<typename T::executor_type>>::other;

    template <class T>
    static as_default_on_t<std::decay_t<T>> as_default_on(T&& object) {
        return as_default_on_t<std::decay_t<T>>(std::forward<T>(object));
    }
};

inline constexpr use_task_t use_task;

namespace detail {

template <class Tuple>
auto unwrap(Tuple&& t) {
    if constexpr (std::tuple_size_v<Tuple> == 0)
        return;
    else if constexpr (std::tuple_size_v<Tuple> == 1)
        return std::get<0>(std::move(t));
    else
        return std::move(t);
}

template <class First, class... Rest>
auto tail(std::tuple<First, Rest...>&& all) {
    return std::apply(
        [](First&, Rest&... rest) { return std::tuple<Rest...>(std::move(rest)...); },
        all);
}

/// The form of operation_aborted for a caller that asked for a tuple.
template <class T>
constexpr bool is_error_tuple = false;
template <class... Rest>
constexpr bool is_error_tuple<std::tuple<error_code, Rest...>> =
    (std::is_default_constructible_v<Rest> && ...);

/// The arguments of a handler, and how they become the result of co_await.
template <class... Results>
class asio_results {
    using tuple = std::tuple<Results...>;
    using first = std::tuple_element_t<0, std::tuple<Results..., void>>;
    static constexpr bool reports_error = std::is_same_v<first, error_code>;
    static constexpr bool reports_exception = std::is_same_v<first, std::exception_ptr>;

    static auto result_of(tuple&& all) {
        if constexpr (reports_error || reports_exception)
            return unwrap(tail(std::move(all)));
        else
            return unwrap(std::move(all));
    }

public:
    using result = decltype(result_of(std::declval<tuple>()));

    void set(Results&&... results) { results_.emplace(std::move(results)...); }

    bool aborted() const noexcept {
        if constexpr (reports_error)
            return std::get<0>(*results_) == asio::error::operation_aborted;
        else if constexpr (is_error_tuple<first>)
            return std::get<0>(std::get<0>(*results_)) ==
                   asio::error::operation_aborted;
        else
            return false;
    }

    result take(process& self) {
        if constexpr (reports_error)
            if (std::get<0>(*results_) && aborted() && self.interrupted())
                self.throw_cancelled();
        return take();
    }
    result take() {
        if constexpr (reports_error) {
            if (error_code ec = std::get<0>(*results_))
                throw system_error(ec);
        } else if constexpr (reports_exception) {
            if (auto failure = std::get<0>(*results_))
                std::rethrow_exception(failure);
        }
        return result_of(*std::move(results_));
    }

    wait_failure take_failure(process& self) noexcept {
        auto& cause = std::get<0>(*results_);
        if constexpr (reports_error) {
            if (cause && aborted() && self.interrupted())
                return self.cancellation();
            return {nullptr, cause};
        } else if constexpr (reports_exception) {
            return {std::move(cause), {}};
        } else {
            return {};
        }
    }
    wait_failure refusal(const process& self) const noexcept {
        return is_error_tuple<first> ? wait_failure() : self.cancellation();
    }

    /// The operation was not started: its token was closed before.
    result refuse(process& self) {
        if constexpr (is_error_tuple<first>) {
            first aborted{};
            std::get<0>(aborted) = asio::error::operation_aborted;
            return aborted;
        } else {
            self.throw_cancelled();
        }
    }

private:
    std::optional<tuple> results_;
};

/// Awaits one Asio operation. Op: an asio_op, or a reference to one that stays.
template <class Signature, class Op>
class asio_awaiter;

template <class R, class... Results, class Op>
class [[nodiscard]] asio_awaiter<R(Results...), Op> final : public asio_wait {
public:
    asio_awaiter(process& self, Op&& op) : asio_wait(self), op_(std::forward<Op>(op)) {}

    bool await_ready() noexcept { return refused(); }
    HEDDLE_GIVES_AWAY std::coroutine_handle<>
    await_suspend(std::coroutine_handle<>) noexcept {
        process& self = this->self();
        host& home = *self.home;  // once begun, the task may go on elsewhere
        bool cancellable = begin(home);
        try {
            handler own(*this);  // to destroy it ends the wait
            if (cancellable)
                op_.look_at_executor(
                    [this](const auto& ex) { this->remember_executor(ex); });
            op_.start(std::move(own));
        } catch (...) {
            initiation_failed(std::current_exception());
        }
        return begun() ? home.go_on(self) : home.next();
    }
    /// Returns what await_resume() would throw, instead of calling that.
    wait_failure take_failure() noexcept {
        if (this->was_refused())
            return results_.refusal(self());
        if (std::exception_ptr& failure = this->leave())
            return {std::move(failure), {}};
        return results_.take_failure(self());
    }
    typename asio_results<std::decay_t<Results>...>::result await_resume() {
        if (resume())
            return results_.take(self());
        return results_.refuse(self());
    }

private:
    /// Owns the process while the operation runs: a handler that is destroyed instead
    /// of called takes the process with it.
    class handler {
    public:
        using executor_type = handler_executor;
        using cancellation_slot_type = asio::cancellation_slot;

        explicit handler(asio_awaiter& w) noexcept : wait_(&w), process_(&w.self()) {}
        handler(handler&& o) noexcept
            : wait_(std::exchange(o.wait_, nullptr)), process_(o.process_) {
            fetch(wait_, process_);  // Asio moves it just before it calls it
        }
        handler& operator=(handler&&) = delete;
        ~handler() {
            if (wait_)
                wait_->dropped();
        }

        void operator()(Results... results) {
            wait_->results_.set(std::move(results)...);
            std::exchange(wait_, nullptr)->completed();
        }

        executor_type get_executor() const noexcept { return wait_->executor(); }
        cancellation_slot_type get_cancellation_slot() const noexcept {
            return wait_->slot();
        }

    private:
        asio_awaiter* wait_;
        const process* process_;
    };

    Op op_;
    asio_results<std::decay_t<Results>...> results_;
};

}  // namespace detail

/// What an Asio operation given use_task returns: it starts when it is `co_await`ed, or
/// by an inflight. It refers to what it was given by reference, as Asio's do.
template <class Signature, class Initiation, class... Args>
class [[nodiscard("heddle: co_await this operation: before that it is not "
                  "started")]] asio_op {
public:
    template <class I, class... A>
    explicit asio_op(std::in_place_t, I&& initiation, A&&... args)
        : initiation_(std::forward<I>(initiation)), args_(std::forward<A>(args)...) {}

    // -- for the library ------------------------------------------------------------
    static constexpr auto mistake = detail::mistake_kind::asio_operation;
    /// Calls look(executor) with that of the operation, if it tells.
    template <class Look>
    void look_at_executor(Look look) const {
        if constexpr (requires { initiation_.get_executor(); })
            look(initiation_.get_executor());
    }

    template <class Handler>
    void start(Handler&& handler) {
        std::apply(
            [&](Args&... args) {
                std::move(initiation_)(std::forward<Handler>(handler),
                                       std::move(args)...);
            },
            args_);
    }

    /// For co_await, during which it stays where it is.
    detail::asio_awaiter<Signature, asio_op&> await_by(detail::process& self) && {
        return detail::asio_awaiter<Signature, asio_op&>(self, *this);
    }
    detail::asio_awaiter<Signature, asio_op>
    moved_and_awaited_by(detail::process& self) && {
        return detail::asio_awaiter<Signature, asio_op>(self, std::move(*this));
    }

private:
    Initiation initiation_;
    std::tuple<Args...> args_;
};

namespace detail {

/// Anything that starts when called with a token: Asio's deferred operations.
template <class Op>
    requires(std::is_class_v<Op> && !awaitable_by_task<Op> &&
             requires(Op&& op) {
                 { std::move(op)(use_task) } -> awaitable_by_task;
             })
struct asio_adaptor<Op> {
    using type = Op;
    static auto await_by(process& self, Op op) {
        auto&& started = std::move(op)(use_task);
        if constexpr (requires { std::move(started).moved_and_awaited_by(self); })
            return std::move(started).moved_and_awaited_by(self);
        else
            return std::move(started).await_by(self);
    }
};

template <adaptable Op>
constexpr mistake_kind mistake_of<Op> = mistake_kind::asio_operation;

}  // namespace detail
}  // namespace heddle

template <class R, class... Results>
class heddle::asio::async_result<heddle::use_task_t, R(Results...)> {
public:
    template <class Initiation, class... Args>
    static heddle::asio_op<R(Results...), std::decay_t<Initiation>,
                           std::decay_t<Args>...>
    initiate(Initiation&& initiation, heddle::use_task_t, Args&&... args) {
        return heddle::asio_op<R(Results...), std::decay_t<Initiation>,
                               std::decay_t<Args>...>(
            std::in_place, std::forward<Initiation>(initiation),
            std::forward<Args>(args)...);
    }
};
