// SPDX-License-Identifier: BSL-1.0
#include <heddle/detail/service/fan.hpp>

#include <heddle/patterns/race.hpp>

#include <stdexcept>
#include <string>

namespace heddle HEDDLE_VARIANT::detail {

std::ptrdiff_t checked_limit(const char* who, std::ptrdiff_t limit) {
    if (limit < 1)
        throw std::invalid_argument("heddle: " + std::string(who) +
                                    " with a limit of " + std::to_string(limit) +
                                    ": it must be 1 or more");
    return limit;
}

void throw_no_outcome() {
    throw task_abandoned("heddle: a task was destroyed with its context before it had "
                         "ended, and a call waits for its result");
}

void throw_no_racers() {
    throw std::invalid_argument("heddle: race of a range without tasks");
}

}  // namespace heddle::detail
