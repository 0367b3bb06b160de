// SPDX-License-Identifier: BSL-1.0
// The stage on which explored threads run, one at a time: who holds the baton runs to its next
// step, decides with interleavings.hpp who is next, and hands over.
#include <heddle/testing_threads.hpp>

#include "context_state.hpp"
#include "interleavings.hpp"
#include "testing_report.hpp"

#include <sched.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

namespace heddle {
namespace testing {

using detail::access;
using detail::condition;
using detail::context_state;
using detail::interleavings;
using detail::touch;

namespace {

/// A thread sleeps until it is given the baton.
class baton {
public:
    void give() noexcept {
        here_.store(1);
        here_.notify_one();
    }
    void wait() noexcept {
        while (here_.exchange(0) == 0)
            here_.wait(0);
    }

private:
    std::atomic<int> here_{0};
};

}  // namespace

class threads::impl {
public:
    struct actor {
        std::function<void(asio::io_context&)> f;
        how kind;
        std::unique_ptr<asio::io_context> ctx;
        std::shared_ptr<context_state> state;
    };

    detail::chooser* chooser = nullptr;
    std::vector<actor> actors;
    std::function<void()> at_rest;
    std::function<void()> at_end;
};

asio::io_context& threads::add(std::function<void(asio::io_context&)> f, how kind) {
    if (impl_.actors.size() == interleavings::max_threads)
        throw std::length_error("heddle: explore_threads: at most 8 threads");
    auto ctx = std::make_unique<asio::io_context>(1);
    auto state = std::make_shared<context_state>(std::nullopt, true, impl_.chooser);
    set_context_state(*ctx, state);
    detail::host_of(*ctx);
    impl_.actors.push_back({std::move(f), kind, std::move(ctx), std::move(state)});
    return *impl_.actors.back().ctx;
}

void threads::at_rest(std::function<void()> f) { impl_.at_rest = std::move(f); }
void threads::at_end(std::function<void()> f) { impl_.at_end = std::move(f); }

/// One exploration. Threads that a deadlock has left behind share it with the caller.
class stage final : public detail::chooser, public std::enable_shared_from_this<stage> {
public:
    /// A thread, or (index max_threads) the one that asked for the exploration.
    struct seat {
        stage* on = nullptr;
        std::size_t index = interleavings::max_threads;
        std::uint32_t made = 0;  // objects, in this run
        touch next;
        condition can;
        std::unordered_map<std::uint64_t, std::uint32_t> seen;  // as `writes_` then
        bool ended = true;
        bool mail = false;     // for its context
        bool looking = false;  // at what its own host holds: no steps
        bool quit = false;
        baton turn;
        std::thread thread;
    };

    stage(const thread_bounds& bounds,
          std::optional<std::vector<detail::decision>> replay)
        : bounds_(bounds), order_({bounds.preemptions, bounds.reduce}),
          replay_(std::move(replay)) {
        caller_.on = this;
    }

    /// Runs the program under the next schedule.
    std::exception_ptr run(const std::function<void(threads&)>& program,
                           std::string& dump);
    bool next_run() { return !replay_ && order_.next_run(); }
    bool cut() const noexcept { return cut_; }
    bool changed() const noexcept { return order_.changed(); }
    std::size_t depth() const noexcept { return order_.depth(); }
    std::string schedule() const { return detail::to_text(made_); }
    void dismiss() noexcept;  // the threads go home

    // -- the seams ------------------------------------------------------------------

    std::uint64_t name_object(seat& s) noexcept {
        return (std::uint64_t{s.index + 1} << 32) | ++s.made;
    }
    void arrive(seat& s, touch t, condition can) noexcept;
    void note(seat& s, touch t) noexcept;
    void wait_for_write(seat& s, std::uint64_t object) noexcept;
    void post(seat& s, const asio::execution_context& ctx) noexcept;

    std::uint32_t choose(std::uint32_t n) noexcept override;
    void was_moot() noexcept override;

private:
    enum class verdict { none, ended, stuck };

