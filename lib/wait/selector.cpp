// SPDX-License-Identifier: BSL-1.0
// The selector. Its arms stay enlisted at their sources from one wait to the next. A
// source that becomes ready pops an arm as it pops any waiter. If the task waits in the
// selector, the source claims it and hands over; if not, the arm becomes news, and the
// task tries it in its next wait. So an arm is tried once for each time its source
// became ready, and once more when it turns out not to be ready any more and is
// enlisted again: a turn costs the same for any number of arms.
#include <heddle/detail/wait/selector_core.hpp>

#include "wait/all_locks.hpp"

#include <stdexcept>
#include <string>
#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

bool claim_in_selector(operation& op) noexcept {
    return static_cast<selector_arm*>(op.who)->set->claim(op);
}

namespace {

/// Completes an operation that has happened: a received value goes to its destination.
void complete_quietly(operation& op) noexcept {
    try {
        op.complete();
    } catch (...) {  // it was a send on a closed channel
    }
}

}  // namespace

selector_core::~selector_core() {
    for (auto& a : arms_)
        if (a)
            turn_off(*a);
}

// -- the set ------------------------------------------------------------------------

std::size_t selector_core::add(std::unique_ptr<selector_arm> made) {
    if (free_.empty()) {
        std::size_t n = arms_.size() + 1;
        if (n > arms_.capacity()) {
            ready_.reserve(2 * n);
            free_.reserve(2 * n);
            arms_.reserve(2 * n);  // last: now all three have room
        }
        arms_.emplace_back();
        free_.push_back(n - 1);
    }
    std::size_t index = free_.back();
    free_.pop_back();
    install(index, std::move(made));
    return index;
}

void selector_core::replace(std::size_t index, std::unique_ptr<selector_arm> made) {
    arm(index);  // throws if there is none
    uninstall(index);
    install(index, std::move(made));
}

void selector_core::remove(std::size_t index) {
    arm(index);  // throws if there is none
    uninstall(index);
    free_.push_back(index);  // add() made the room
}

void selector_core::install(std::size_t index,
                            std::unique_ptr<selector_arm> made) noexcept {
    selector_arm& a = *(arms_[index] = std::move(made));
    a.set = this;
    a.op = &a.node();
    a.op->index = static_cast<std::uint32_t>(index);
    a.op->who = &a;
    a.op->of_selector = true;
    link(*a.op);
    turn_on(a);
}

void selector_core::uninstall(std::size_t index) noexcept {
    selector_arm& a = *arms_[index];
    turn_off(a);
    unlink(*a.op);
    arms_[index].reset();
}

void selector_core::disable(std::size_t index) { turn_off(arm(index)); }

void selector_core::enable(std::size_t index) {
    selector_arm& a = arm(index);
    turn_off(a);
    turn_on(a);
}

selector_arm& selector_core::arm(std::size_t index) {
    if (index >= arms_.size() || !arms_[index])
        throw std::out_of_range("heddle: a selector has no arm " +
                                std::to_string(index) +
                                ": use the index that add() returned, until remove()");
    return *arms_[index];
}

void selector_core::link(operation& op) noexcept {
    (last_ ? last_->sibling : first_) = &op;
    last_ = &op;
}

void selector_core::unlink(operation& op) noexcept {
    operation* before = nullptr;
    for (operation* o = first_; o != &op; o = o->sibling)
        before = o;
    (before ? before->sibling : first_) = op.sibling;
    if (last_ == &op)
        last_ = before;
}

void selector_core::turn_on(selector_arm& a) noexcept {
    a.on = true;
    put_ready(a);
}

/// Disables an arm: it is withdrawn from its source, and not tried any more.
void selector_core::turn_off(selector_arm& a) noexcept {
    a.on = false;
    a.op->withdraw();
    take_news();  // its source may have made it news before
    unready(a);
    if (token_arm_ == &a)
        token_arm_ = nullptr;
    if (chosen_ == &a) {  // for a task that was destroyed before it resumed
        complete_quietly(*a.op);
        chosen_ = nullptr;
        state_ = state::idle;
    }
}

