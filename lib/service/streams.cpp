// SPDX-License-Identifier: BSL-1.0
#include <heddle/streams.hpp>

#include <stdexcept>
#include <string>

namespace heddle HEDDLE_VARIANT::detail {

std::ptrdiff_t checked_number(const char* who, std::ptrdiff_t n) {
    if (n < 0)
        throw std::invalid_argument("heddle: " + std::string(who) + " of " +
                                    std::to_string(n) + ": it must be 0 or more");
    return n;
}

duration checked_time(const char* who, duration d) {
    if (d <= duration::zero())
        throw std::invalid_argument("heddle: " + std::string(who) + " with a time of " +
                                    std::to_string(d.count()) +
                                    " ns: it must be above zero");
    return d;
}

}  // namespace heddle::detail
