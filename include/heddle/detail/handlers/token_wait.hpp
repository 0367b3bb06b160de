// SPDX-License-Identifier: BSL-1.0
// Completion handlers (of callbacks, futures, other coroutines) wait in the same
// operation objects as tasks.
#pragma once

#include <heddle/detail/context/context_guest.hpp>
#include <heddle/detail/context/host_for.hpp>

#include <concepts>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace heddle::detail {

class context_state;

/// The arms of a select by a completion handler. The index of each is set, and its
/// sibling is the next arm.
struct arms_of_wait {
    operation* const* ops;
    std::size_t n;
    select_rule rule;
};

/// A completion handler that waits in one operation, or in several, linked as siblings,
/// for the first of them to happen. Invariants:
///   [listed] from start() until it is settled it is in its context's list; a context
///            that dies destroys the handlers in its list instead of calling them, and
///            waits for those that another thread is settling.
///   [claim]  as for a process: the thread that claims the word, or pops the exclusive
///            node, settles the wait.
///   [shell]  a cancellation slot may refer to this long after it was settled. So the
///            settling thread destroys all that it holds; from then on only its word
///            and its reference count are touched. An exclusive wait has no slot, and
///            is freed as a whole.
class HEDDLE_API token_wait : public context_guest, public sleeper {
public:
    /// Cancels, from the handler's cancellation slot.
    void cancel() noexcept;

    /// Destroys the handler uncalled, unless the wait was settled. Called at the end of
    /// the context.
    bool abandon() noexcept final;

protected:
    token_wait() noexcept;
    ~token_wait() override = default;

    /// Tries the operation, and enlists in it if it cannot happen now. `cancellable`
    /// says that a cancellation slot is connected.
    void start(asio::execution_context& ctx, operation& op, bool cancellable);

    /// Does the same for several arms: the first that can happen does, and the others
    /// do not. It is defined in lib/wait/token_select.cpp.
    void start(asio::execution_context& ctx, const arms_of_wait& arms,
               bool cancellable);

private:
    void begin(asio::execution_context& ctx, operation* first);
    bool claim_or_withdraw() noexcept;
    void settle_and_leave(bool aborted) noexcept;
    virtual void settle(bool aborted) noexcept = 0;  // posts the completion
    virtual void abandoned() noexcept = 0;           // destroys all that it holds

    std::shared_ptr<context_state> state_;
    operation* op_ = nullptr;  // the first arm; null if there is none

protected:
    bool exclusive_ = false;  // nothing but its one operation, or the context, ends it
};

/// Marks a handler that has no executor of its own.
struct no_executor {};

/// Whether an executor says where its handler is to run. That of use_future does not:
/// newer Asio lets it name the system's context, because any context will do.
template <class Executor>
constexpr bool names_context = requires(const Executor& ex) {
    {
        asio::query(ex, asio::execution::context)
    } -> std::convertible_to<asio::execution_context&>;
};
template <class T, class Blocking>
constexpr bool names_context<asio::detail::promise_executor<T, Blocking>> = false;

template <class Handler, class Fallback>
using executor_for = typename asio::associated_executor<Handler, Fallback>::type;

/// Returns the executor that a handler names, or else the fallback. Without a fallback
/// the handler must name one.
template <class Handler>
auto executor_of(const Handler& h, const no_executor&) {
    static_assert(
        names_context<executor_for<Handler, no_executor>>,
        "heddle: this handler has no associated executor: bind one, or give an "
        "executor or a context as the first argument");
    return asio::associated_executor<Handler, no_executor>::get(h, no_executor());
}
template <class Handler, class Fallback>
auto executor_of(const Handler& h, const Fallback& fallback) {
    if constexpr (names_context<executor_for<Handler, Fallback>>)
        return asio::associated_executor<Handler, Fallback>::get(h, fallback);
    else
        return fallback;
}

/// Holds a result whose move may throw. Only its address moves on the way to the
/// handler, so that the move can throw only where the handler is called.
template <class T>
struct boxed_result {
    std::unique_ptr<T> value;  // null if there is no result: the handler gets a T{}
};

template <class T>
T&& unboxed(T& plain) noexcept {
    return std::move(plain);
}
template <class T>
T unboxed(boxed_result<T>& boxed) {
    return boxed.value ? std::move(*boxed.value) : T{};
}

/// The function object that is posted: a handler and its arguments. It holds work of
/// the executor meanwhile.
template <class Handler, class Executor, class... Args>
struct bound_completion {
    Handler handler;
    std::tuple<Args...> args;
    Executor work;

    void operator()() {
        std::apply([this](auto&... arg) { std::move(handler)(unboxed(arg)...); }, args);
    }
};

