// SPDX-License-Identifier: BSL-1.0
// Finds the host that belongs to an executor or a context.
#pragma once

#include <heddle/detail/core/host.hpp>
#include <heddle/executor.hpp>

#include <cstddef>
#include <type_traits>

namespace heddle HEDDLE_VARIANT::detail {

/// The host of an executor: for an io_context, its executor and this_task::executor()
/// the host that is there; for any other a new one.
HEDDLE_API counted<host> host_of(const asio::any_io_executor& ex);
HEDDLE_API counted<host> host_of(asio::io_context& ctx);
HEDDLE_API counted<host> host_of(asio::execution_context& ctx,
                                 const asio::any_io_executor& ex);
/// A worker of the parallel host of the context, which is made with n workers if there
/// is none yet. If time is virtual or the schedule is seeded, it is the serial host
/// instead.
HEDDLE_API counted<host> worker_of(asio::io_context& ctx, std::size_t n);

template <executor_or_context E>
counted<host> host_for(E& e) {
    if constexpr (std::is_base_of_v<asio::io_context, E>)
        return host_of(static_cast<asio::io_context&>(e));
    else if constexpr (execution_context_type<E>)
        return host_of(e, asio::any_io_executor(e.get_executor()));
    else
        return host_of(asio::any_io_executor(e));
}

}  // namespace heddle::detail
