// SPDX-License-Identifier: BSL-1.0
// The integer of 128 bits for compilers that have none of their own, as for a processor of
// 32 bits: only what the conversion of durations needs. detail/platform/compiler.hpp
// chooses between the two.
#pragma once

#include <heddle/detail/platform/agreement.hpp>

#include <compare>
#include <concepts>
#include <cstdint>
#include <type_traits>

namespace heddle HEDDLE_VARIANT::detail {

/// A signed integer of 128 bits in two's complement. Overflow wraps.
class portable_wide_int {
public:
    constexpr portable_wide_int() noexcept = default;

    template <std::integral T>
    constexpr portable_wide_int(T n) noexcept
        : low_(static_cast<std::uint64_t>(n)),
          high_(std::is_signed_v<T> && static_cast<std::int64_t>(n) < 0 ? ones : 0) {}

    template <std::signed_integral T>
    constexpr explicit operator T() const noexcept {
        return static_cast<T>(low_);
    }
    template <std::floating_point T>
    constexpr explicit operator T() const noexcept {
        if (negative())
            return -static_cast<T>(-*this);
        return static_cast<T>(high_) * static_cast<T>(0x1p64) + static_cast<T>(low_);
    }

    friend constexpr portable_wide_int operator+(portable_wide_int a,
                                                 portable_wide_int b) noexcept {
        const std::uint64_t low = a.low_ + b.low_;
        return {low, a.high_ + b.high_ + (low < a.low_ ? 1 : 0)};
    }
    constexpr portable_wide_int operator-() const noexcept {
        return {~low_ + 1, ~high_ + (low_ == 0 ? 1 : 0)};
    }
    friend constexpr portable_wide_int operator*(portable_wide_int a,
                                                 portable_wide_int b) noexcept {
        // The halves of a product of two words of 64 bits, from products of 32 bits.
        const std::uint64_t al = a.low_ & half, ah = a.low_ >> 32;
        const std::uint64_t bl = b.low_ & half, bh = b.low_ >> 32;
        const std::uint64_t middle = ah * bl + (al * bl >> 32);
        const std::uint64_t other = al * bh + (middle & half);
        const std::uint64_t high = ah * bh + (middle >> 32) + (other >> 32);
        return {a.low_ * b.low_, high + a.low_ * b.high_ + a.high_ * b.low_};
    }
    /// Rounds towards zero. Requires: b != 0.
    friend constexpr portable_wide_int operator/(portable_wide_int a,
                                                 portable_wide_int b) noexcept {
        if (b == 1)
            return a;  // for most units of time
        if (b.negative())
            return -a / -b;
        if (a.negative())
            return -(-a / b);
        // Schoolbook division, bit by bit.
        portable_wide_int quotient, rest;
        for (int bit = 127; bit >= 0; --bit) {
            rest = rest + rest + a.bit(bit);
            quotient = quotient + quotient;
            if (rest >= b) {
                rest = rest + -b;
                quotient = quotient + 1;
            }
        }
        return quotient;
    }

    friend constexpr bool operator==(portable_wide_int,
                                     portable_wide_int) noexcept = default;
    friend constexpr std::strong_ordering operator<=>(portable_wide_int a,
                                                      portable_wide_int b) noexcept {
        if (a.high_ != b.high_)
            return static_cast<std::int64_t>(a.high_) <=>
                   static_cast<std::int64_t>(b.high_);
        return a.low_ <=> b.low_;
    }

private:
    static constexpr std::uint64_t ones = ~std::uint64_t{0};
    static constexpr std::uint64_t half = ones >> 32;

    constexpr portable_wide_int(std::uint64_t low, std::uint64_t high) noexcept
        : low_(low), high_(high) {}

    constexpr bool negative() const noexcept { return high_ >> 63 != 0; }
    constexpr int bit(int n) const noexcept {
        return static_cast<int>((n < 64 ? low_ >> n : high_ >> (n - 64)) & 1);
    }

    std::uint64_t low_ = 0;
    std::uint64_t high_ = 0;
};

}  // namespace heddle::detail