void selector_core::put_ready(selector_arm& a) noexcept {
    a.place = ready_.size();
    ready_.push_back(&a);  // add() made the room
}

void selector_core::unready(selector_arm& a) noexcept {
    if (a.place == selector_arm::nowhere)
        return;
    ready_[a.place] = ready_.back();
    ready_[a.place]->place = a.place;
    ready_.pop_back();
    a.place = selector_arm::nowhere;
}

// -- called by the sources ----------------------------------------------------------

bool selector_core::claim(operation& op) noexcept {
    guard g(lock_);
    if (parked_ && claim_process(*parked_, false)) {
        op.who = std::exchange(parked_, nullptr);
        return true;
    }
    auto& a = static_cast<selector_arm&>(*op.who);
    a.next_ready = news_.load(std::memory_order_relaxed);
    news_.store(&a, std::memory_order_relaxed);
    return false;
}

// -- called by the task -------------------------------------------------------------

void selector_core::make_news_ready() noexcept {
    runnable* list;
    {
        guard g(lock_);
        list = news_.load(std::memory_order_relaxed);
        news_.store(nullptr, std::memory_order_relaxed);
    }
    while (list) {
        auto& a = static_cast<selector_arm&>(*list);
        list = a.next_ready;
        put_ready(a);
    }
}

/// Returns an enabled arm that waits for the token in force, or for one above it, if
/// that is closed; else null. The arm is remembered, so that a task that goes on in a
/// closed scope does not search all arms in each turn.
selector_arm* selector_core::token_arm(process& self) noexcept {
    if (token_arm_ && token_arm_->op->watches_token_of(self))
        return token_arm_;
    for (auto& a : arms_)
        if (a && a->on && a->op->watches_token_of(self))
            return token_arm_ = a.get();
    return nullptr;
}

bool selector_core::has_token_arm(process& self) noexcept {
    return state_ == state::happened || token_arm(self);
}

/// Tries an arm. If it cannot happen now, or could not happen once more, it is enlisted
/// at its source.
bool selector_core::attempt(selector_arm& a, host& here) noexcept {
    operation& op = *a.op;
    spin_lock* lock = op.source();
    if (!lock) {
        unready(a);  // nil
        return false;
    }
    wake_list wakes;
    bool locked = acquire(*lock);
    take_news();  // from here on only the attempt brings news of this source
    bool happened = op.attempt_locked(wakes);
    if (!happened && news_.load(std::memory_order_relaxed))
        put_back_kin(*lock);
    if (!happened || !(op.may_happen_locked() || op.happens_once())) {
        unready(a);
        op.enlist_locked();
    }
    release(*lock, locked);
    wakes.release(&here);
    if (happened) {
        chosen_ = &a;
        state_ = state::happened;
    }
    return happened;
}

/// Enlists again the arms of this selector that a failed attempt has popped. As in a
/// select, arms that send and arms that receive on one channel do not meet each other;
/// but an attempt pops the arms that are enlisted on the other side, which makes them
/// news. A failed attempt has changed nothing at the source, so they are enlisted as
/// before, in the same order. If they were tried instead, they would pop the arms on
/// this side, and so on without end.
void selector_core::put_back_kin(const spin_lock& lock) noexcept {
    std::size_t known = ready_.size();
    make_news_ready();  // the arm that was popped last comes first
    for (std::size_t i = ready_.size(); i-- > known;)
        if (selector_arm& kin = *ready_[i]; kin.op->source() == &lock) {
            unready(kin);
            kin.op->enlist_locked();
        }
}

/// Tries the arms of `ready_` in random order until one happens.
bool selector_core::look(process& self) noexcept {
    host& home = *self.home;
    take_news();
    if (home.explorer())
        return look_by_choice(home);
    while (!ready_.empty()) {
        auto n = static_cast<std::uint32_t>(ready_.size());
        if (attempt(*ready_[n == 1 ? 0 : home.random_below(n)], home))
            return true;
    }
    return false;
}

