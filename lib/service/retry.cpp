// SPDX-License-Identifier: BSL-1.0
#include <heddle/resilience/retry.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

namespace heddle HEDDLE_VARIANT::detail {

void check_policy(const retry_policy& p) {
    const char* wrong = nullptr;
    if (p.attempts == 0)
        wrong = "attempts must be 1 or more";
    else if (p.first < duration::zero() || p.longest < duration::zero())
        wrong = "first and longest must not be negative";
    else if (!(p.factor >= 1))
        wrong = "factor must be 1 or more";
    if (wrong)
        throw std::invalid_argument(std::string("heddle: retry_policy: ") + wrong);
}

duration pause_after(const retry_policy& p, std::size_t k) {
    double most = static_cast<double>(p.first.count()) *
                  std::pow(p.factor, static_cast<double>(k - 1));
    most = std::min(most, static_cast<double>(p.longest.count()));
    constexpr std::uint32_t parts = 1u << 24;
    double part = host::current_process().home->random_below(parts + 1);
    double drawn = most * (part / parts);
    return drawn < static_cast<double>(p.longest.count())
               ? duration(static_cast<duration::rep>(drawn))
               : p.longest;
}

}  // namespace heddle::detail
