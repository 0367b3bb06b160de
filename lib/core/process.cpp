// SPDX-License-Identifier: BSL-1.0
#include <heddle/detail/core/process.hpp>

#include "core/uncaught.hpp"
#include "platform/comes_free.hpp"

#include <heddle/detail/core/host.hpp>
#include <heddle/errors.hpp>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>

namespace heddle HEDDLE_VARIANT {
namespace detail {

void process::drop_rest() noexcept {
    if (has_label)
        delete label;
    if (has_signal)
        signal.~cancellation_signal();
    if (keeps_home)
        home->drop();
}

void process::rename(std::string name) {
    auto made = std::make_unique<label_of_task>();
    made->name = std::move(name);
    guard g(lock);  // a dump may be reading the name
    if (has_label) {
        std::swap(label->name, made->name);
        return;
    }
    made->spawned_at = spawned_at;
    label = made.release();
    has_label = true;
}

const void* process::describe(std::string& to) {
    if (!comes_free(lock)) {
        to += " (busy)";
        return nullptr;
    }
    guard g(lock);
    if (!has_label)
        return spawned_at;
    to += " (" + label->name + ")";
    return label->spawned_at;
}

done_node* process::token() noexcept {
    if (current == this)
        exposed = true;
    if (current == this || !current)
        return current;
    return static_cast<scope_guard*>(current)->token();
}

done_node* process::scope_entered() noexcept {
    return current ? static_cast<scope_guard*>(current)->token() : nullptr;
}

done_node* process::enter(done_node* node) noexcept {
    guard g(lock);
    done_node* before = std::exchange(current, node);
    word.renew(node && node->closed());  // [current]
    return before;
}

void process::interrupt_by(const done_node& by, wake_list& wakes) noexcept {
    guard g(lock);
    if (current != &by || ended)
        return;
    host& at = *home;             // move_to() cannot change it while `lock` is held
    bool expected = at.expect();  // [homecoming]
    auto found = word.interrupt();
    if (found == claim_word::interrupted::noted) {
        if (expected)
            at.expect_no_more();
        return;
    }
    if (found == claim_word::interrupted::claimed)
        winner = nullptr;  // [winner]: the token has claimed it
    else
        turn = emit_cancellation;
    wakes.add(*this);
    if (expected)
        turn = from_outside;
}

void from_outside(runnable&, host&) {}

bool claim_process(process& p, bool certain, dropped how) noexcept {
    host& home = *p.home;
    bool expected = home.expect();  // [homecoming]
    bool ends = expected && how == dropped::kept && home.is_shut();
    bool won = certain ? !ends : p.word.claim();
    if (expected && won)
        p.turn = from_outside;
    else if (expected)
        home.expect_no_more();
    return won;
}

bool claim_among_threads(operation& op, dropped how) noexcept {
    bool won = op.of_selector ? claim_in_selector(op)
               : op.who->is_foreign()
                   ? op.exclusive || op.who->word.claim()
                   : claim_process(as_process(*op.who), op.exclusive, how);
    if (won)
        op.who->winner = &op;
    return won;
}

void process::throw_cancelled() const {
    [[maybe_unused]] static const bool explained = (explain_uncaught(), true);
    throw cancelled(current->cause(), id);
}

wait_failure process::cancellation() const noexcept {
    return {failure_of<cancelled>(current->cause(), id),
            asio::error::operation_aborted};
}

bool process::owned_by_handler() const noexcept { return word.is_in_io(); }

bool process::withdraw_all() noexcept {
    bool ours = (waits && waits->exclusive) || word.claim();  // null: no arms
    if (!ours)
        return false;
    for (operation* op = waits; op; op = op->sibling) {
        bool was_queued = op->withdraw();
        if (op->exclusive)
            ours = was_queued;  // popping it was the claim
    }
    return ours;
}

void process::destroy_frames() noexcept {
    for (promise_base* frame = std::exchange(top, nullptr); frame;) {
        promise_base* caller = frame->caller();
        if (frame->called_by)
            frame->called_by->callee = {};
        frame->frame().destroy();
        frame = caller;
    }
}

scope_guard::scope_guard(process& self, done_node* token) noexcept
    : self_(self), token_(token) {
    if (token)
        attach(*token);
    before_ = self.enter(token ? this : nullptr);
}

scope_guard::~scope_guard() {
    self_.enter(before_);
    detach();
    if (token_)
        release_parent();
}

void misplaced_frame() noexcept {
    std::fputs(
        "heddle: g++ 12 has miscompiled a coroutine that declares no variable and has "
        "co_await in a condition; declare one in it (include/compilers.md)\n",
        stderr);
    std::abort();
}

void process::give_back() noexcept {
    bool unwanted;
    {
        guard g(lock);
        taken = false;
        unwanted = ended && !held.load(std::memory_order_relaxed);
    }
    if (unwanted)
        forget_result();
}

void process::note_escape() noexcept {
    std::string who;
    try {
        who = "task " + std::to_string(id);
        describe(who);
    } catch (const std::bad_alloc&) {  // then it is not named
    }
    detail::note_escape(failure, who);
}

bool process::ends_normally() const noexcept {
    try {
        std::rethrow_exception(failure);
    } catch (const cancelled& c) {
        return closed() || c.thrown_in() == id;  // a scope's token
    } catch (...) {
        return false;
    }
}

}  // namespace detail

}  // namespace heddle
