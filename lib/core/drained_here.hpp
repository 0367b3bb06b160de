// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/platform/compiler.hpp>

namespace heddle HEDDLE_VARIANT::detail {

class host;

/// The host that this thread drains, or null. Each handler that comes in reads it: without a
/// call, in a shared library as well. A pointer is little enough for one that is loaded late.
/// Not for coroutines, which may go on in another thread: host::current().
HEDDLE_STATIC_TLS extern constinit thread_local host* drained_here;

}  // namespace heddle::detail
