// SPDX-License-Identifier: BSL-1.0
// Completion handlers (of callbacks, futures, other coroutines) wait in the same
// operation objects as tasks.
#pragma once

#include <heddle/asio_tokens.hpp>
#include <heddle/detail/context/context_guest.hpp>
#include <heddle/detail/context/foreign_executor.hpp>
#include <heddle/detail/context/host_for.hpp>
#include <heddle/detail/handlers/handler_executor.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

class context_state;

/// The arms of a select by a completion handler. The index of each is set, and its
/// sibling is the next arm.
struct arms_of_wait {
    operation* const* ops;
    std::size_t n;
    select_rule rule;
};

/// A completion handler that waits in an operation, or in the first of several: they are
/// each other's siblings. Invariants:
///   [listed] from start() until it is settled it is in its context's list; a context that
///            dies destroys the handlers in its list instead of calling them, and waits
///            for those that another thread is settling.
///   [claim]  as for a process: the thread that claims the word settles the wait. Its
///            operation is never exclusive, since the end of the context claims it too.
///   [shell]  a cancellation slot, and the end of the context, may refer to this after it was
///            settled. So the settling thread destroys all that it holds; from then on only
///            its word and its reference count are touched.
///   [room]   where it held that, the posted handler is stored until it is called or
///            destroyed: so a wake needs no memory, if the executor can do without. The
///            wait's own reference is dropped with it.
class HEDDLE_API token_wait : public context_guest, public foreign_sleeper {
public:
    /// Cancels, from the handler's cancellation slot.
    void cancel() noexcept;

    /// Destroys the handler uncalled, unless the wait was settled. Called at the end of
    /// the context.
    bool abandon() noexcept final;

protected:
    token_wait() noexcept;
    ~token_wait() override = default;

    /// Tries the operation, and enlists in it if it cannot happen now.
    void start(asio::execution_context& ctx, operation& op);

    /// The same for the first of several that can happen: lib/wait/token_select.cpp.
    void start(asio::execution_context& ctx, const arms_of_wait& arms);

private:
    void begin(asio::execution_context& ctx, operation* first);
    bool claim_and_withdraw() noexcept;
    void settle_and_leave(bool aborted) noexcept;
    virtual void settle(bool aborted) noexcept = 0;  // posts the completion
    virtual void abandoned() noexcept = 0;           // destroys all that it holds

    std::shared_ptr<context_state> state_;
    operation* op_ = nullptr;  // the first; null: none
};

/// The function object that is posted: a handler and its arguments. It alone holds work of
/// the executor from then on, so that this ends where the handler is called.
template <class Handler, class Tracked, class... Args>
struct bound_completion {
    Handler handler;
    std::tuple<Args...> args;
    Tracked work;

    void operator()() {
        std::apply([this](auto&... arg) { std::move(handler)(unboxed(arg)...); }, args);
    }
};

template <class Handler, class Tracked, class Result>
struct completion_with;
template <class Handler, class Tracked, class... Args>
struct completion_with<Handler, Tracked, std::tuple<Args...>> {
    using type = bound_completion<Handler, Tracked, Args...>;
};

/// The memory of a settled wait, for the handler that is posted [room]. To free that is to
/// drop the wait: so it is only for an executor that allocates once in a post, and that uses
/// no copy of the allocator later.
template <class T, class Wait>
class wait_allocator {
public:
    using value_type = T;

    explicit wait_allocator(Wait& w) noexcept : wait_(&w) {}
    template <class U>
    wait_allocator(const wait_allocator<U, Wait>& o) noexcept : wait_(o.wait_) {}

    T* allocate(std::size_t n) {
        return static_cast<T*>(fits(n) ? wait_->room() : ::operator new(n * sizeof(T)));
    }
    void deallocate(T* p, std::size_t n) noexcept {
        if (!fits(n))
            ::operator delete(p);
        wait_->drop();
    }

    friend bool operator==(const wait_allocator& a, const wait_allocator& b) noexcept {
        return a.wait_ == b.wait_;
    }

private:
    template <class U, class W>
    friend class wait_allocator;

    static bool fits(std::size_t n) noexcept {
        return n * sizeof(T) <= Wait::room_size && alignof(T) <= Wait::room_alignment;
    }

    Wait* wait_;
};

template <class Completion, class Wait>
struct completion_in_wait : Completion {
    using allocator_type = wait_allocator<void, Wait>;
    allocator_type get_allocator() const noexcept { return allocator_type(*wait); }

    Wait* wait;
};

/// Does a post to it allocate just once, from the handler's allocator? A post to an
/// io_context does, so it cannot fail for memory. To other executors post_in_place() posts
/// without. What cannot be in any_io_executor is posted as it is, and the program ends if
/// there is no memory for it.
template <class Executor>
constexpr bool allocates_once = false;
template <auto Bits>
constexpr bool
    allocates_once<asio::io_context::basic_executor_type<std::allocator<void>, Bits>> =
        true;

template <class Executor, class Work>
using executor_with = std::decay_t<decltype(asio::prefer(
    std::declval<const Executor&>(), std::declval<Work>()))>;

template <class Executor>
using held_executor =
    std::conditional_t<!allocates_once<Executor> &&
                           std::is_convertible_v<Executor, asio::any_io_executor>,
                       asio::any_io_executor, Executor>;

