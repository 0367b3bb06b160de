// SPDX-License-Identifier: BSL-1.0
#include <heddle/resilience/hedge.hpp>

#include <stdexcept>

namespace heddle HEDDLE_VARIANT::detail {

void throw_no_replicas() {
    throw std::invalid_argument("heddle: hedge without a replica");
}

}  // namespace heddle::detail
