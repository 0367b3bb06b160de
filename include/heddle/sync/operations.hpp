// SPDX-License-Identifier: BSL-1.0
// The types that wait() and acquire() return. Programs seldom name them.
#pragma once

#include <heddle/detail/wait/sync_core.hpp>

namespace heddle HEDDLE_VARIANT {

/// wait() of an event, a latch or a wait_group: `co_await`ed, or an arm.
class [[nodiscard("heddle: co_await this wait, or make it an arm: before that nothing "
                  "is waited for")]] wait_op
    : public detail::sync_op<detail::wait_count, detail::count_operation> {
public:
    using sync_op::sync_op;
};

/// wait() of a notify: `co_await`ed, or an arm.
class [[nodiscard("heddle: co_await this wait, or make it an arm: before that nothing "
                  "is waited for")]] notified_op
    : public detail::sync_op<detail::permit_core, detail::acquire_operation> {
public:
    using sync_op::sync_op;
};

/// acquire() of a semaphore: `co_await`ed, or an arm.
class [[nodiscard(
    "heddle: co_await this acquire, or make it an arm: before that nothing "
    "is acquired")]] acquire_op
    : public detail::sync_op<detail::permit_core, detail::acquire_operation> {
public:
    using sync_op::sync_op;
};

}  // namespace heddle
