// SPDX-License-Identifier: BSL-1.0
// Asio operations of which a test decides every step.
#pragma once

#include <heddle/asio.hpp>

#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/bind_executor.hpp>
#include <asio/compose.hpp>
#include <asio/dispatch.hpp>
#include <asio/post.hpp>

#include <functional>
#include <memory>
#include <stdexcept>
#include <utility>

namespace test {

#if ASIO_VERSION < 102400
using asio::experimental::as_tuple;
#else
using asio::as_tuple;
#endif

/// The result of awaiting an operation.
template <class Op>
auto result(Op&& op) -> decltype(std::declval<Op>()
                                     .await_by(std::declval<heddle::detail::process&>())
                                     .await_resume());

/// An operation that stays in flight until the test completes it or drops it, or the
/// waiting task cancels it. It counts these events.
template <class Signature>
class held;

template <class... Results>
class held<void(Results...)> {
    struct base {
        virtual ~base() = default;
        virtual asio::any_io_executor executor() const = 0;
        virtual void call(Results...) = 0;
        virtual void call_inline(Results...) = 0;
    };
    template <class Handler>
    struct holder final : base {
        explicit holder(Handler&& h) : handler(std::move(h)) {}
        asio::any_io_executor executor() const override {
            return asio::get_associated_executor(handler);
        }
        void call(Results... results) override {
            auto ex = asio::get_associated_executor(handler);
            asio::dispatch(
                ex, [h = std::move(handler),
                     all = std::tuple<Results...>(std::move(results)...)]() mutable {
                    std::apply(std::move(h), std::move(all));
                });
        }
        void call_inline(Results... results) override {
            auto h = std::move(handler);
            h(std::move(results)...);
        }
        Handler handler;
    };

public:
    template <class Token>
    auto start(Token&& token) {
        return asio::async_initiate<Token, void(Results...)>(
            [this](auto handler) {
                ++started_;
                auto slot = asio::get_associated_cancellation_slot(handler);
                connected_ = slot.is_connected();
                using handler_type = decltype(handler);
                handler_ = std::make_unique<holder<handler_type>>(std::move(handler));
                if (slot.is_connected())
                    slot.assign([this](asio::cancellation_type type) {
                        ++cancelled_;
                        terminal_ = type == asio::cancellation_type::terminal;
                        if (on_cancel)
                            on_cancel();
                    });
                if (on_start)
                    on_start();
            },
            token);
    }

    int started() const { return started_; }
    bool waiting() const { return handler_ != nullptr; }
    asio::any_io_executor executor() const { return handler_->executor(); }
    bool connected() const { return connected_; }  // whether there was a slot
    // How often the cancellation was emitted.
    int cancelled() const { return cancelled_; }
    bool terminal() const { return terminal_; }

    /// Completes as Asio's operations do: on the handler's executor, by dispatch.
    void complete(Results... results) {
        std::exchange(handler_, nullptr)->call(std::move(results)...);
    }
    void complete_inline(Results... results) {
        std::exchange(handler_, nullptr)->call_inline(std::move(results)...);
    }
    void drop() { handler_.reset(); }

    std::function<void()> on_start;   // called at the end of the initiation
    std::function<void()> on_cancel;  // called when the cancellation arrives

private:
    std::unique_ptr<base> handler_;
    int started_ = 0;
    int cancelled_ = 0;
    bool connected_ = false;
    bool terminal_ = false;
};

/// Completes inside its initiation.
template <class Token>
auto immediately(int value, Token&& token) {
    return asio::async_initiate<Token, void(heddle::error_code, int)>(
        [](auto handler, int v) { std::move(handler)(heddle::error_code(), v); }, token,
        value);
}

/// Fails to start.
template <class Token>
auto failing_initiation(Token&& token) {
    return asio::async_initiate<Token, void(heddle::error_code)>(
        [](auto) { throw std::runtime_error("initiation"); }, token);
}

/// Destroys its handler inside its initiation, without a call.
template <class Token>
auto dropped_at_once(Token&& token) {
    return asio::async_initiate<Token, void(heddle::error_code)>(
        [](auto handler) { auto gone = std::move(handler); }, token);
}

/// A composed operation that posts itself to a context a number of times.
template <class Step, class Token>
auto stepping(Step step, asio::io_context& ctx, int times, Token&& token) {
    return asio::async_compose<Token, void(heddle::error_code)>(
        [step, &ctx, times, first = true](auto& self) mutable {
            if (!std::exchange(first, false))
                step();
            if (times-- == 0)
                return self.complete({});
            asio::post(ctx, asio::bind_executor(self.get_executor(), std::move(self)));
        },
        token, ctx);
}

}  // namespace test
