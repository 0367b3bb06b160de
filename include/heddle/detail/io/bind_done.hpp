// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/handlers/emission.hpp>
#include <heddle/done.hpp>

#include <optional>
#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT {

namespace detail {

/// Lets a done token cancel an Asio operation that no task awaits. It is a waiter of
/// the token, is woken once at most, and then emits on the operation's executor.
/// Invariants:
///   [shell]  a slot that is chained may refer to this long after the operation. So it
///            gives up its token and its executor as soon as neither the handler, nor
///            watch(), nor the token's queue needs them any more.
///   [signal] nothing is emitted once the operation is over; then its slot is cleared,
///            never from inside an emission.
class HEDDLE_API done_emitter final : public foreign_sleeper, public pooled, pinned {
public:
    done_emitter(done_token token, const asio::any_io_executor& ex);

    void take() noexcept { refs_.take(); }
    void drop() noexcept {
        if (refs_.drop())
            delete this;
    }

    /// Called once, after initiation: from now on the token cancels the operation, at
    /// once if it is closed.
    void watch() noexcept;
    /// Called instead of watch() if the initiation threw.
    void not_begun() noexcept { release_one(); }
    /// Called on the executor when the operation has completed.
    void completed() noexcept;
    /// Called when the handler goes, whether it was called or not.
    void leave() noexcept;

    /// Emits a cancellation, unless the operation has completed. Called on the
    /// executor.
    void emit(asio::cancellation_type_t type = asio::cancellation_type::terminal);
    asio::cancellation_slot slot() noexcept { return signal_.slot(); }

private:
    struct watched : detail::pinned {
        watched(done_token t, const asio::any_io_executor& ex)
            : token(std::move(t)), operation(token.node()), executor(ex) {}

        done_token token;
        done_operation operation;
        foreign_executor executor;
    };

    ~done_emitter() = default;

    void post_emission() noexcept;

    friend emission<done_emitter>;
    bool has_completed() const noexcept { return emissions_.has_completed(); }
    void emitted() noexcept { drop(); }

    void release_one() noexcept {
        if (users_.drop())
            watched_.reset();
    }

    asio::cancellation_signal signal_;
    std::optional<watched> watched_;
    posted_memory memory_{*this};  // for the emission
    emission_count emissions_;
    ref_count users_{2};  // of watched_: one is the handler, the other is watch()
    ref_count refs_;
};

/// A handler whose operation a done token cancels.
template <class Handler>
class done_handler {
public:
    done_handler(Handler&& h, counted<done_emitter> e) noexcept
        : handler_(std::move(h)), emitter_(std::move(e)) {}
    done_handler(done_handler&&) noexcept = default;
    done_handler& operator=(done_handler&&) = delete;
    ~done_handler() {
        if (emitter_)
            emitter_->leave();  // destroyed uncalled
    }

    template <class... Args>
    void operator()(Args&&... args) {
        {
            auto emitter = std::move(emitter_);
            emitter->completed();
            emitter->leave();
        }
        std::move(handler_)(std::forward<Args>(args)...);
    }

    asio::cancellation_slot slot() const noexcept { return emitter_->slot(); }
    const Handler& inner() const noexcept { return handler_; }

private:
    Handler handler_;
    counted<done_emitter> emitter_;
};

struct chain_emission {
    explicit chain_emission(counted<done_emitter> e) noexcept : emitter(std::move(e)) {}
    void operator()(asio::cancellation_type_t type) {
        auto kept = emitter;  // the slot may be reused meanwhile
        kept->emit(type);
    }
    counted<done_emitter> emitter;
};

/// Passes on the executor of an initiation, if it has one: some tokens ask for it, as
/// cancel_after does.
template <class Initiation>
struct same_executor {};
template <class Initiation>
    requires requires { typename Initiation::executor_type; }
struct same_executor<Initiation> {
    using executor_type = typename Initiation::executor_type;
};

template <class Initiation>
struct done_initiation : same_executor<Initiation> {
    explicit done_initiation(Initiation&& i) : initiation(std::move(i)) {}
    explicit done_initiation(const Initiation& i) : initiation(i) {}

    Initiation initiation;

    auto get_executor() const noexcept
        requires requires(const Initiation& i) { i.get_executor(); }
    {
        return initiation.get_executor();
    }

    template <class Handler, class... Args>
    void operator()(Handler&& handler, done_token token, Args&&... args) && {
        using plain = std::decay_t<Handler>;
        auto slot = asio::get_associated_cancellation_slot(handler);
        auto emitter = counted<done_emitter>::adopt(
            new done_emitter(std::move(token), executor_of_operation(handler)));
        if (slot.is_connected())
            slot.template emplace<chain_emission>(emitter);
        try {
            std::move(initiation)(
                done_handler<plain>(std::forward<Handler>(handler), emitter),
                std::forward<Args>(args)...);
        } catch (...) {
            emitter->not_begun();
            throw;
        }
        emitter->watch();  // never emitted during initiation
    }

    template <class Handler>
    asio::any_io_executor executor_of_operation(const Handler& h) const {
        if constexpr (requires { initiation.get_executor(); })
            return executor_of(h, initiation.get_executor());
        else
            return executor_of(h, asio::system_executor());
    }

    /// Some executors cannot be posted to, as that of newer Asio's
    /// any_completion_handler: then the fallback is used.
    template <class Handler, class Fallback>
    static asio::any_io_executor executor_of(const Handler& h,
                                             const Fallback& fallback) {
        auto ex = asio::get_associated_executor(h, fallback);
        if constexpr (std::is_convertible_v<decltype(ex), asio::any_io_executor>)
            return ex;
        else
            return fallback;
    }
};

}  // namespace detail

}  // namespace heddle

/// Every other question that Asio asks about the handler goes to the one it wraps.
template <template <class, class> class Associator, class Handler, class Default>
struct heddle::asio::associator<Associator, heddle::detail::done_handler<Handler>,
                                Default> : Associator<Handler, Default> {
    static auto get(const heddle::detail::done_handler<Handler>& h) noexcept {
        return Associator<Handler, Default>::get(h.inner());
    }
    static auto get(const heddle::detail::done_handler<Handler>& h,
                    const Default& d) noexcept {
        return Associator<Handler, Default>::get(h.inner(), d);
    }
};

template <class Handler, class Slot>
struct heddle::asio::associated_cancellation_slot<heddle::detail::done_handler<Handler>,
                                                  Slot> {
    using type = asio::cancellation_slot;

    static type get(const heddle::detail::done_handler<Handler>& h) noexcept {
        return h.slot();
    }
    static type get(const heddle::detail::done_handler<Handler>& h,
                    const Slot&) noexcept {
        return h.slot();
    }
};
