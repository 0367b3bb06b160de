// SPDX-License-Identifier: BSL-1.0
// Threads that are not tasks wait in the same operation objects as tasks, and sleep.
#pragma once

#include <heddle/detail/core/operation.hpp>

namespace heddle HEDDLE_VARIANT::detail {

/// A thread that waits in one operation. Invariants:
///   [woken] the waker's last touch is the store of `left`; until then the waiting
///           thread does not return, so that this may live on its stack.
class HEDDLE_API thread_wait : foreign_sleeper, pinned {
public:
    thread_wait() noexcept;

    /// Returns when the operation has happened. Throws std::logic_error, with nothing
    /// done, on a thread that drains a host, for a channel promised to one host, and if
    /// it would never return: for nil, and where there is no other thread.
    void wait(operation& op);

    /// Returns whether another thread has called wait(), has not ended since, and does not
    /// sleep there: it may still wake a task. One that sleeps is woken by somebody else.
    static bool others_awake() noexcept;

    /// This thread is not counted for that: others know what it does.
    static void leave_out_this_thread() noexcept;

private:
    enum : int { asleep, woken, left };

    void sleep() noexcept;

    atomic<int> state_{asleep};
    bool counted_ = false;  // constant while another thread may see this
};

}  // namespace heddle::detail
