// SPDX-License-Identifier: BSL-1.0
// The unit in which time is counted, and the conversion of every duration of a caller
// to it.
#pragma once

#include <heddle/detail/platform/config.hpp>

#include <chrono>
#include <cstdint>
#include <ratio>
#include <type_traits>

namespace heddle HEDDLE_VARIANT::detail {

using clock_duration = std::chrono::nanoseconds;
using clock_point = std::chrono::time_point<std::chrono::steady_clock, clock_duration>;

template <class Rep>
constexpr bool is_whole = std::is_integral_v<Rep> || std::is_same_v<Rep, wide_int> ||
                          std::is_same_v<Rep, wide_unsigned>;

[[noreturn]] HEDDLE_API void throw_not_a_number();

/// Turns a number of units into nanoseconds. A unit is times / parts nanoseconds, in
/// lowest terms.
template <class Period>
struct unit_of_time {
    using nanos_by_den = std::ratio<std::nano::den, Period::den>;  // in lowest terms
    static constexpr wide_int times = wide_int{Period::num} * nanos_by_den::num;
    static constexpr wide_int parts = nanos_by_den::den;
    static constexpr wide_int longest = clock_duration::max().count();

    static constexpr clock_duration of(wide_int n) noexcept {
        constexpr wide_int most = longest * parts / times;
        if (n > most)
            return clock_duration::max();
        if (n < -most)
            return clock_duration::min();
        wide_int whole = n * times / parts;
        return clock_duration(
            static_cast<clock_duration::rep>(whole + (whole * parts < n * times)));
    }

    static constexpr clock_duration of(long double n) {
        constexpr auto max = static_cast<long double>(longest);
        constexpr auto factor = static_cast<long double>(times);
        constexpr auto divisor = static_cast<long double>(parts);
        constexpr long double most = max * divisor / factor;
        if (is_nan(n))
            throw_not_a_number();
        // The first comparison keeps the product from overflowing; the second one,
        // below, catches a product that was rounded up.
        long double exact = n < most && n > -most ? n * factor / divisor : n;
        if (n >= most || exact >= max)
            return clock_duration::max();
        if (n <= -most || exact <= -max)
            return clock_duration::min();
        auto whole = static_cast<clock_duration::rep>(exact);
        return clock_duration(whole + (static_cast<long double>(whole) < exact));
    }
};

/// Converts any chrono duration to nanoseconds. It rounds up, so that no timer fires
/// early, and saturates, so that no value wraps. Every duration and every point of time
/// that a caller gives passes through here. Throws std::invalid_argument for NaN.
template <class Rep, class Period>
constexpr clock_duration
nanoseconds(std::chrono::duration<Rep, Period> d) noexcept(is_whole<Rep>) {
    using unit = unit_of_time<Period>;
    if constexpr (std::is_same_v<std::chrono::duration<Rep, Period>, clock_duration>)
        return d;
    else if constexpr (std::is_same_v<Rep, wide_unsigned>)
        return d.count() >> 127 != 0 ? clock_duration::max()
                                     : unit::of(static_cast<wide_int>(d.count()));
    else if constexpr (is_whole<Rep>)
        return unit::of(static_cast<wide_int>(d.count()));
    else if constexpr (requires { static_cast<long double>(d.count()); })
        return unit::of(static_cast<long double>(d.count()));
    else
        return unit::of(wide_int{static_cast<std::intmax_t>(d.count())});
}

template <class Duration>
constexpr clock_point
nanoseconds(std::chrono::time_point<std::chrono::steady_clock, Duration> t) noexcept(
    is_whole<typename Duration::rep>) {
    return clock_point(nanoseconds(t.time_since_epoch()));
}

/// The deadline `d` after `now`: at once for nothing or less, never for what cannot be
/// counted.
constexpr clock_point deadline_after(clock_point now, clock_duration d) noexcept {
    if (d <= clock_duration::zero())
        return clock_point::min();
    return d < clock_point::max() - now ? now + d : clock_point::max();
}

}  // namespace heddle::detail
