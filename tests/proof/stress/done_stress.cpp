// SPDX-License-Identifier: BSL-1.0
// Done tokens between threads: close races with the waits that it ends. Tasks that are
// dealt to four threads run each race many times. laws/done_test.cpp has the laws in
// one thread.
#include <heddle/heddle.hpp>

#include "support/ending.hpp"
#include "support/joined_thread.hpp"
#include "support/loom.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <barrier>
#include <chrono>
#include <memory>
#include <optional>
#include <random>
#include <thread>
#include <vector>

TEST_SUITE_BEGIN("stress.done");

using namespace std::chrono_literals;
using heddle::done_source;
using heddle::done_token;
using heddle::task;
using test::cause;
using test::ending;
using test::loom;
using test::why;

namespace {

constexpr int rounds = 1'000;

/// Returns a seeded number below n.
class dice {
public:
    explicit dice(unsigned seed) : engine_(seed) {}
    unsigned operator()(unsigned n) { return static_cast<unsigned>(engine_() % n); }

private:
    std::mt19937 engine_;
};

task<> receive(heddle::receiver<int> in, bool& got) {
    got = (co_await in.receive()).has_value();
}

task<> send(heddle::sender<int> out) { co_await out.send(1); }

task<> idle(unsigned turns) {
    while (turns-- != 0)
        co_await heddle::yield();
}

task<> close_after(done_source& s, unsigned turns, const char* why_closed) {
    co_await idle(turns);
    s.close(cause(why_closed));
}

}  // namespace

namespace {

struct meeting {
    heddle::channel<int> c;
    done_source receiver_stop, sender_stop;
    bool got = false;
    std::string receiver, sender;
};

task<> receiving(meeting& m, unsigned turns) {
    co_await idle(turns);
    m.receiver = co_await ending(
        heddle::with_done(m.receiver_stop.token(), receive(m.c, m.got)));
}

task<> sending(meeting& m, unsigned turns) {
    co_await idle(turns);
    m.sender = co_await ending(heddle::with_done(m.sender_stop.token(), send(m.c)));
    m.c.close();
}

}  // namespace

TEST_CASE("laws 48-50: when both sides of a rendezvous close, all agree whether it "
          "happened") {
    std::vector<meeting> all(rounds);
    dice random(48);
    loom threads;
    for (auto& m : all) {
        threads.go(receiving, m, random(4));
        threads.go(sending, m, random(4));
        threads.go(close_after, m.receiver_stop, random(5), "receiver");
        threads.go(close_after, m.sender_stop, random(5), "sender");
    }
    threads.finish();
    int met = 0, wrong = 0;
    for (auto& m : all) {
        bool sent = m.sender == "ok";
        met += sent;
        wrong += sent != m.got;
        wrong += m.receiver != "ok" && m.receiver != "cancelled: receiver";
        wrong += !sent && m.sender != "cancelled: sender";
        wrong += m.got && m.receiver != "ok";
    }
    CHECK(wrong == 0);
    MESSAGE(met << " of " << rounds << " met");
}

namespace {

struct timed {
    done_source stop;
    heddle::channel<int> c;
    std::string how;
};

task<> wait_for_all(timed& t, heddle::duration d) {
    t.how = co_await ending(heddle::with_done(
        t.stop.token(), [](timed& u, heddle::duration limit) -> task<> {
            std::optional<int> v;
            (void)co_await heddle::select(u.c.receive(v), heddle::after(limit));
        }(t, d)));
}

task<> try_send(heddle::channel<int> c, unsigned turns) {
    co_await idle(turns);
    (void)c.try_send(1);
}

}  // namespace

TEST_CASE("law 66: timeout, value and cancel race, and each wait ends once") {
    std::vector<timed> all(rounds);
    dice random(66);
    loom threads;
    for (auto& t : all) {
        threads.go(wait_for_all, t, std::chrono::microseconds(random(300)));
        threads.go(try_send, t.c, random(3));
        threads.go(close_after, t.stop, random(3), "stop");
    }
    threads.finish();
    int wrong = 0, cancelled = 0;
    for (auto& t : all) {
        cancelled += t.how == "cancelled: stop";
        wrong += t.how != "ok" && t.how != "cancelled: stop";
    }
    CHECK(wrong == 0);
    MESSAGE(cancelled << " of " << rounds << " were cancelled");
}

