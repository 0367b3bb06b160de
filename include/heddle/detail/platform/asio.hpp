// SPDX-License-Identifier: BSL-1.0
// The library includes most of Asio through this header, which also holds the names
// that moved between Asio's versions. A build on Boost.Asio would be a switch in this
// file.
#pragma once

#include <heddle/detail/platform/agreement.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_allocator.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/defer.hpp>
#include <asio/error.hpp>
#include <asio/execution.hpp>
#include <asio/execution_context.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/prefer.hpp>
#include <asio/query.hpp>
#include <asio/require.hpp>
#include <asio/system_error.hpp>
#include <asio/system_executor.hpp>
#include <asio/version.hpp>

#include <typeinfo>

#if ASIO_VERSION < 102400
#include <asio/experimental/as_tuple.hpp>
#include <asio/experimental/deferred.hpp>
#else
#include <asio/as_tuple.hpp>
#include <asio/deferred.hpp>
#endif

// The executor of use_future's handlers. No public name of Asio tells it from an
// executor that the caller has chosen.
namespace asio {
#ifdef ASIO_INLINE_NAMESPACE_BEGIN
ASIO_INLINE_NAMESPACE_BEGIN
#endif
namespace detail {
template <typename T, typename Blocking>
class promise_executor;
}
#ifdef ASIO_INLINE_NAMESPACE_END
ASIO_INLINE_NAMESPACE_END
#endif
}  // namespace asio

namespace heddle HEDDLE_VARIANT::detail {

// The home of as_tuple and deferred.
#if ASIO_VERSION < 102400
namespace asio_tokens = asio::experimental;
#else
namespace asio_tokens = asio;
#endif

/// The executor of that type in it, or null. Asio's target<E>() trusts its caller
/// (1.22.1: an unchecked cast).
template <class E>
const E* target_of(const asio::any_io_executor& ex) noexcept {
#ifndef ASIO_NO_TYPEID
    if (ex.target_type() == typeid(E))
        return ex.target<E>();
#endif
    return nullptr;
}

}  // namespace heddle::detail
