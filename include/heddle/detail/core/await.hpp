// SPDX-License-Identifier: BSL-1.0
// `co_await op` is a select of one arm. It takes one lock, which it holds from
// await_ready into await_suspend, and it leaves the claim word alone if nothing but the
// operation can end the wait.
#pragma once

#include <heddle/detail/core/host.hpp>

namespace heddle HEDDLE_VARIANT::detail {

/// Parks `self` in `op` alone, after an attempt that failed and kept the lock of the
/// source, if it is `locked`; releases the lock. Returns false if the token has closed
/// meanwhile; then the caller withdraws. If it returns true, another thread may run the
/// process: so it parks last, and the caller does not touch the frame any more.
template <class Node>
inline bool park_one(process& self, Node& op, bool locked) noexcept {
    spin_lock* source = op.source();  // null for a nil arm
    op.exclusive = source && !self.cancellable();
    self.winner = nullptr;
    self.waits = &op;
    self.since = self.home->seen_now();
    if (source)
        op.enlist_locked();
    bool parked = op.exclusive || self.word.park();
    if (source)
        release(*source, locked);
    return parked;
}

/// Awaits one operation. Node: an operation whose take() gives the result of co_await.
template <class Node>
class [[nodiscard]] await_one {
public:
    template <class... Args>
    explicit await_one(process& self, Args&&... args)
        : node_(static_cast<Args&&>(args)...), self_(self) {
        node_.who = &self;
    }

    bool await_ready() noexcept {
        if (self_.interrupted() && !node_.watches_token_of(self_)) {
            state_ = state::cancelled;
            return true;
        }
        spin_lock* lock = node_.source();
        if (!lock)
            return false;  // a nil arm parks for ever
        locked_ = acquire(*lock);
        wake_list wakes;
        if (!node_.attempt_locked(wakes))
            return false;  // still locked
        release(*lock, locked_);
        state_ = state::happened;
        wakes.release(self_.home);
        return self_.home->spend();
    }

    HEDDLE_GIVES_AWAY std::coroutine_handle<>
    await_suspend(std::coroutine_handle<> frame) noexcept {
        host& home = *self_.home;
        if (state_ == state::happened) {  // the budget is spent
            node_.postpone();
            home.push(self_);
            return home.next();
        }
        if constexpr (requires { node_.joined(); }) {
            process& child = *node_.joined();
            if (child.is_fresh() && child.home == &home) {
                counted<process> keep;  // a thief may end it, and this task its handle
                if (home.is_worker())
                    keep = counted<process>(&child);
                return park_one(self_, node_, locked_) ? home.begin_fresh(child)
                                                       : frame;
            }
        }
        return park_one(self_, node_, locked_) ? home.next() : frame;
    }

    decltype(auto) await_resume() {
        if (!has_happened())
            self_.throw_cancelled();
        return node_.take();
    }

    /// Returns what await_resume() would throw, instead of calling that.
    wait_failure take_failure() noexcept {
        if (!has_happened())
            return self_.cancellation();
        if constexpr (requires { node_.take_failure(); })
            return node_.take_failure();
        return {};
    }

private:
    enum class state : std::uint8_t { pending, happened, cancelled };

    /// Ends the wait. Returns false if the closed token did.
    HEDDLE_ALWAYS_INLINE bool has_happened() noexcept {
        if (state_ == state::pending) {
            self_.waits = nullptr;
            if (self_.winner)
                return true;
            node_.withdraw();  // its token claimed it, or kept it from parking
            state_ = state::cancelled;
        }
        return state_ != state::cancelled || node_.watches_token_of(self_);
    }

    Node node_;
    process& self_;
    bool locked_ = false;
    state state_ = state::pending;
};

}  // namespace heddle::detail