namespace {

task<> own_deadline(asio::any_io_executor elsewhere, done_token above, unsigned us,
                    std::atomic<int>& ended) {
    done_source d(elsewhere, above, std::chrono::microseconds(us));
    done_source kept(elsewhere, d.token(), 1h);
    auto how = co_await ending(heddle::with_done(
        kept.token(), []() -> task<> { co_await heddle::sleep(1h); }()));
    if (how == "cancelled: deadline" || how == "cancelled: above")
        ++ended;
    // `d` and `kept` are destroyed here, on another thread than that of their deadline.
}

}  // namespace

TEST_CASE("a deadline on another thread's host may race with its parent and with its "
          "own end") {
    asio::io_context clock;
    auto work = asio::make_work_guard(clock);
    test::joined_thread runs_clock([&] { clock.run(); });
    std::atomic<int> ended = 0;
    {
        std::vector<done_source> above(rounds);
        dice random(55);
        loom threads;
        for (auto& a : above) {
            threads.go(own_deadline, clock.get_executor(), a.token(), random(400),
                       ended);
            threads.go(close_after, a, random(4) + 1, "above");
        }
        threads.finish();
    }
    work.reset();  // the context ends by itself: no deadline of an hour is left
    runs_clock.join();
    CHECK(ended == rounds);
}

TEST_CASE(
    "law 51: a tree that is closed from all its nodes at once closes each node once") {
    constexpr std::size_t nodes = 100, threads = 4;
    dice random(51);
    int wrong = 0;
    for (int round = 0; round < 200; ++round) {
        std::vector<done_source> tree;
        std::vector<std::size_t> parent{0};
        tree.emplace_back();
        for (std::size_t i = 1; i < nodes; ++i) {
            parent.push_back(random(static_cast<unsigned>(i)));
            tree.emplace_back(tree[parent[i]].token());
        }
        std::vector<std::exception_ptr> causes;
        for (std::size_t i = 0; i < nodes; ++i)
            causes.push_back(cause(std::to_string(i).c_str()));
        std::vector<char> first(nodes);
        std::barrier start(threads);
        {
            std::vector<test::joined_thread> closers;
            for (std::size_t t = 0; t < threads; ++t)
                closers.emplace_back([&, t] {
                    start.arrive_and_wait();
                    for (std::size_t i = t; i < nodes; i += threads) {
                        auto n = nodes - 1 - i;
                        first[n] = tree[n].close(causes[n]);
                        if (!tree[n].token().closed() || !tree[n].token().cause())
                            // close() returned, but the token is not closed.
                            first[n] = 2;
                    }
                });
        }
        for (std::size_t i = 0; i < nodes; ++i) {
            // The cause of a node is its own if its close was first, else that of a
            // node above it.
            auto seen = tree[i].token().cause();
            bool above = false;
            for (std::size_t k = i; k != 0 && !above;)
                above = causes[k = parent[k]] == seen;
            wrong += first[i] == 1 ? seen != causes[i] : first[i] == 2 || !above;
        }
    }
    CHECK(wrong == 0);
}

TEST_CASE("law 53: children that are made while the parent closes are closed when it "
          "has closed") {
    dice random(53);
    int open = 0;
    for (int round = 0; round < 200; ++round) {
        done_source parent;
        std::vector<done_source> made;
        std::barrier start(2);
        test::joined_thread maker([&] {
            start.arrive_and_wait();
            for (int i = 0; i < 100; ++i) {
                made.emplace_back(parent.token());
                if (i % 3 == 0)
                    made.pop_back();
                else if (i % 3 == 1)
                    made.emplace_back(made.back().token());
            }
        });
        auto spins = random(200);
        start.arrive_and_wait();
        for (volatile unsigned i = 0; i < spins * 20;)
            i = i + 1;
        parent.close();
        maker.join();
        for (auto& d : made)
            open += !d.token().closed();
    }
    CHECK(open == 0);
}

