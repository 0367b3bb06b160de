// SPDX-License-Identifier: BSL-1.0
#include "testing/stage.hpp"

#include "testing/testing_report.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace heddle HEDDLE_VARIANT::testing {

namespace {

thread_local stage::seat* sitting = nullptr;

HEDDLE_NOINLINE void sit(stage::seat* s) noexcept { sitting = s; }

}  // namespace

// Not inlined: clang 16 keeps the address of a thread_local across a suspension.
HEDDLE_NOINLINE stage::seat* here() noexcept { return sitting; }

// -- the threads --------------------------------------------------------------------

void stage::cast(std::size_t n) {
    while (seats_.size() < n) {
        auto s = std::make_unique<seat>();
        s->on = this;
        s->index = seats_.size();
        seats_.push_back(std::move(s));
        auto& made = *seats_.back();
        made.thread =
            std::thread([self = shared_from_this(), &made] { self->live(made); });
    }
}

void stage::live(seat& s) noexcept {
    sit(&s);
    for (;;) {
        s.turn.wait();
        if (s.quit)
            return;
        try {
            perform(s);
        } catch (...) {
            fail(std::current_exception());
        }
        s.ended = true;
        hand_over(&s);
    }
}

void stage::perform(seat& s) {
    auto& a = program_->actors[s.index];
    if (a.kind != threads::how::runs_task)
        a.f(*a.ctx);
    if (a.kind != threads::how::calls)
        run_context(s, a);
}

/// Runs handlers one by one. When there is none, time goes on to the next deadline: in
/// some schedules before another thread posts something, in others after it.
void stage::run_context(seat& s, threads::impl::actor& a) {
    auto look = [&](auto f) {
        s.looking = true;
        bool b = f();
        s.looking = false;
        return b;
    };
    for (s.mail = true;;) {
        struct state {
            seat& self;
            bool deadline;
        } at{s, !s.mail && look([&] { return a.state->has_deadline(); })};
        arrive(s, {mail_of(s.index), access::write},
               {[](const void* p) {
                    auto& w = *static_cast<const state*>(p);
                    return w.self.mail || w.deadline;
                },
                &at});
        if (!s.mail) {
            a.state->advance();
            continue;
        }
        a.ctx->restart();
        if (a.ctx->poll_one() != 0) {
            stirred_ = false;
            continue;
        }
        s.mail = false;
        if (a.ctx->stopped() && look([&] { return a.state->live() == 0; }))
            return;
    }
}

void stage::dismiss() noexcept {
    for (auto& s : seats_) {
        if (verdict_ == verdict::stuck) {
            s->thread.detach();
        } else {
            s->quit = true;
            s->turn.give();
            s->thread.join();
        }
    }
}

// -- one schedule -------------------------------------------------------------------

std::exception_ptr stage::run(const std::function<void(threads&)>& program,
                              std::string& dump) {
    auto made = std::make_unique<threads::impl>();
    made->chooser = this;
    order_.begin();
    replayed_ = steps_ = last_ = 0;
    cut_ = free_ = stirred_ = endless_ = false;
    made_.clear();
    failure_ = nullptr;
    writes_.clear();
    caller_.made = 0;
    sit(&caller_);
    try {
        threads t(*made);
        program(t);
        for (auto& a : made->actors)
            if (a.kind == threads::how::runs_task)
                a.f(*a.ctx);
        cast(made->actors.size());
    } catch (...) {
        sit(nullptr);
        throw;
    }
    for (std::size_t i = 0; i < made->actors.size(); ++i) {
        auto& s = *seats_[i];
        s.made = 0;
        s.seen.clear();
        s.next = {};
        s.can = {};
        s.ended = s.mail = false;
    }
    program_ = made.get();
    play();
    if (verdict_ == verdict::stuck) {
        dump = dump_contexts();
        fail(std::make_exception_ptr(deadlock(stuck())));
        left_ = std::move(made);  // the threads are still in it
    } else if (!failure_) {
        try {
            for (auto& a : made->actors)
                if (auto n = a.state->live())
                    throw leaked("heddle: " + std::to_string(n) + " tasks left\n" +
                                 dump_contexts());
            if (made->at_end)
                made->at_end();
        } catch (...) {
            fail(std::current_exception());
        }
    }
    program_ = nullptr;
    made.reset();
    sit(nullptr);
    return failure_;
}

/// Runs threads until all have ended, or none can go on.
void stage::play() {
    for (;;) {
        verdict_ = verdict::none;
        if (hand_over(nullptr))
            caller_.turn.wait();
        if (verdict_ == verdict::ended || endless_ || !stir())
            return;
    }
}

/// Called when no thread can go on. First each context is polled, because it may have
/// handlers that were not announced; the next time the program's at_rest() function is
/// called. Returns false if there is nothing left to do: the threads are stuck.
bool stage::stir() noexcept {
    order_.barrier();
    if (!std::exchange(stirred_, true)) {
        for (auto& s : seats_)
            s->mail = true;
        return true;
    }
    if (!program_->at_rest)
        return false;
    stirred_ = false;
    try {
        std::exchange(program_->at_rest, nullptr)();
    } catch (...) {
        fail(std::current_exception());
    }
    return true;
}

void stage::fail(std::exception_ptr e) noexcept {
    if (!failure_)
        failure_ = std::move(e);
    free_ = true;
}

