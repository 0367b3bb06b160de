// SPDX-License-Identifier: BSL-1.0
#include <heddle/detail/handlers/token_wait.hpp>

#include "context/context_state.hpp"

#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

token_wait::token_wait() noexcept
    : foreign_sleeper([](foreign_sleeper& s) noexcept {
          auto& self = static_cast<token_wait&>(s);
          for (operation* op = self.op_; op && self.winner; op = op->sibling)
              if (op != self.winner)
                  op->withdraw();
          self.settle_and_leave(false);
      }) {}

void token_wait::begin(asio::execution_context& ctx, operation* first) {
    op_ = first;
    state_ = context_state::of(ctx);
    state_->add(*this);  // [listed]
}

void token_wait::start(asio::execution_context& ctx, operation& op) {
    begin(ctx, &op);
    wake_list wakes;
    bool happened = attempt_or(op, wakes, [this, &op] {
        if (op.source())  // nil: it waits until it is cancelled
            op.enlist_locked();
        word.park_without_token();
    });
    // If it has not happened, this may be gone at any time: it is not touched from here
    // on.
    if (happened) {
        wakes.release();
        wake();
    }
}

/// The word is asked first: once another thread has claimed it, nothing that the wait held may be
/// touched [shell].
bool token_wait::claim_and_withdraw() noexcept {
    if (!word.claim())
        return false;
    for (operation* op = op_; op; op = op->sibling)
        op->withdraw();
    return true;
}

void token_wait::cancel() noexcept {
    if (claim_and_withdraw())
        settle_and_leave(true);
}

bool token_wait::abandon() noexcept {
    if (!claim_and_withdraw()) {
        if (wake_list::holds_back(*this))
            ends_from_inside();  // else this thread would wait for itself
        return false;
    }
    auto state = std::move(state_);
    state->remove(*this);
    abandoned();
    drop();
    return true;
}

/// [posting]: once this has left the list, only `posting` tells the context that it is
/// still needed.
void token_wait::settle_and_leave(bool aborted) noexcept {
    auto state = std::move(state_);
    inside_context settling(*state);
    add(state->posting, 1, std::memory_order_relaxed);
    state->remove(*this);
    settle(aborted);
    add(state->posting, -1, std::memory_order_release);  // pairs with the context's end
}

}  // namespace heddle::detail
