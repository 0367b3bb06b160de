// SPDX-License-Identifier: BSL-1.0
// The concepts of the functions that are told where to run.
#pragma once

#include <heddle/detail/platform/asio.hpp>

#include <type_traits>

namespace heddle HEDDLE_VARIANT {

/// One of Asio's execution contexts, such as an io_context.
template <class E>
concept execution_context_type =
    std::is_base_of_v<asio::execution_context, std::remove_cvref_t<E>>;

/// An executor of Asio's, and no context.
template <class E>
concept executor_only = asio::execution::is_executor<std::remove_cvref_t<E>>::value &&
                        std::is_convertible_v<E, asio::any_io_executor>;

/// Where a task or a handler can run: an executor, or a context, which stands for its
/// executor.
template <class E>
concept executor_or_context = execution_context_type<E> || executor_only<E>;

}  // namespace heddle
