// SPDX-License-Identifier: BSL-1.0
// Random operations of a few threads on the same channels are checked for
// linearizability: support/history.hpp. This covers laws 1 to 4, 6, 8, 9, 20 to 26, 29,
// 31 and 48 to 50.
#include <heddle/heddle.hpp>

#include "support/environment.hpp"
#include "support/history.hpp"
#include "support/joined_thread.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <random>
#include <thread>
#include <vector>

namespace {

using heddle::task;
using heddle::try_status;
using test::attempt;
using test::event;

/// The operations of one thread in a round.
struct step {
    enum kind { wait, select, select_otherwise, attempt_only, limited } how;
    std::vector<attempt> arms;
};
using program = std::vector<step>;

/// The objects that the threads share in a round.
struct round {
    std::vector<heddle::channel<int>> channels;
    std::atomic<std::uint64_t> clock{1};
    std::atomic<int> running{0};
    std::atomic<int> progress{0};
    std::vector<std::vector<event>> seen;
    std::vector<heddle::done_source> stops;
};

program draw(std::mt19937_64& random, int thread, int steps, std::size_t channels) {
    auto below = [&](std::uint64_t n) { return static_cast<int>(random() % n); };
    int value = thread * 100;
    auto arm = [&] {
        auto c = static_cast<std::size_t>(below(channels));
        return below(2) ? attempt{attempt::send, c, ++value}
                        : attempt{attempt::receive, c};
    };
    program p;
    for (int i = 0; i < steps; ++i) {
        int dice = below(100);
        if (dice < 40)
            p.push_back({step::wait, {arm()}});
        else if (dice < 60)
            p.push_back({step::select, {arm(), arm()}});
        else if (dice < 70)
            p.push_back({step::select_otherwise, {arm(), arm()}});
        else if (dice < 82)
            p.push_back({step::attempt_only, {arm()}});
        else if (dice < 95)
            p.push_back({step::limited, {arm()}});
        else
            p.push_back(
                {step::attempt_only,
                 {{attempt::close, static_cast<std::size_t>(below(channels))}}});
    }
    return p;
}

heddle::arm arm_of(round& r, const attempt& a, std::optional<int>& got) {
    auto& c = r.channels[a.channel];
    if (a.what == attempt::send)
        return c.emplace(a.value);
    return c.receive(got);
}

/// One wait, with one arm or two.
task<> wait_for(round& r, const step& s, event& e) {
    std::optional<int> got[2];
    std::vector<heddle::arm> arms;
    for (std::size_t i = 0; i < s.arms.size(); ++i)
        arms.push_back(arm_of(r, s.arms[i], got[i]));
    if (s.how == step::select_otherwise) {
        std::size_t arm = co_await heddle::select(
            std::move(arms[0]), std::move(arms[1]), heddle::otherwise);
        e.arm = arm == 2 ? 0 : arm;
        e.how = arm == 2 ? event::not_ready : event::happened;
    } else {
        e.arm = co_await heddle::select(arms);
        e.how = event::happened;
    }
    e.got = got[e.arm];
}

void attempt_only(round& r, const attempt& a, event& e) {
    auto& c = r.channels[a.channel];
    if (a.what == attempt::close) {
        e.how = c.try_close() ? event::happened : event::refused;
        return;
    }
    try_status status =
        a.what == attempt::send ? c.try_send(a.value) : c.try_receive(e.got);
    e.how = status == try_status::would_block ? event::not_ready : event::happened;
    if (status == try_status::closed && a.what == attempt::send)
        e.how = event::refused;
}

task<> run_program(round& r, const program& p, std::size_t me) {
    for (const step& s : p) {
        event e;
        e.attempts = s.arms;
        e.called = r.clock.fetch_add(1);
        try {
            if (s.how == step::attempt_only)
                attempt_only(r, s.arms[0], e);
            else if (s.how == step::limited)
                co_await heddle::with_done(r.stops[me].token(), wait_for(r, s, e));
            else
                co_await wait_for(r, s, e);
        } catch (const heddle::channel_closed&) {
            e.how = event::refused;
        } catch (const heddle::cancelled&) {
            e.how = event::cancelled;
        }
        e.returned = r.clock.fetch_add(1);
        r.seen[me].push_back(std::move(e));
        r.progress.fetch_add(1);
    }
    r.running.fetch_sub(1);
}

/// Closes tokens and channels when no task can run, or a little before.
void end_round(round& r, int threads, int steps, std::uint64_t patience,
               std::vector<event>& seen) {
    int before = -1;
    for (std::uint64_t idle = 0; idle < patience && r.running.load() > 0; ++idle) {
        int now = r.progress.load();
        if (now != before)
            idle = 0;
        before = now;
        if (now > threads * steps / 2 && idle == patience / 2)
            for (auto& s : r.stops)
                s.close();
        std::this_thread::yield();
    }
    for (auto& s : r.stops)
        s.close();
    for (std::size_t c = 0; c < r.channels.size(); ++c) {
        event e;
        e.attempts = {{attempt::close, c}};
        e.called = r.clock.fetch_add(1);
        e.how = r.channels[c].try_close() ? event::happened : event::refused;
        e.returned = r.clock.fetch_add(1);
        seen.push_back(e);
    }
}

struct totals {
    std::size_t histories = 0, operations = 0, states = 0;
    std::size_t waited = 0, refused = 0, cancelled = 0, not_ready = 0;
};

class check_rounds {
public:
    check_rounds(int threads, int steps, std::uint64_t seed, std::size_t rounds)
        : threads_(threads), steps_(steps), random_(seed), rounds_(rounds),
          start_(threads + 1), end_(threads + 1) {}