    /// An object for the contents of a context: what is posted goes in.
    static std::uint64_t mail_of(std::size_t seat) noexcept {
        return (std::uint64_t{1} << 63) | seat;
    }

    void cast(std::size_t n);
    void live(seat& s) noexcept;
    void perform(seat& s);
    void run_context(seat& s, threads::impl::actor& a);
    bool counts_as_step(access how) const noexcept {
        return how != access::count || bounds_.counts;
    }
    void wrote(seat& s, const touch& t) noexcept;
    std::uint32_t decided(detail::decision d) {
        if (!failure_)
            made_.push_back(d);
        return d.number;
    }
    bool hand_over(seat* from);
    seat* pick();
    std::size_t pick_freely(std::uint32_t enabled) noexcept;
    std::size_t pick_replayed(std::uint32_t enabled);
    void play();
    bool stir() noexcept;
    void fail(std::exception_ptr e) noexcept;
    std::string stuck() const;
    std::string dump_contexts() const;

    const thread_bounds bounds_;
    interleavings order_;
    std::optional<std::vector<detail::decision>> replay_;
    std::size_t replayed_ = 0;
    std::vector<detail::decision> made_;  // in this run, up to its failure

    threads::impl* program_ = nullptr;
    std::unique_ptr<threads::impl>
        left_;  // by a deadlock; this lives as long as its threads
    std::vector<std::unique_ptr<seat>> seats_;
    seat caller_;
    std::unordered_map<std::uint64_t, std::uint32_t> writes_;
    std::size_t last_ = 0;  // who runs
    std::size_t steps_ = 0;
    verdict verdict_ = verdict::none;
    bool cut_ = false;   // this run goes on as it likes: it was run before
    bool free_ = false;  // so it does after a failure
    bool endless_ = false;
    bool stirred_ = false;
    std::exception_ptr failure_;
};

namespace {

thread_local stage::seat* sitting = nullptr;

// Not inlined: clang 16 keeps the address of a thread_local across a suspension.
[[gnu::noinline]] stage::seat* here() noexcept { return sitting; }
[[gnu::noinline]] void sit(stage::seat* s) noexcept { sitting = s; }

}  // namespace

// -- the threads --------------------------------------------------------------------------

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

/// Handlers one by one, and when there is none, time goes on: if a deadline is near, perhaps
/// before another thread sends something.
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

// -- one schedule -------------------------------------------------------------------------

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

/// Until all threads have ended, or none can go on.
void stage::play() {
    for (;;) {
        verdict_ = verdict::none;
        if (hand_over(nullptr))
            caller_.turn.wait();
        if (verdict_ == verdict::ended || endless_ || !stir())
            return;
    }
}

/// No thread can go on: perhaps there is something in their contexts that did not say so;
/// then the program itself is asked. False: they are stuck.
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

/// Not if a lock is held that it would take.
std::string stage::dump_contexts() const {
    std::string text;
    for (std::size_t i = 0; i < program_->actors.size(); ++i)
        if (auto& s = *seats_[i]; !s.ended && s.next.how == access::lock)
            return {};
    for (auto& a : program_->actors)
        text += dump_tasks(*a.ctx);
    return text;
}

// -- who goes on ----------------------------------------------------------------------------

/// Gives the baton to whoever is next. False: that is who asks. Else not a word after it to what
/// the others may have changed by then.
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
            s.next.how = access::read;  // up to its first step it is alone
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
        ++replayed_;  // of an arm nobody asked for
    if (replayed_ == replay_->size())
        return pick_freely(enabled);
    auto to = (*replay_)[replayed_++].number;
    if (to < interleavings::max_threads && (enabled & (std::uint32_t{1} << to)))
        return to;
    fail(std::make_exception_ptr(std::invalid_argument(
        "heddle: HEDDLE_SCHEDULE: thread " + std::to_string(to) + " cannot go on")));
    return pick_freely(enabled);
}

// -- the seams ------------------------------------------------------------------------------

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

// -----------------------------------------------------------------------------------------

namespace {

extern "C" [[gnu::weak]] void __sanitizer_set_death_callback(void (*)());

/// Tells the schedule in which an assertion, a bad access or a sanitizer ends the program. No
/// more is promised than to try: it allocates, on the way down.
class last_words {
public:
    last_words(const std::string& name, const stage& on) : name_(name), on_(on) {
        dying = this;
        struct sigaction a{};
        a.sa_handler = [](int signal) {
            if (last_words* self = std::exchange(dying, nullptr)) {
                self->give_back();
                self->speak();
            }
            std::raise(signal);
        };
        a.sa_flags = SA_NODEFER;
        for (auto& s : signals_)
            ::sigaction(s.number, &a, &s.before);
        if (__sanitizer_set_death_callback)
            __sanitizer_set_death_callback([] {
                if (last_words* self = std::exchange(dying, nullptr))
                    self->speak();
            });
    }
    last_words(const last_words&) = delete;
    last_words& operator=(const last_words&) = delete;
    ~last_words() {
        dying = nullptr;
        give_back();
    }

private:
    void give_back() noexcept {
        for (auto& s : signals_)
            ::sigaction(s.number, &s.before, nullptr);
    }
    void speak() const {
        report(name_, "HEDDLE_SCHEDULE", "'" + name_ + ":" + on_.schedule() + "'",
               std::make_exception_ptr(std::runtime_error("the program ends")), {});
        std::fflush(stderr);
    }