/// Traits: `using operation`, an operation or several, constructed from (Traits&);
/// `auto result(operation&, bool aborted)` gives the tuple of the handler's arguments; both
/// run once.
template <class Traits, class Handler, class Executor>
class token_wait_for final : public token_wait, public pooled {
    static constexpr bool one =
        std::is_base_of_v<operation, typename Traits::operation>;
    using work_t = asio::execution::outstanding_work_t;
    using tracked = held_executor<executor_with<Executor, work_t::tracked_t>>;
    using untracked = held_executor<executor_with<Executor, work_t::untracked_t>>;
    static constexpr bool erased = std::is_same_v<tracked, asio::any_io_executor>;

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
            wait->start(ctx, arms(wait->held_.operation));
        } catch (...) {
            if (cancellable)
                slot.clear();  // its canceller holds the handler, which may own the slot
            throw;
        }
        wait.leave();  // the wait's own reference, dropped when it is settled [room]
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

    /// The executor without work. To take it from one with work may need memory, if its type
    /// is erased.
    struct taken_executor {
        explicit taken_executor(const Executor&) noexcept {}
        untracked without(const tracked& work) const noexcept {
            return asio::prefer(work, work_t::untracked_t());
        }
    };
    struct stored_executor {
        explicit stored_executor(const Executor& ex)
            : executor(asio::prefer(ex, work_t::untracked_t())) {}
        untracked without(const tracked&) noexcept { return std::move(executor); }
        untracked executor;
    };
    using kept_executor = std::conditional_t<erased, stored_executor, taken_executor>;

    /// The operation, and the handler that waits in it.
    struct holdings : detail::pinned {
        holdings(Traits&& t, Handler&& h, const Executor& ex)
            : traits(std::move(t)), operation(traits), handler(std::move(h)),
              executor(ex), work(asio::prefer(ex, work_t::tracked_t())) {}

        Traits traits;
        typename Traits::operation operation;
        Handler handler;
        [[no_unique_address]] kept_executor executor;
        tracked work;
    };

    token_wait_for(Traits&& traits, Handler&& handler, const Executor& ex)
        : held_(std::move(traits), std::move(handler), ex) {
        occupy(held_.operation);
    }
    ~token_wait_for() override {
        if (holds_)
            held_.~holdings();
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

    using result_type = decltype(std::declval<Traits&>().result(
        std::declval<typename Traits::operation&>(), bool()));
    using completion = typename completion_with<Handler, tracked, result_type>::type;
    using completion_here = completion_in_wait<completion, token_wait_for>;

    /// Lies in the room if an errand is posted, which calls the completion.
    struct posted {
        completion call;
        posted_memory memory;
    };

    class errand_of_wait {
    public:
        explicit errand_of_wait(token_wait_for& w) noexcept : wait_(&w) {}
        errand_of_wait(errand_of_wait&& o) noexcept
            : wait_(std::exchange(o.wait_, nullptr)) {}
        errand_of_wait& operator=(errand_of_wait&&) = delete;
        ~errand_of_wait() {
            if (wait_)
                (void)wait_->take_posted();
        }
        void operator()() { std::exchange(wait_, nullptr)->take_posted()(); }

    private:
        token_wait_for* wait_;
    };

    void settle(bool aborted) noexcept override {
        Handler handler(std::move(held_.handler));
        auto args = held_.traits.result(held_.operation, aborted);
        untracked ex(held_.executor.without(held_.work));
        tracked work(std::move(held_.work));
        empty();  // [shell]
        post(ex, std::move(work), std::move(handler), std::move(args));
    }
    void post(const untracked& ex, tracked&& work, Handler&& handler,
              result_type&& args) {
        auto made = [&] {
            return completion{std::move(handler), std::move(args), std::move(work)};
        };
        if constexpr (erased) {
            auto* p =
                ::new (static_cast<void*>(room_)) posted{made(), posted_memory(*this)};
            post_in_place(ex, errand_of_wait(*this), p->memory);  // [room]
        } else {
            before_post(ex);
            if constexpr (allocates_once<untracked>) {
                asio::post(ex, completion_here{made(), this});  // [room]
            } else {
                drop();  // before the call: it may want the memory
                asio::post(ex, made());
            }
        }
    }
    completion take_posted() noexcept {
        auto* p = std::launder(reinterpret_cast<posted*>(room_));
        completion call(std::move(p->call));
        std::destroy_at(&p->call);  // the memory may still be in use by a strand
        drop();                     // before the call: it may want the memory
        return call;
    }
    void abandoned() noexcept override { empty(); }
    void dispose() noexcept override { delete this; }

    void empty() noexcept {
        holds_ = false;
        held_.~holdings();
    }

    template <class T, class Wait>
    friend class wait_allocator;

    /// Asio makes an operation of the handler, with its allocator and a few pointers.
    static constexpr std::size_t room_size =
        std::max(sizeof(holdings),
                 erased ? sizeof(posted) : sizeof(completion_here) + 5 * sizeof(void*));
    static constexpr std::size_t room_alignment = std::max(
        alignof(holdings), erased ? alignof(posted) : alignof(completion_here));
    void* room() noexcept { return room_; }

    bool holds_ = true;
    union {
        holdings held_;                                      // while it holds_ them
        alignas(room_alignment) std::byte room_[room_size];  // then [room]
    };
};

template <class Traits, class Handler, class Fallback>
void launch_token_wait(Traits&& traits, Handler&& handler, const Fallback& fallback) {
    auto ex = executor_of(handler, fallback);
    token_wait_for<Traits, std::decay_t<Handler>, decltype(ex)>::launch(
        std::move(traits), std::forward<Handler>(handler), ex);
}

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

}  // namespace heddle::detail