TEST_CASE(
    "law 55: each observer of a closed token sees its cause, and always the same one") {
    int wrong = 0;
    for (int round = 0; round < 300; ++round) {
        done_source root;
        done_source leaf(root.token());
        auto token = leaf.token();
        std::atomic<int> bad = 0;
        std::exception_ptr seen[2];
        std::barrier start(4);
        {
            std::vector<test::joined_thread> all;
            for (auto& mine : seen)
                all.emplace_back([&] {
                    start.arrive_and_wait();
                    while (!token.closed()) {
                    }
                    mine = token.cause();
                    for (int i = 0; i < 10; ++i)
                        bad += token.cause() != mine || !mine;
                });
            all.emplace_back([&] {
                start.arrive_and_wait();
                leaf.close(cause("leaf"));
            });
            all.emplace_back([&] {
                start.arrive_and_wait();
                root.close(cause("root"));
            });
        }
        wrong += bad + (seen[0] != seen[1]);
    }
    CHECK(wrong == 0);
}

namespace {

struct job {
    heddle::join_handle<> handle;
    heddle::channel<> go_on;
    std::string how;
};

task<> work(heddle::receiver<> in, unsigned turns) {
    heddle::go([](unsigned n) -> task<> { co_await idle(n); }, turns);
    co_await idle(turns);
    (void)co_await in.receive();
}

task<> join(job& j) { j.how = co_await ending(j.handle); }

task<> cancel(job& j, unsigned turns) {
    co_await idle(turns);
    j.handle.cancel(cause("enough"));
}

task<> release(job& j, unsigned turns) {
    co_await idle(turns);
    j.go_on.close();
}

}  // namespace

TEST_CASE("law 59: cancel races with the run, the end and the join of a task") {
    asio::io_context ctx;
    auto guard = asio::make_work_guard(ctx);
    std::vector<job> all(rounds);
    dice random(59);
    {
        loom threads;
        for (auto& j : all) {
            j.handle = heddle::go(ctx, work, j.go_on, random(4));
            threads.go(join, j);
            threads.go(cancel, j, random(6));
            threads.go(release, j, random(6));
        }
        test::joined_thread runs_jobs([&] { ctx.run(); });
        threads.finish();
        guard.reset();
    }
    int wrong = 0, ended = 0;
    for (auto& j : all) {
        ended += j.how == "ok";
        wrong += j.how != "ok" && j.how != "cancelled: enough";
    }
    CHECK(wrong == 0);
    MESSAGE(ended << " of " << rounds << " ended before they were cancelled");
    CHECK(heddle::live_tasks(ctx) == 0);
}

namespace {

/// Enters and leaves scopes, and waits in each; ends when it has seen that `stop` is
/// closed.
task<> change_scopes(done_token stop, std::vector<done_source>& others, unsigned seed,
                     std::atomic<int>& wrong) {
    dice random(seed);
    while (!stop.closed()) {
        auto& other = others[random(static_cast<unsigned>(others.size()))];
        auto how = co_await ending(
            heddle::with_done(other.token(), [](unsigned turns) -> task<> {
                co_await idle(turns);
                co_await heddle::shield(idle(turns));
                co_await heddle::with_timeout(1h, idle(turns));
            }(random(3))));
        if (how != "ok" && how != "cancelled: closing")
            ++wrong;
        if (how == "ok" && other.token().closed() && !stop.closed())
            co_await heddle::yield();  // it closed when the last wait was over
    }
    auto last = co_await ending(
        heddle::with_done(stop, []() -> task<> { co_await heddle::sleep(1h); }()));
    if (last != "cancelled: all")
        ++wrong;
}

task<> close_them(std::vector<done_source>& others, done_source& stop) {
    for (auto& o : others) {
        co_await idle(20);
        o.close(cause("closing"));
    }
    stop.close(cause("all"));
}

}  // namespace

TEST_CASE("tasks may enter and leave scopes while the tokens of the scopes close") {
    std::atomic<int> wrong = 0;
    for (unsigned round = 0; round < 20; ++round) {
        std::vector<done_source> others(16);
        done_source stop;
        loom threads;
        for (unsigned i = 0; i < 7; ++i)
            threads.go(change_scopes, stop.token(), others, round * 7 + i, wrong);
        threads.go(close_them, others, stop);
        threads.finish();
    }
    CHECK(wrong == 0);
}

TEST_SUITE_END();
