// SPDX-License-Identifier: BSL-1.0
#include <heddle/sync/shared_mutex.hpp>

#include <stdexcept>

namespace heddle HEDDLE_VARIANT::detail {

void shared_core::hand_out_locked(wake_list& wakes) noexcept {
    while (!waiters().empty()) {  // [first]
        bool shared = static_cast<shared_operation*>(waiters().front())->shared();
        if (!free_for(shared))
            return;
        if (operation* op = waiters().pop_front_claimed()) {
            hold_locked(shared);
            op->result = outcome::done;
            wakes.add(*op->who);
        }
    }
}

void shared_core::give() noexcept {
    wake_list wakes;
    bool last;
    {
        guard g(lock());
        if (writer_)
            writer_ = false;
        else
            --readers_;
        hand_out_locked(wakes);
        last = leave_locked();
    }
    wakes.release();
    if (last)
        delete this;
}

bool shared_core::leave_queue(shared_operation& op) noexcept {
    wake_list wakes;
    bool was;
    {
        guard g(lock());
        was = op.linked.load(std::memory_order_relaxed);
        if (was) {
            waiters().erase(op);
            hand_out_locked(wakes);  // [first]: readers may have waited behind a writer
        }
    }
    wakes.release();
    return was;
}

void throw_unlock_of_nothing() {
    throw std::logic_error("heddle: unlock of a shared_mutex that is not locked: this "
                           "guard holds nothing, as it was unlocked or moved from");
}

}  // namespace heddle::detail
