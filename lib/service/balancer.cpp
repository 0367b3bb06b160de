// SPDX-License-Identifier: BSL-1.0
#include <heddle/balancer.hpp>

#include <stdexcept>
#include <string>

namespace heddle HEDDLE_VARIANT::detail {

void check_balancer(const balancer_options& o) {
    const char* wrong = nullptr;
    if (o.per_worker == 0)
        wrong = "per_worker must be 1 or more";
    else if (o.queue == 0)
        wrong = "queue must be 1 or more";
    if (wrong)
        throw std::invalid_argument(std::string("heddle: balancer_options: ") + wrong);
}

void check_at_once(std::size_t n) {
    if (n == 0)
        throw std::invalid_argument(
            "heddle: balancer::add: a worker must handle 1 request or more at once");
}

void throw_balancer_closed(bool again) {
    throw channel_closed(again ? "heddle: close of a closed balancer"
                               : "heddle: send to a closed balancer");
}

std::size_t draw_below(std::size_t n) {
    host* here = host::current();  // null while a context is destroyed
    return here ? here->random_below(static_cast<std::uint32_t>(n)) : 0;
}

}  // namespace heddle::detail
