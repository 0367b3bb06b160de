// SPDX-License-Identifier: BSL-1.0
#include <heddle/resilience/rate_limiter.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>

namespace heddle HEDDLE_VARIANT::detail {

namespace {

/// How long `n` of them take; never so long that a sum with a point of time overflows.
duration cost(const rate& r, std::size_t n) noexcept {
    constexpr auto longest = duration::max().count() / 4;
    auto each = r.interval.count();
    auto most = static_cast<std::size_t>(longest / each);
    return duration(n < most ? each * static_cast<duration::rep>(n) : longest);
}

/// A sum that saturates.
time_point later(time_point from, duration by) noexcept {
    return from < time_point::max() - by ? from + by : time_point::max();
}

void require_possible(const rate& r, std::size_t n) {
    if (n == 0 || n > r.burst)
        throw std::invalid_argument("heddle: rate_limiter: acquire(" +
                                    std::to_string(n) + ") with a burst of " +
                                    std::to_string(r.burst) +
                                    ": the number must be 1 or more, and fit a burst");
}

}  // namespace

rate::rate(std::size_t n, duration per, std::size_t most) : interval(1), burst(most) {
    bool counts = per > duration::zero() && n != 0 && burst != 0 &&
                  n <= static_cast<std::size_t>(per.count());
    if (!counts)
        throw std::invalid_argument(
            "heddle: rate_limiter(" + std::to_string(n) + ", " +
            std::to_string(per.count()) + "ns, " + std::to_string(burst) +
            "): the number, the time and the burst must be 1 or more, and the rate at "
            "most one in a nanosecond");
    // Rounded up: the rate is not exceeded.
    auto whole = static_cast<duration::rep>(n);
    interval = duration(per.count() / whole + (per.count() % whole != 0));
}

rate_state::place rate_state::reserve(const rate& r, std::size_t n) {
    require_possible(r, n);
    time_point at = now();
    duration ahead = cost(r, n), tolerance = cost(r, r.burst);
    guard g(lock_);
    place p;
    p.before = arrival_;
    p.after = later(std::max(at, arrival_), ahead);
    p.start = std::max(at, p.after - tolerance);
    arrival_ = p.after;
    return p;
}

bool rate_state::try_reserve(const rate& r, std::size_t n) {
    require_possible(r, n);
    time_point at = now();
    duration ahead = cost(r, n), tolerance = cost(r, r.burst);
    guard g(lock_);
    time_point after = later(std::max(at, arrival_), ahead);
    if (after - tolerance > at)
        return false;
    arrival_ = after;
    return true;
}

void rate_state::take_back(const place& p) noexcept {
    guard g(lock_);
    if (arrival_ == p.after)
        arrival_ = p.before;
}

}  // namespace heddle::detail
