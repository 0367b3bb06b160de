// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/io/bind_done.hpp>
#include <heddle/done.hpp>

#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT {

/// What bind_done() returns: a completion token.
template <class Token>
struct bound_done {
    done_token done;
    Token token;
};

/// Adapts any completion token so that `done` cancels the operation: terminal
/// cancellation is emitted on the operation's associated executor, never during
/// initiation (on that of the socket or timer, if the handler is an
/// any_completion_handler). A slot that the token has already is chained, not replaced.
///
///     socket.async_read_some(buffer, heddle::bind_done(done, asio::use_awaitable));
///
/// Threads   the token may close on any thread; the associated executor must run
///           handlers one at a time, as Asio asks for every cancellation.
/// Cancel    an operation that completed first keeps its result.
/// Lifetime  an operation that has ended keeps neither its token nor its executor; and
///           when its handler is called, the cancellation handler that it put into the
///           slot it was given has gone.
template <class Token>
bound_done<std::decay_t<Token>> bind_done(done_token done, Token&& token) {
    return {std::move(done), std::forward<Token>(token)};
}

}  // namespace heddle

template <class Token, class Signature>
class heddle::asio::async_result<heddle::bound_done<Token>, Signature> {
public:
    template <class Initiation>
    using initiation_for = heddle::detail::done_initiation<std::decay_t<Initiation>>;

    /// The return type is written out, because Asio also asks for it with types that
    /// are no initiations.
    template <class Initiation, class Bound, class... Args>
    static auto initiate(Initiation&& initiation, Bound&& bound, Args&&... args)
        -> decltype(asio::async_initiate<Token, Signature>(
            std::declval<initiation_for<Initiation>>(), bound.token,
            std::move(bound.done), std::forward<Args>(args)...)) {
        return asio::async_initiate<Token, Signature>(
            initiation_for<Initiation>(std::forward<Initiation>(initiation)),
            bound.token, std::move(bound.done), std::forward<Args>(args)...);
    }
};