    static inline last_words* dying = nullptr;

    const std::string& name_;
    const stage& on_;
    struct {
        int number;
        struct sigaction before;
    } signals_[2]{{SIGABRT, {}}, {SIGSEGV, {}}};
};

}  // namespace

explored_threads explore_threads(const std::string& name,
                                 const std::function<void(threads&)>& program,
                                 thread_bounds bounds) {
    std::optional<std::vector<detail::decision>> only;
    if (auto text = schedule_from_environment(name))
        only = detail::parse_schedule(*text);
    auto on = std::make_shared<stage>(bounds, only);
    struct dismissal {
        stage& of;
        ~dismissal() { of.dismiss(); }
    } at_end{*on};
    last_words words(name, *on);
    for (explored_threads all;;) {
        std::string dump;
        std::exception_ptr failure = on->run(program, dump);
        ++(on->cut() ? all.abandoned : all.schedules);
        all.depth = std::max(all.depth, on->depth());
        if (on->changed())
            throw std::logic_error("heddle: explore_threads: " + name +
                                   ": the same schedule led to another program");
        if (failure) {
            report(name, "HEDDLE_SCHEDULE", "'" + name + ":" + on->schedule() + "'",
                   failure, dump);
            std::rethrow_exception(failure);
        }
        if (only)
            return all;
        all.complete = !on->next_run();
        if (all.complete || all.schedules >= bounds.schedules)
            return all;
    }
}

}  // namespace testing

// -- the seams ------------------------------------------------------------------------------

namespace detail {

using testing::here;

object_name::object_name() noexcept
    : number_(here() ? here()->on->name_object(*here()) : 0) {}

void announce(const object_name& name, access how, condition can) noexcept {
    if (auto* s = here())
        s->on->arrive(*s, {name.get(), how}, can);
}

void note(const object_name& name, access how) noexcept {
    if (auto* s = here())
        s->on->note(*s, {name.get(), how});
}

void announce_wait_for_write(const object_name& name) noexcept {
    if (auto* s = here())
        s->on->wait_for_write(*s, name.get());
}

void announce_post(const asio::execution_context& ctx) noexcept {
    if (auto* s = here())
        s->on->post(*s, ctx);
}

bool is_explored() noexcept {
    auto* s = here();
    return s && s->index < testing::interleavings::max_threads;
}

void back_off::operator()() noexcept { ::sched_yield(); }

}  // namespace detail
}  // namespace heddle
