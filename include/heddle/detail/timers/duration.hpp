// SPDX-License-Identifier: BSL-1.0
// The unit in which time is counted, and the conversion of every duration of a caller
// to it.
#pragma once

#include <heddle/detail/platform/config.hpp>

#include <chrono>
#include <cstdint>
#include <numeric>
#include <ratio>
#include <type_traits>

namespace heddle {

/// Durations and points of the host's clock, in nanoseconds.
using duration = std::chrono::nanoseconds;
using time_point = std::chrono::time_point<std::chrono::steady_clock, duration>;

namespace detail {

__extension__ typedef __int128 wide_int;
__extension__ typedef unsigned __int128 wide_unsigned;

template <class Rep>
constexpr bool is_whole = std::is_integral_v<Rep> || std::is_same_v<Rep, wide_int> ||
                          std::is_same_v<Rep, wide_unsigned>;

[[noreturn]] HEDDLE_API void throw_not_a_number();

/// Turns a number of units into nanoseconds. A unit is times / parts nanoseconds, in
/// lowest terms.
template <class Period>
struct unit_of_time {
    static constexpr std::intmax_t common = std::gcd(std::nano::den, Period::den);
    static constexpr wide_int times = wide_int{Period::num} * (std::nano::den / common);
    static constexpr wide_int parts = Period::den / common;
    static constexpr wide_int longest = duration::max().count();

    static constexpr duration of(wide_int n) noexcept {
        constexpr wide_int most = longest * parts / times;
        if (n > most)
            return duration::max();
        if (n < -most)
            return duration::min();
        wide_int whole = n * times / parts;
        return duration(
            static_cast<duration::rep>(whole + (whole * parts < n * times)));
    }

    static constexpr duration of(long double n) {
        constexpr auto max = static_cast<long double>(longest);
        constexpr auto factor = static_cast<long double>(times);
        constexpr auto divisor = static_cast<long double>(parts);
        constexpr long double most = max * divisor / factor;
        if (__builtin_isnan(n))
            throw_not_a_number();
        // The first comparison keeps the product from overflowing; the second one,
        // below, catches a product that was rounded up.
        long double exact = n < most && n > -most ? n * factor / divisor : n;
        if (n >= most || exact >= max)
            return duration::max();
        if (n <= -most || exact <= -max)
            return duration::min();
        auto whole = static_cast<duration::rep>(exact);
        return duration(whole + (static_cast<long double>(whole) < exact));
    }
};

/// Converts any chrono duration to nanoseconds. It rounds up, so that no timer fires
/// early, and saturates, so that no value wraps. Every duration and every point of time
/// that a caller gives passes through here. Throws std::invalid_argument for NaN.
template <class Rep, class Period>
constexpr duration
nanoseconds(std::chrono::duration<Rep, Period> d) noexcept(is_whole<Rep>) {
    using unit = unit_of_time<Period>;
    if constexpr (std::is_same_v<std::chrono::duration<Rep, Period>, duration>)
        return d;
    else if constexpr (std::is_same_v<Rep, wide_unsigned>)
        return d.count() >> 127 != 0 ? duration::max()
                                     : unit::of(static_cast<wide_int>(d.count()));
    else if constexpr (is_whole<Rep>)
        return unit::of(static_cast<wide_int>(d.count()));
    else if constexpr (requires { static_cast<long double>(d.count()); })
        return unit::of(static_cast<long double>(d.count()));
    else
        return unit::of(wide_int{static_cast<std::intmax_t>(d.count())});
}

template <class Duration>
constexpr time_point
nanoseconds(std::chrono::time_point<std::chrono::steady_clock, Duration> t) noexcept(
    is_whole<typename Duration::rep>) {
    return time_point(nanoseconds(t.time_since_epoch()));
}

/// Returns the deadline `d` after `now`: min(), which is at once, if `d` is not
/// positive; max(), which is never, if the sum overflows.
constexpr time_point deadline_after(time_point now, duration d) noexcept {
    if (d <= duration::zero())
        return time_point::min();
    return d < time_point::max() - now ? now + d : time_point::max();
}

}  // namespace detail

/// A duration that is made of any other: rounded up to nanoseconds, and saturated. An
/// option of this type takes 20ms, 1.5s and hours::max() as after() does.
///
/// Errors    a value that is not a number throws std::invalid_argument.
class any_duration : public duration {
public:
    constexpr any_duration() noexcept : duration(zero()) {}
    template <class Rep, class Period>
    constexpr any_duration(std::chrono::duration<Rep, Period> d) noexcept(
        detail::is_whole<Rep>)
        : duration(detail::nanoseconds(d)) {}
};

}  // namespace heddle
