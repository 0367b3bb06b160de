// SPDX-License-Identifier: BSL-1.0
// The types in which the library counts time.
#pragma once

#include <heddle/detail/timers/duration.hpp>

#include <chrono>

namespace heddle HEDDLE_VARIANT {

/// Durations and points of the host's clock, in nanoseconds.
using duration = std::chrono::nanoseconds;
using time_point = std::chrono::time_point<std::chrono::steady_clock, duration>;

/// A duration that is made of any other: rounded up to nanoseconds, and saturated. An
/// option of this type takes 20ms, 1.5s and hours::max() as after() does.
///
/// Errors    made of a duration that is not a number: std::invalid_argument.
class any_duration : public duration {
public:
    constexpr any_duration() noexcept : duration(zero()) {}
    template <class Rep, class Period>
    constexpr any_duration(std::chrono::duration<Rep, Period> d) noexcept(
        detail::is_whole<Rep>)
        : duration(detail::nanoseconds(d)) {}
};

}  // namespace heddle
