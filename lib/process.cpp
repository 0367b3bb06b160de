// SPDX-License-Identifier: BSL-1.0
#include <heddle/detail/process.hpp>

#include <heddle/detail/host.hpp>
#include <heddle/done.hpp>
#include <heddle/go.hpp>

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace heddle {
namespace detail {

namespace {

atomic<std::uint64_t> last_id{0};

}  // namespace

std::uint64_t new_task_numbers(std::uint32_t n) noexcept {
    return add<std::uint64_t>(last_id, n, std::memory_order_relaxed) + 1;
}

std::uint64_t task_numbers() noexcept {
    return last_id.load(std::memory_order_relaxed);
}

process::process(host& h, const void* at) noexcept : home(&h), spawned_at(at) {}

process::~process() {
    if (keeps_home)
        home->drop();
}

done_node* process::token() noexcept {
    if (current == this)
        exposed = true;
    if (current == this || !current)
        return current;
    return static_cast<scope_guard*>(current)->token();
}

done_node* process::scope() noexcept {
    if (!current || (current == this && !cancellable()))
        return nullptr;
    return current == this ? this : static_cast<scope_guard*>(current)->token();
}

done_node* process::enter(done_node* node) noexcept {
    guard g(lock);
    done_node* before = std::exchange(current, node);
    // The bit of the claim word follows [current].
    bool closed = node && node->closed();
    word.store(closed ? claim_word::cancelled : 0, std::memory_order_relaxed);
    return before;
}

void process::interrupt_by(const done_node& by, wake_list& wakes) noexcept {
    using namespace claim_word;
    guard g(lock);
    if (current != &by || ended)
        return;
    std::uint32_t old = word.load(std::memory_order_relaxed);
    if (old & cancelled)
        return;
    host& at = *home;             // until the lock is free: move_to()
    bool expected = at.expect();  // [homecoming]
    std::uint32_t want;
    do {
        want = (old & ~waiting) | cancelled;
        if ((old & (in_io | starting)) == in_io)
            want |= cancelling;
    } while (!exchange_if(word, old, want));
    bool comes = (old & waiting) || (want & cancelling);
    if (old & waiting)
        winner = nullptr;  // [winner]: the token
    else if (want & cancelling)
        turn = emit_cancellation;
    if (comes)
        wakes.add(*this);
    if (expected && comes)
        turn = from_outside;
    else if (expected)
        at.expect_no_more();
}

/// Marks a process that was claimed and counted, until it is submitted. Never a turn.
void from_outside(runnable&, host&) {}

bool claim_process(process& p, bool certain) noexcept {
    host& home = *p.home;
    bool expected = home.expect();  // [homecoming]
    bool won = certain || p.claim();
    if (expected && won)
        p.turn = from_outside;
    else if (expected)
        home.expect_no_more();
    return won;
}

bool claim_among_threads(operation& op) noexcept {
    bool won = op.standing       ? claim_standing(op)
               : op.who->foreign ? op.exclusive || op.who->claim()
                                 : claim_process(as_process(*op.who), op.exclusive);
    if (won)
        op.who->winner = &op;
    return won;
}

void process::throw_cancelled() const { throw cancelled(current->cause(), id); }

bool process::owned_by_handler() const noexcept {
    return (word.load(std::memory_order_acquire) & claim_word::in_io) != 0;
}

bool process::withdraw_all() noexcept {
    bool ours = (waits && waits->exclusive) || claim();  // null: a select of nothing
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
        promise_base* caller = frame->caller;
        if (frame->owner)
            *frame->owner = {};
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
        "co_await in a condition; declare one in it (README.md, Limits)\n",
        stderr);
    std::abort();
}

void throw_already_joined(const char* what) { throw already_joined(what); }

void let_go(process& p) noexcept {
    bool report, unwanted;
    {
        guard g(p.lock);
        p.held.store(false, std::memory_order_release);
        unwanted = p.ended && !p.taken;
        report = unwanted && p.keeps_home && !p.ends_normally();
    }
    if (report) {
        p.home->report(p);  // takes the reference over
        return;
    }
    if (unwanted && p.is_shared())
        p.forget_result();
    p.drop();
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

void claim_result(process* p) {
    if (!p)
        throw already_joined("heddle: join of a nil or moved-from join_handle");
    guard g(p->lock);
    if (std::exchange(p->taken, true))
        throw already_joined("heddle: this task was joined before");
}

bool process::ends_normally() const noexcept {
    try {
        std::rethrow_exception(failure);
    } catch (const cancelled& c) {
        return closed() || c.thrown_in() == id;  // under with_done, say
    } catch (...) {
        return false;
    }
}

done_node* scope_here() noexcept {
    host* h = host::current();
    process* p = h ? h->running() : nullptr;
    return p ? p->scope() : nullptr;
}

void launch(host& home, process& p, promise_base& root, done_node* scope) noexcept {
    host& at = home.place(host::current());
    p.home = &at;
    p.top = &root;
    root.self = &p;
    if (scope)
        p.attach(*scope);
    if (p.closed())
        p.word.store(claim_word::cancelled, std::memory_order_relaxed);
    at.enrol(p);
    host* here = host::current();
    if (here == &at)
        at.push_fresh(p);
    else
        at.ready(p, here);
}

void move_to(process& p, host& to) noexcept {
    {
        guard g(p.lock);    // interrupt_by() counts at its home
        p.home->strike(p);  // whoever drains it holds it
        p.home = &to;
    }
    to.enrol(p);
    to.ready(p, host::current());
}

host& running_host() { return *host::current_process().home; }

counted<host> current_host() { return counted<host>(&running_host()); }

void join_operation::describe(std::string& to) const {
    to += "for task " + std::to_string(process_->id) + " to end";
}

}  // namespace detail

void this_task::name(std::string name) {
    auto& self = detail::host::current_process();
    auto made = std::make_unique<std::string>(std::move(name));
    detail::guard g(self.lock);  // a dump may be reading it
    std::swap(self.name, made);
}

std::uint64_t this_task::id() { return detail::host::current_process().id; }

}  // namespace heddle
