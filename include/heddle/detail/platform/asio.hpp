// SPDX-License-Identifier: BSL-1.0
// The library includes most of Asio through this header, which also holds the names
// that moved between Asio's versions, and the switch between the standalone Asio and Boost's:
// inside heddle, asio is the one or the other.
#pragma once

#include <heddle/detail/platform/agreement.hpp>
#include <heddle/detail/platform/error_code.hpp>

#include HEDDLE_ASIO(any_io_executor.hpp)
#include HEDDLE_ASIO(associated_allocator.hpp)
#include HEDDLE_ASIO(associated_cancellation_slot.hpp)
#include HEDDLE_ASIO(associated_executor.hpp)
#include HEDDLE_ASIO(async_result.hpp)
#include HEDDLE_ASIO(cancellation_signal.hpp)
#include HEDDLE_ASIO(cancellation_type.hpp)
#include HEDDLE_ASIO(defer.hpp)
#include HEDDLE_ASIO(error.hpp)
#include HEDDLE_ASIO(execution.hpp)
#include HEDDLE_ASIO(execution_context.hpp)
#include HEDDLE_ASIO(io_context.hpp)
#include HEDDLE_ASIO(post.hpp)
#include HEDDLE_ASIO(prefer.hpp)
#include HEDDLE_ASIO(query.hpp)
#include HEDDLE_ASIO(require.hpp)
#include HEDDLE_ASIO(system_executor.hpp)
#include HEDDLE_ASIO(version.hpp)

#include <typeinfo>

#if HEDDLE_ASIO_VERSION < 102400
#include <asio/experimental/as_tuple.hpp>
#include <asio/experimental/deferred.hpp>
#else
#include HEDDLE_ASIO(as_tuple.hpp)
#include HEDDLE_ASIO(deferred.hpp)
#endif

// The executor of use_future's handlers: no public name of Asio tells it from an
// executor that the caller has chosen. And what an asio::awaitable is made of, so that
// one that awaits the wrong thing is told what to write.
#if HEDDLE_ON_BOOST
namespace boost::asio {
#else
namespace asio {
#endif
#ifdef ASIO_INLINE_NAMESPACE_BEGIN
ASIO_INLINE_NAMESPACE_BEGIN
#endif
template <typename T, typename Executor>
class awaitable;
namespace detail {
template <typename T, typename Blocking>
class promise_executor;
template <typename Executor>
class awaitable_frame_base;
template <typename Executor>
class awaitable_thread;
}  // namespace detail
#if HEDDLE_ASIO_VERSION < 102400
// Asio's own, if it had one, would be the better match.
template <class Token, class... None>
auto as_tuple(Token&& token, None&&...) {
    constexpr bool right = sizeof...(None) > 0;
    static_assert(right, "heddle: Asio 1.22 has no asio::as_tuple: write "
                         "heddle::as_tuple(token)");
    return experimental::as_tuple(static_cast<Token&&>(token));
}
#endif
#ifdef ASIO_INLINE_NAMESPACE_END
ASIO_INLINE_NAMESPACE_END
#endif
}  // namespace asio

namespace heddle HEDDLE_VARIANT::detail {

// The home of as_tuple and deferred.
#if HEDDLE_ASIO_VERSION < 102400
namespace asio_tokens = asio::experimental;
#else
namespace asio_tokens = asio;
#endif

/// Whether an asio::awaitable can co_await what starts when it is called with a token.
inline constexpr bool asio_awaits_operations = HEDDLE_ASIO_VERSION >= 102400;

/// The executor of that type in it, or null. Asio's target<E>() trusts its caller
/// (1.22.1: an unchecked cast).
template <class E>
const E* target_of(const asio::any_io_executor& ex) noexcept {
#if HEDDLE_HAS_TYPEID
    if (ex.target_type() == typeid(E))
        return ex.target<E>();
#endif
    return nullptr;
}

}  // namespace heddle::detail
