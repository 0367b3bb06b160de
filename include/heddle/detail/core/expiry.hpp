// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/core/operation.hpp>

namespace heddle HEDDLE_VARIANT::detail {

/// The timers that expired together: sleepers to wake and tokens to close, once the
/// lock is released.
class expiry {
public:
    void release(host* here) noexcept;

    wake_list wakes;
    class deadline_node* deadlines = nullptr;
};

}  // namespace heddle::detail
