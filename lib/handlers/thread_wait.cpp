// SPDX-License-Identifier: BSL-1.0
#include <heddle/detail/handlers/thread_wait.hpp>

#include <heddle/detail/core/host.hpp>

#include <stdexcept>

namespace heddle HEDDLE_VARIANT::detail {

thread_wait::thread_wait() noexcept {
    foreign = [](sleeper& s) noexcept {
        auto& self = static_cast<thread_wait&>(s);
        // An exchange, not a store: wake_one() looks whether a thread waits, and with
        // libstdc++ 12 that load could pass a store before it.
        self.state_.exchange(woken, std::memory_order_seq_cst);
        wake_one(self.state_);
        self.state_.store(left,
                          std::memory_order_release);  // [woken], as sleep() reads
    };
}

void thread_wait::wait(operation& op) {
    host::refuse_to_block("co_await instead");
    spin_lock* lock = op.source();
    if (!lock)
        throw std::logic_error("heddle: a thread would wait on nil for ever");
    if (!lock->shared())
        throw std::logic_error(
            "heddle: a thread waits in a channel that was promised to one host");
    op.who = this;
    op.exclusive = true;
    wake_list wakes;
    if (attempt_or(op, wakes, [&op] { op.enlist_locked(); }))
        wakes.release();
    else if (single_threaded() && op.withdraw())
        throw std::logic_error(
            "heddle: the only thread of the process would wait for ever");
    else
        sleep();
}

void thread_wait::sleep() noexcept {
    wait_while(state_, asleep);
    while (state_.load(std::memory_order_acquire) != left)  // [woken]
        yield_until_changed(state_);
}

}  // namespace heddle::detail
