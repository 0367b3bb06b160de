// SPDX-License-Identifier: BSL-1.0
// What the tree of done tokens knows of the bridges to std::stop_token. Where the standard
// library has none, no waiter is a bridge.
#pragma once

#include <heddle/detail/core/operation.hpp>

namespace heddle HEDDLE_VARIANT::detail {

#ifdef HEDDLE_HAS_STOP_TOKEN

/// Stops the std::stop_source of a bridge, and deletes the bridge.
void cross_stop_bridge(foreign_sleeper& s) noexcept;

/// Deletes a bridge to a token that nothing can close any more.
void discard_stop_bridge(sleeper& s) noexcept;

/// Returns whether that waiter of a token is a bridge: its wake calls functions of the user.
inline bool is_stop_bridge(const sleeper& s) noexcept {
    return s.is_foreign() &&
           static_cast<const foreign_sleeper&>(s).woken == cross_stop_bridge;
}

#else

inline void discard_stop_bridge(sleeper&) noexcept {}
inline bool is_stop_bridge(const sleeper&) noexcept { return false; }

#endif

}  // namespace heddle::detail