/// Does the same for an explorer, which chooses the first arm, as in a select; if none was
/// ready, the order matters only to arms that have the same source.
HEDDLE_NOINLINE bool selector_core::look_by_choice(host& home) noexcept {
    bool moot = ready_.size() > 1 &&
                sources_differ(ready_.size(), [this](std::size_t i) -> operation& {
                    return *ready_[i]->op;
                });
    for (bool first = true; !ready_.empty(); first = false) {
        auto n = static_cast<std::uint32_t>(ready_.size());
        if (attempt(*ready_[n == 1 || !first ? 0 : home.random_below(n)], home))
            return true;
    }
    if (moot)
        home.explorer()->was_moot();
    return false;
}

bool selector_core::ready(process& self) noexcept {
    if (state_ != state::happened && !look(self))
        return false;
    return self.home->spend();
}

/// Parks the process unless there is news. A source takes this lock inside its own: so
/// it finds the process parked, or the process finds the news.
selector_core::parking selector_core::park(process& self) noexcept {
    guard g(lock_);
    if (news_.load(std::memory_order_relaxed))
        return parking::news;
    state_ = state::parked;
    parked_ = &self;
    // Once the process is parked, nothing of this set is touched but its lock, which
    // the resumed task takes.
    return self.word.park() ? parking::parked : parking::cancelled;
}

std::coroutine_handle<> selector_core::suspend(process& self,
                                               std::coroutine_handle<> frame) noexcept {
    host& home = *self.home;
    if (state_ == state::happened) {  // but the budget is spent
        chosen_->op->postpone();
        home.push(self);
        return home.next();
    }
    self.winner = nullptr;
    self.waits = first_;
    self.since = home.seen_now();
    back_off pause;
    for (int round = 0;; ++round) {
        switch (park(self)) {
        case parking::parked:
            return home.next();
        case parking::cancelled:
            return frame;
        case parking::news:
            break;
        }
        // Two selectors that face each other may bring each other news without end, if
        // their threads run in step. Random pauses break the step.
        if (round > 3 && !home.explorer())
            for (auto n = home.random_below(64); n != 0; --n)
                pause();
        if (look(self)) {
            self.waits = nullptr;
            return frame;
        }
    }
}

bool selector_core::resume(process& self) noexcept {
    if (state_ != state::parked)
        return true;
    self.waits = nullptr;
    unpark(self);
    if (state_ == state::happened)
        return true;
    chosen_ = token_arm(self);
    if (chosen_)
        state_ = state::happened;
    return chosen_;
}

void selector_core::unpark(process& self) noexcept {
    state_ = state::idle;
    operation* winner = self.winner;
    if (!winner) {  // claimed by its token, or destroyed
        guard g(lock_);
        parked_ = nullptr;
        return;
    }
    chosen_ = arms_[winner->index].get();
    state_ = state::happened;
    winner->who = chosen_;
    put_ready(*chosen_);  // it may be ready again
}

void selector_core::leave(process& self) noexcept {
    if (state_ != state::parked)
        return;
    unpark(self);
    for (auto& a : arms_)  // the end of its host withdrew them all
        if (a)
            look_again(*a);
}

/// An arm that could not deliver a value may have kept it: then it can happen at once.
void selector_core::look_again(selector_arm& a) noexcept {
    if (!a.on || a.place != selector_arm::nowhere)
        return;
    a.op->withdraw();
    take_news();
    if (a.place == selector_arm::nowhere)
        put_ready(a);
}

std::size_t selector_core::complete() {
    selector_arm& a = *std::exchange(chosen_, nullptr);
    state_ = state::idle;
    std::size_t index = a.op->index;
    if (a.op->happens_once())
        turn_off(a);
    try {
        a.op->complete();
    } catch (...) {
        look_again(a);
        throw;
    }
    return index;
}

}  // namespace heddle::detail
