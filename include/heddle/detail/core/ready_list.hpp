// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/core/operation.hpp>

namespace heddle HEDDLE_VARIANT::detail {

/// The FIFO of turns that are ready to run.
struct ready_list {
    runnable* first = nullptr;
    runnable* last = nullptr;

    void append(runnable& r) noexcept {
        r.next_ready = nullptr;
        if (last)
            last->next_ready = &r;
        else
            first = &r;
        last = &r;
    }

    /// Requires: it is not empty.
    void take_first() noexcept {
        first = first->next_ready;
        if (!first)
            last = nullptr;
    }
};

}  // namespace heddle::detail
