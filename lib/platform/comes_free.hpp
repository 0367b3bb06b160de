// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/platform/config.hpp>

namespace heddle HEDDLE_VARIANT::detail {

/// Returns whether the lock is free, now or within 50 ms. It never is if a debugger has
/// stopped this thread while it holds the lock, and now calls the function that asks.
bool comes_free(spin_lock& lock) noexcept;

/// What a dump says instead of what such a lock guards.
inline constexpr const char* stopped_inside =
    "heddle: busy: a debugger has stopped a thread inside heddle; let it run on, to a "
    "line of your own, and ask again";

}  // namespace heddle::detail
