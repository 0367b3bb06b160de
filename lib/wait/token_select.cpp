// SPDX-License-Identifier: BSL-1.0
// Select for completion handlers. It works as lib/wait/select.cpp does, but its waiter
// is on no host.
#include <heddle/detail/handlers/token_wait.hpp>

#include "context/context_state.hpp"
#include "platform/random.hpp"
#include "wait/all_locks.hpp"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <utility>
#include <vector>

namespace heddle HEDDLE_VARIANT::detail {

namespace {

/// The order in which the arms are tried: as written, or random, by the seed of the
/// context. An explorer chooses the first arm, as in a select of a task.
class arm_order {
public:
    arm_order(std::size_t n, bool random, context_state& state)
        : order_(n), explorer_(random && n > 1 ? state.explorer() : nullptr) {
        std::iota(order_.begin(), order_.end(), std::size_t{0});
        auto first = order_.begin();
        if (explorer_)
            std::rotate(first, first + explorer_->choose(static_cast<std::uint32_t>(n)),
                        order_.end());
        else if (random)
            shuffle(state.next_seed());
    }
    auto begin() const noexcept { return order_.begin(); }
    auto end() const noexcept { return order_.end(); }

    /// Tells the explorer that the order did not matter.
    void was_moot() const noexcept {
        if (explorer_)
            explorer_->was_moot();
    }

private:
    void shuffle(std::uint64_t seed) noexcept {
        for (std::size_t i = order_.size(); i > 1; --i)
            std::swap(order_[i - 1],
                      order_[random_below(seed, static_cast<std::uint32_t>(i))]);
    }

    std::vector<std::size_t> order_;
    chooser* const explorer_;
};

/// Attempts an arm; a nil arm never happens. Requires: the lock of the arm's source.
bool attempt_locked(operation& op, wake_list& wakes) noexcept {
    return op.source() && op.attempt_locked(wakes);
}

}  // namespace

void token_wait::start(asio::execution_context& ctx, const arms_of_wait& arms) {
    auto [ops, n, rule] = arms;
    for (std::size_t i = 0; i < n; ++i)
        if (ops[i]->needs_task())
            throw std::logic_error(
                "heddle: a timer is an arm of tasks only; a done_source "
                "with a timeout has a token that is one of handlers");
    if (n == 1 && !rule.otherwise)
        return start(ctx, *ops[0]);
    std::vector<spin_lock*> room(n);
    arm_order order(n, !rule.by_priority, *context_state::of(ctx));
    begin(ctx, n == 0 ? nullptr : ops[0]);

    // All locks are held: so there is one instant at which no arm is ready, and no
    // source changes between that instant and the enlisting of all arms.
    wake_list wakes;
    all_locks locks(ops, n, room.data());
    for (std::size_t i : order)
        if (attempt_locked(*ops[i], wakes)) {
            winner = ops[i];
            break;
        }
    bool happened = winner || rule.otherwise;
    if (!winner && (happened || sources_differ(ops, n)))
        order.was_moot();
    if (!happened) {
        for (std::size_t i : order)
            if (ops[i]->source())
                ops[i]->enlist_locked();
        word.park_without_token();
    }
    locks.unlock();
    // If it has not happened, this may be gone at any time: it is not touched from here
    // on.
    if (happened) {
        wakes.release();
        wake();
    }
}

}  // namespace heddle::detail
