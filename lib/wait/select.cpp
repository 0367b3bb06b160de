// SPDX-License-Identifier: BSL-1.0
// Select tries the arms one by one in random order. If none can happen, it locks all
// sources in address order, tries the arms again, enlists all of them, parks and
// unlocks. Two selects that face each other meet because each holds all its locks while
// it enlists its arms; they cannot dead- or livelock because the locks are taken in one
// order. Go's selectgo does the same. A model compares it with a select that takes one
// lock at a time.
#include <heddle/detail/wait/select_core.hpp>

#include "wait/all_locks.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>
#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

constexpr auto as_written = [] {
    std::array<std::uint8_t, 64> order{};
    std::iota(order.begin(), order.end(), std::uint8_t{0});
    return order;
}();

/// A random order of n arms, drawn only as far as it is asked for (Fisher, Yates). An
/// explorer chooses the first arm, and the others follow as written: so each ready arm
/// is chosen in some run.
class select_core::shuffle {
public:
    shuffle(select_core& s, std::uint32_t* large) noexcept
        : host_(*s.self_.home), random_(!s.rule_.by_priority && s.n_ > 1), n_(s.n_),
          large_(large), small_(as_written) {
        if (random_ && large_)
            std::iota(large_, large_ + n_, std::uint32_t{0});
    }
    std::size_t operator[](std::size_t i) noexcept {  // requires: i ascends
        if (!random_)
            return i;
        if (host_.explorer())
            return turned(i);
        auto left = static_cast<std::uint32_t>(n_ - i);
        auto j = left > 1 ? i + host_.random_below(left) : i;
        return large_ ? std::exchange(large_[j], large_[i])  // i is not asked for again
                      : std::exchange(small_[j], small_[i]);
    }

    /// Tells the explorer that no arm was ready, so that the order did not matter.
    void found_nothing() noexcept {
        if (random_ && host_.explorer())
            host_.explorer()->was_moot();
    }

private:
    std::size_t turned(std::size_t i) noexcept {
        if (i == 0)
            first_ = host_.random_below(static_cast<std::uint32_t>(n_));
        return (first_ + i) % n_;
    }

    host& host_;
    bool random_;
    std::size_t n_;
    std::size_t first_ = 0;
    std::uint32_t* large_;
    std::array<std::uint8_t, few> small_;
};

spin_lock** select_core::large_locks() const noexcept {
    return static_cast<spin_lock**>(scratch_.get());
}

std::uint32_t* select_core::large_order() const noexcept {
    return n_ <= few ? nullptr : reinterpret_cast<std::uint32_t*>(large_locks() + n_);
}

std::size_t select_core::choose_any(std::uint32_t candidates) noexcept {
    auto n = static_cast<std::uint32_t>(std::popcount(candidates));
    for (std::uint32_t skip = self_.home->random_below(n); skip != 0; --skip)
        candidates &= candidates - 1;
    return static_cast<std::size_t>(std::countr_zero(candidates));
}

/// Returns whether some arm waits for the token in force, or for one above it, and that
/// is closed. Then that arm happens, and the select is not cancelled.
bool select_core::choose_token_arm(operation** ops) noexcept {
    for (std::size_t i = 0; i < n_; ++i)
        if (ops[i]->watches_token_of(self_)) {
            chosen_ = i;
            return true;
        }
    return false;
}

/// Tries each arm under its own lock, until one happens. Sets the waiter (`who`) of
/// each arm that it tries.
bool select_core::try_each(operation** ops) noexcept {
    shuffle order(*this, large_order());
    wake_list wakes;
    for (std::size_t k = 0; k < n_; ++k) {
        std::size_t i = order[k];
        operation& op = *ops[i];
        op.who = &self_;
        if (attempt_or(op, wakes, [] {})) {
            chosen_ = i;
            wakes.release(self_.home);
            return true;
        }
    }
    order.found_nothing();
    return false;
}

/// Tries the arms while all locks are held. If none happens, no arm was ready at that
/// one instant.
bool select_core::try_all_locked(operation** ops, wake_list& wakes) noexcept {
    shuffle order(*this, large_order());
    for (std::size_t k = 0; k < n_; ++k) {
        std::size_t i = order[k];
        if (ops[i]->source() && ops[i]->attempt_locked(wakes)) {
            chosen_ = i;
            return true;
        }
    }
    order.found_nothing();
    return false;
}

bool select_core::ready(operation** ops) noexcept {
    if (self_.interrupted() && !choose_token_arm(ops)) {
        state_ = state::cancelled;
        return true;
    }
    state_ = state::happened;
    bool snapshot = single_threaded();  // one thread: nothing changes between two arms
    if ((!rule_.by_priority || snapshot) && try_each(ops))
        return self_.home->spend();
    if (!snapshot && (rule_.by_priority || rule_.otherwise)) {
        wake_list wakes;
        spin_lock* few_locks[few];
        std::for_each_n(ops, n_, [this](operation* op) { op->who = &self_; });
        all_locks locks(ops, n_, n_ <= few ? few_locks : large_locks());
        bool found = try_all_locked(ops, wakes);
        locks.unlock();
        wakes.release(self_.home);
        if (found)
            return self_.home->spend();
    }
    if (rule_.otherwise) {
        chosen_ = n_;
        return self_.home->spend();
    }
    state_ = state::pending;
    return false;
}

std::coroutine_handle<> select_core::suspend(operation** ops,
                                             std::coroutine_handle<> frame) noexcept {
    process& self = self_;
    host& home = *self.home;
    if (state_ == state::happened) {  // it happened, but the budget is spent
        if (chosen_ < n_)
            ops[chosen_]->postpone();
        home.push(self);
        return home.next();
    }
    wake_list wakes;
    spin_lock* few_locks[few];
    all_locks locks(ops, n_, n_ <= few ? few_locks : large_locks());
    if (!single_threaded() && try_all_locked(ops, wakes)) {
        locks.unlock();
        wakes.release(&home);
        state_ = state::happened;
        return frame;
    }
    bool exclusive = n_ == 1 && ops[0]->source() && !self.cancellable();
    self.winner = nullptr;
    self.waits = n_ > 0 ? ops[0] : nullptr;
    self.since = home.seen_now();
    shuffle order(*this, large_order());  // so that send arms on one channel mix
    bool in_order = home.explorer() && sources_differ(ops, n_);
    for (std::size_t k = 0; k < n_; ++k) {
        std::size_t i = in_order ? k : order[k];
        operation& op = *ops[i];
        op.index = static_cast<std::uint32_t>(i);
        op.exclusive = exclusive;
        op.sibling = i + 1 < n_ ? ops[i + 1] : nullptr;
        if (op.source())
            op.enlist_locked();
    }
    // A thread that claims the process may run it at once. So parking comes last, and
    // this frame is not touched after it.
    bool parked = exclusive || self.word.park();
    locks.unlock();
    return parked ? home.next() : frame;
}

bool select_core::conclude(operation** ops) noexcept {
    if (state_ == state::pending) {
        self_.waits = nullptr;
        operation* winner = self_.winner;
        for (std::size_t i = 0; i < n_; ++i)
            if (ops[i] != winner)
                ops[i]->withdraw();
        if (winner)
            chosen_ = winner->index;
        state_ = winner ? state::happened : state::cancelled;
    }
    if (state_ == state::cancelled && choose_token_arm(ops))
        state_ = state::happened;
    return state_ == state::happened;
}

std::size_t select_core::resume(operation** ops) {
    if (!conclude(ops))
        self_.throw_cancelled();
    if (chosen_ < n_)
        ops[chosen_]->complete();
    return chosen_;
}

}  // namespace heddle::detail