/// A token_wait with its handler and its operations. Traits has `using operation`, one
/// operation or several, constructed from (Traits&); and `auto result(operation&, bool
/// aborted)`, which returns the tuple of the handler's arguments. Each is used once.
template <class Traits, class Handler, class Executor>
class token_wait_for final : public token_wait, public pooled {
    static constexpr bool one =
        std::is_base_of_v<operation, typename Traits::operation>;
    using tracked = std::decay_t<decltype(asio::prefer(
        std::declval<const Executor&>(), asio::execution::outstanding_work.tracked))>;

public:
    static void launch(Traits&& traits, Handler&& handler, const Executor& ex) {
        auto slot = asio::get_associated_cancellation_slot(handler);
        auto& ctx = asio::query(ex, asio::execution::context);
        counted<token_wait_for> wait = counted<token_wait_for>::adopt(
            new token_wait_for(std::move(traits), std::move(handler), ex));
        bool cancellable = slot.is_connected();
        if (cancellable)
            slot.template emplace<canceller>(counted<token_wait>(wait.get()));
        try {
            wait->start(ctx, arms(wait->held_->operation), cancellable);
        } catch (...) {
            if (cancellable)
                slot.clear();  // its canceller holds the handler, which may own the slot
            throw;
        }
        wait.leave();  // keeps the wait's own reference: settling drops it
    }

private:
    struct canceller {
        explicit canceller(counted<token_wait> w) noexcept : wait(std::move(w)) {}
        void operator()(asio::cancellation_type_t type) noexcept {
            if (type != asio::cancellation_type::none)
                wait->cancel();
        }
        counted<token_wait> wait;
    };

    /// The operation, and the handler that waits in it.
    struct holdings : detail::pinned {
        holdings(Traits&& t, Handler&& h, const Executor& ex)
            : traits(std::move(t)), operation(traits), handler(std::move(h)),
              executor(asio::prefer(ex, asio::execution::outstanding_work.tracked)) {}

        Traits traits;
        typename Traits::operation operation;
        Handler handler;
        tracked executor;
    };

    token_wait_for(Traits&& traits, Handler&& handler, const Executor& ex)
        : held_(std::in_place, std::move(traits), std::move(handler), ex) {
        occupy(held_->operation);
    }

    void occupy(auto& what) noexcept {
        if constexpr (one)
            what.who = this;
        else
            what.occupy(*this);
    }
    static decltype(auto) arms(auto& what) noexcept {
        if constexpr (one)
            return static_cast<operation&>(what);
        else
            return what.arms();
    }

    void settle(bool aborted) noexcept override {
        Handler handler(std::move(held_->handler));
        auto args = held_->traits.result(held_->operation, aborted);
        tracked ex(std::move(held_->executor));
        if (!exclusive_)
            held_.reset();  // [shell]
        drop();             // before the call, which may want the memory
        post_bound(std::move(ex), std::move(handler), std::move(args));
    }
    template <class... Args>
    static void post_bound(tracked ex, Handler&& handler, std::tuple<Args...>&& args) {
        tracked work = ex;
        before_post(ex);
        asio::post(ex, bound_completion<Handler, tracked, Args...>{
                           std::move(handler), std::move(args), std::move(work)});
    }
    void abandoned() noexcept override { held_.reset(); }
    void dispose() noexcept override { delete this; }

    std::optional<holdings> held_;
};

template <class Traits, class Handler, class Fallback>
void launch_token_wait(Traits&& traits, Handler&& handler, const Fallback& fallback) {
    auto ex = executor_of(handler, fallback);
    token_wait_for<Traits, std::decay_t<Handler>, decltype(ex)>::launch(
        std::move(traits), std::forward<Handler>(handler), ex);
}

/// Asio asks whether a function can be called with a token. The answer must be a
/// constraint: an error in the body would end the compilation instead.
template <class Token, class Signature>
concept token_for = asio::completion_token_for<Token, Signature>;

/// Gives an initiation the executor that some tokens ask it for: cancel_after makes its
/// timer from that.
template <class Executor>
struct initiation_executor {
    using executor_type = Executor;
    executor_type get_executor() const noexcept { return executor; }
    Executor executor;
};
template <>
struct initiation_executor<no_executor> {
    no_executor executor;
};

/// Starts a wait. `Fallback` is the type of an executor, or no_executor.
template <class Traits, class Fallback>
struct token_wait_initiation : initiation_executor<Fallback> {
    // By reference, because the traits contain the value that is sent.
    template <class Handler>
    void operator()(Handler handler, Traits&& traits) const {
        if constexpr (requires { traits.begin(); })
            begin_and_launch(std::move(handler), std::move(traits));
        else
            launch_token_wait(std::move(traits), std::move(handler), this->executor);
    }
    template <class Handler>
    void operator()(Handler handler, const Traits& traits) const {
        (*this)(std::move(handler), Traits(traits));
    }

private:
    template <class Handler>
    void begin_and_launch(Handler&& handler, Traits&& traits) const {
        traits.begin();
        auto kept = traits;
        try {
            launch_token_wait(std::move(traits), std::move(handler), this->executor);
        } catch (...) {
            kept.not_begun();
            throw;
        }
    }
};

/// Calls asio::async_initiate for an operation of this library.
template <class Signature, class Traits, class Fallback, class Token>
auto initiate_token_wait(Traits traits, Fallback fallback, Token&& token) {
    return asio::async_initiate<Token, Signature>(
        token_wait_initiation<Traits, Fallback>{{std::move(fallback)}}, token,
        std::move(traits));
}

template <executor_or_context E>
auto executor_in(E& e) {
    if constexpr (execution_context_type<E>)
        return e.get_executor();
    else
        return e;
}

}  // namespace heddle::detail