    totals run() {
        std::vector<test::joined_thread> crew;
        for (int i = 0; i < threads_; ++i)
            crew.emplace_back([this, i] { work(static_cast<std::size_t>(i)); });
        for (std::size_t n = 0; n < rounds_; ++n) {
            prepare();
            start_.arrive_and_wait();
            std::vector<event> closes;
            end_round(*now_, threads_, steps_, random_() % 40, closes);
            end_.arrive_and_wait();
            judge(std::move(closes));
        }
        over_ = true;
        start_.arrive_and_wait();
        return totals_;
    }

private:
    void prepare() {
        now_ = std::make_unique<round>();
        capacities_.clear();
        for (std::size_t c = 0; c < 1 + random_() % 2; ++c)
            capacities_.push_back(random_() % 3);
        for (auto c : capacities_)
            now_->channels.emplace_back(c);
        programs_.clear();
        now_->seen.resize(static_cast<std::size_t>(threads_));
        for (int i = 0; i < threads_; ++i) {
            programs_.push_back(draw(random_, i + 1, steps_, capacities_.size()));
            now_->stops.emplace_back();
        }
        now_->running = threads_;
    }

    void work(std::size_t me) {
        asio::io_context ctx(1);
        auto guard = asio::make_work_guard(ctx);
        for (;;) {
            start_.arrive_and_wait();
            if (over_)
                return;
            auto h = heddle::go(ctx, run_program, std::ref(*now_),
                                std::cref(programs_[me]), me);
            while (heddle::live_tasks(ctx) != 0)
                ctx.run_one();
            h = {};
            end_.arrive_and_wait();
        }
    }

    void judge(std::vector<event> all) {
        for (auto& each : now_->seen)
            all.insert(all.end(), each.begin(), each.end());
        std::sort(all.begin(), all.end(),
                  [](auto& a, auto& b) { return a.called < b.called; });
        for (auto& e : all) {
            totals_.refused += e.how == event::refused;
            totals_.cancelled += e.how == event::cancelled;
            totals_.not_ready += e.how == event::not_ready;
        }
        ++totals_.histories;
        totals_.operations += all.size();
        test::linearizability judge(capacities_, all);
        bool linearizable = judge.holds();
        totals_.states += judge.states();
        std::string which;
        for (auto c : capacities_)
            which += std::to_string(c) + ' ';
        CHECK_MESSAGE(linearizable, "capacities " << which << "\n"
                                                  << test::to_text(all));
    }

    const int threads_;
    const int steps_;
    std::mt19937_64 random_;
    const std::size_t rounds_;
    std::barrier<> start_, end_;
    std::atomic<bool> over_{false};
    std::unique_ptr<round> now_;
    std::vector<std::size_t> capacities_;
    std::vector<program> programs_;
    totals totals_;
};

/// tools/soak runs more.
std::size_t rounds() { return test::number_in("HEDDLE_HISTORIES", 1500); }

}  // namespace

TEST_SUITE_BEGIN("stress.history");

TEST_CASE("laws 1-4, 6, 8, 9, 20-26, 29, 31, 48-50: the operations of threads are "
          "linearizable") {
    const std::uint64_t seed =
        test::number_in("HEDDLE_SEED_OF_HISTORIES", std::random_device()());
    for (auto [threads, steps] : {std::pair(2, 6), {3, 4}, {4, 3}}) {
        CAPTURE(seed);
        CAPTURE(threads);
        totals t = check_rounds(threads, steps, seed, rounds()).run();
        CHECK(t.histories == rounds());
        CHECK(t.refused > 0);
        CHECK(t.cancelled > 0);
        CHECK(t.not_ready > 0);
        MESSAGE(t.histories << " histories of " << threads << " threads, "
                            << t.operations << " operations, " << t.states
                            << " states searched");
    }
}

TEST_SUITE_END();
