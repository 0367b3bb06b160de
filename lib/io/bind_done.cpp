// SPDX-License-Identifier: BSL-1.0
#include <heddle/detail/io/bind_done.hpp>

#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

done_emitter::done_emitter(done_token token, const asio::any_io_executor& ex)
    : foreign_sleeper([](foreign_sleeper& s) noexcept {
          auto& self = static_cast<done_emitter&>(s);
          self.post_emission();
          self.release_one();  // the place that watch() took
          self.drop();
      }),
      watched_(std::in_place, std::move(token), ex) {
    watched_->operation.who = this;
    watched_->operation.exclusive = true;  // popping it is the claim
}

void done_emitter::watch() noexcept {
    done_operation& op = watched_->operation;
    wake_list none;
    bool closed = attempt_or(op, none, [&] {
        // A token that never closes has no source. An operation that completed inside
        // its initiation is not watched.
        if (!op.source() || has_completed())
            return;
        take();  // the queue's
        users_.take();
        op.enlist_locked();
    });
    if (closed && !has_completed())
        post_emission();
    release_one();
}

void done_emitter::post_emission() noexcept {
    take();  // until it is emitted
    watched_->executor.post(emission(*this), memory_);
}

void done_emitter::emit(asio::cancellation_type_t type) {
    if (!emissions_.begin())
        return;
    struct under_way {
        ~under_way() {
            if (emitter.emissions_.end())
                emitter.signal_.slot().clear();  // [signal], in completed()'s stead
        }
        done_emitter& emitter;
    } until_it_has_been_emitted{*this};
    signal_.emit(type);
}

void done_emitter::completed() noexcept {
    if (emissions_.complete())
        signal_.slot().clear();
}

void done_emitter::leave() noexcept {
    (void)emissions_.complete();
    bool was_queued = false;
    done_operation& op = watched_->operation;
    if (spin_lock* lock = op.source()) {
        guard g(*lock);  // always taken: watch() may be about to enlist
        was_queued = op.linked.load(std::memory_order_relaxed);
        if (was_queued)
            watched_->token.node()->waiters().erase(op);
    }
    if (was_queued) {
        release_one();
        drop();
    }
    release_one();
}

}  // namespace heddle::detail
