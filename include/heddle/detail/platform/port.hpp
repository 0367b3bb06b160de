// SPDX-License-Identifier: BSL-1.0
// The calls of the operating system that headers need. lib/platform/port.hpp has the
// others, and says what a port is.
#pragma once

#include <heddle/detail/platform/compiler.hpp>

#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#endif

namespace heddle HEDDLE_VARIANT::detail::port {

/// Returns whether this process has never started a second thread. It is called before
/// each lock, so it is inline; and it is marked likely, since a mispredicted jump is hidden
/// by the locked instruction that follows it on the other path. A port may return false:
/// then no lock is left out.
inline bool single_threaded() noexcept {
#if __has_include(<sys/single_threaded.h>)
    return __builtin_expect(__libc_single_threaded != 0, 1);
#else
    return false;
#endif
}

/// Gives the core to another thread, as this one has nothing to do until that has run.
HEDDLE_API void yield_thread() noexcept;

}  // namespace heddle::detail::port
