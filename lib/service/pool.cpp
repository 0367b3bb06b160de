// SPDX-License-Identifier: BSL-1.0
#include <heddle/pool.hpp>

#include <stdexcept>
#include <string>

namespace heddle HEDDLE_VARIANT::detail {

counted<permit_core> make_places(const pool_options& options) {
    if (options.limit < 1)
        throw std::invalid_argument("heddle: pool_options: limit is " +
                                    std::to_string(options.limit) +
                                    ": it must be 1 or more");
    if (options.idle <= duration::zero())
        throw std::invalid_argument(
            "heddle: pool_options: idle must be more than zero; duration::max() keeps "
            "objects for ever");
    return counted<permit_core>::adopt(
        new permit_core("a place in a pool", options.limit, false));
}

}  // namespace heddle::detail
