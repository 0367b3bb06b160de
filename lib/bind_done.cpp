// SPDX-License-Identifier: BSL-1.0
#include <heddle/detail/bind_done.hpp>

#include <utility>

namespace heddle::detail {

done_emitter::done_emitter(done_token token, const asio::any_io_executor& ex)
    : token_(std::move(token)), operation_(token_.node()), executor_(ex) {
    operation_.who = this;
    operation_.exclusive = true;  // popping it is the claim
    foreign = [](sleeper& s) noexcept {
        auto& self = static_cast<done_emitter&>(s);
        self.post_emission();
        self.drop();  // what watch() took
    };
}

void done_emitter::watch() noexcept {
    spin_lock* lock = operation_.source();
    if (!lock)
        return;  // a token that never closes
    wake_list none;
    bool locked = acquire(*lock);
    // What completed inside its initiation is not watched: leave() has been called.
    bool over = over_.load(std::memory_order_acquire);
    bool closed = !over && operation_.attempt_locked(none);
    if (!over && !closed) {
        take();  // the queue's
        operation_.enlist_locked();
    }
    release(*lock, locked);
    if (closed)
        post_emission();
}

void done_emitter::post_emission() noexcept {
    executor_.post([self = counted<done_emitter>(this)] { self->emit(); });
}

/// Unless the operation has completed. On its executor.
void done_emitter::emit() noexcept {
    if (!over_.load(std::memory_order_acquire))
        signal.emit(asio::cancellation_type::terminal);
}

void done_emitter::leave() noexcept {
    over_.store(true, std::memory_order_release);
    if (operation_.withdraw())
        drop();
}

}  // namespace heddle::detail