std::string stage::stuck() const {
    std::string text = "heddle: deadlock: no thread can go on\n";
    for (std::size_t i = 0; i < program_->actors.size(); ++i) {
        auto& s = *seats_[i];
        text += "thread " + std::to_string(i) +
                (s.ended                       ? " has ended"
                 : s.next.how == access::lock  ? " waits for a lock"
                 : s.next.object == mail_of(i) ? " waits for handlers of its context"
                                               : " waits for another to write") +
                '\n';
    }
    return text;
}

/// Returns nothing if a thread waits for a lock, for which the dump might wait, too.
std::string stage::dump_contexts() const {
    std::string text;
    for (std::size_t i = 0; i < program_->actors.size(); ++i)
        if (auto& s = *seats_[i]; !s.ended && s.next.how == access::lock)
            return {};
    for (auto& a : program_->actors)
        text += detail::tasks_of(*a.ctx);
    return text;
}

// -- the choice of the next thread --------------------------------------------------

/// Gives the baton to the next thread. Returns false if that is `from` itself. If it
/// returns true, other threads may run by then: the caller touches nothing that they
/// may change.
bool stage::hand_over(seat* from) {
    seat* to = pick();
    if (to == from)
        return false;
    (to ? *to : caller_).turn.give();
    return true;
}

stage::seat* stage::pick() {
    std::uint32_t enabled = 0;
    std::array<touch, interleavings::max_threads> next{};
    bool left = false;
    for (std::size_t i = 0; i < program_->actors.size(); ++i) {
        auto& s = *seats_[i];
        if (s.ended)
            continue;
        left = true;
        if (s.next.how == access::nothing) {
            s.next.how = access::read;  // it runs alone up to its first step
            return &s;
        }
        if (s.can())
            enabled |= std::uint32_t{1} << i;
        next[i] = s.next;
    }
    if (!enabled) {
        verdict_ = left ? verdict::stuck : verdict::ended;
        return nullptr;
    }
    if (++steps_ > bounds_.steps) {
        fail(std::make_exception_ptr(
            std::runtime_error("heddle: explore_threads: more than " +
                               std::to_string(bounds_.steps) + " steps, and no end")));
        endless_ = true;
        verdict_ = verdict::stuck;
        return nullptr;
    }
    std::size_t to = interleavings::none;
    if (!free_ && replay_)
        to = pick_replayed(enabled);
    else if (!free_) {
        to = order_.pick(enabled, next);
        cut_ = free_ = to == interleavings::none;
    }
    if (free_)
        to = pick_freely(enabled);
    last_ = to;
    decided({false, static_cast<std::uint32_t>(to)});
    wrote(*seats_[to], seats_[to]->next);
    return seats_[to].get();
}

std::size_t stage::pick_freely(std::uint32_t enabled) noexcept {
    while (!(enabled & (std::uint32_t{1} << last_)))
        last_ = (last_ + 1) % interleavings::max_threads;
    return last_;
}

std::size_t stage::pick_replayed(std::uint32_t enabled) {
    while (replayed_ < replay_->size() && (*replay_)[replayed_].is_choice)
        ++replayed_;  // this run does not ask for that choice
    if (replayed_ == replay_->size())
        return pick_freely(enabled);
    auto to = (*replay_)[replayed_++].number;
    if (to < interleavings::max_threads && (enabled & (std::uint32_t{1} << to)))
        return to;
    fail(std::make_exception_ptr(std::invalid_argument(
        "heddle: HEDDLE_SCHEDULE: thread " + std::to_string(to) + " cannot go on")));
    return pick_freely(enabled);
}

// -- the seams ----------------------------------------------------------------------

void stage::wrote(seat& s, const touch& t) noexcept {
    auto& n = writes_[t.object];
    if (t.how != access::read)
        ++n;
    s.seen[t.object] = n;
}

void stage::arrive(seat& s, touch t, condition can) noexcept {
    t.may_wait = can.holds != nullptr;
    if (&s == &caller_ || !counts_as_step(t.how) || (s.looking && can()))
        return wrote(s, t);
    s.next = t;
    s.can = can;
    if (hand_over(&s))
        s.turn.wait();
}

void stage::note(seat& s, touch t) noexcept {
    wrote(s, t);
    if (&s != &caller_ && !s.looking && !free_ && !replay_)
        order_.also(t);
}

void stage::wait_for_write(seat& s, std::uint64_t object) noexcept {
    struct state {
        stage& self;
        seat& me;
        std::uint64_t object;
    } at{*this, s, object};
    arrive(s, {object, access::read},
           {[](const void* p) {
                auto& w = *static_cast<const state*>(p);
                return w.me.seen[w.object] != w.self.writes_[w.object];
            },
            &at});
}

void stage::post(seat& s, const asio::execution_context& ctx) noexcept {
    for (std::size_t i = 0; program_ && i < program_->actors.size(); ++i)
        if (program_->actors[i].ctx.get() == &ctx) {
            arrive(s, {mail_of(i), access::write}, {});
            seats_[i]->mail = true;
        }
}

std::uint32_t stage::choose(std::uint32_t n) noexcept {
    seat* s = here();
    if (!s || s == &caller_ || free_)
        return 0;
    std::uint32_t taken = 0;
    if (!replay_)
        taken = order_.choose(n);
    else if (replayed_ != replay_->size() && (*replay_)[replayed_].is_choice)
        taken = (*replay_)[replayed_++].number % n;
    return decided({true, taken});
}

void stage::was_moot() noexcept {
    if (seat* s = here(); s && s != &caller_ && !free_ && !replay_)
        order_.was_moot();
}
}  // namespace heddle::testing
