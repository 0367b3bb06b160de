// SPDX-License-Identifier: BSL-1.0
// Two completion tokens of Asio's, under one name whatever its version.
#pragma once

#include <heddle/detail/platform/asio.hpp>

namespace heddle HEDDLE_VARIANT {

/// Asio's as_tuple: the operation gives all its results as a tuple, the error code
/// among them, and throws no error.
///
///     auto [ec, n] = co_await socket.async_read_some(buffer, as_tuple(use_task));
using detail::asio_tokens::as_tuple;

/// Asio's deferred: the operation is not started, but returned. A task can `co_await`
/// it, and an inflight starts it.
///
///     co_await timer.async_wait(heddle::deferred);
using detail::asio_tokens::deferred_t;
inline constexpr const deferred_t& deferred = detail::asio_tokens::deferred;

}  // namespace heddle
