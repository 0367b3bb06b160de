// SPDX-License-Identifier: BSL-1.0
#include <heddle/resilience/batcher.hpp>

#include <stdexcept>
#include <string>

namespace heddle HEDDLE_VARIANT::detail {

void check_batch(const batch_options& o) {
    const char* wrong = nullptr;
    if (o.items == 0)
        wrong = "items must be 1 or more";
    else if (o.weight == 0)
        wrong = "weight must be 1 or more";
    else if (o.after < duration::zero())
        wrong = "after must not be negative";
    if (wrong)
        throw std::invalid_argument(std::string("heddle: batch_options: ") + wrong);
}

}  // namespace heddle::detail
