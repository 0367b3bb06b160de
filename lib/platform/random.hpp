// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

namespace heddle HEDDLE_VARIANT::detail {

/// The increment of splitmix64. States that differ by it give unlike sequences.
inline constexpr std::uint64_t golden_gamma = 0x9e3779b97f4a7c15u;

/// Returns a uniform number below `n`: splitmix64 (Steele, Lea, Flood 2014), brought
/// into range by Lemire's multiplication.
inline std::uint32_t random_below(std::uint64_t& state, std::uint32_t n) noexcept {
    std::uint64_t z = state += golden_gamma;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    return static_cast<std::uint32_t>(((z >> 32) * n) >> 32);
}

}  // namespace heddle::detail
