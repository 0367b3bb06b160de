// SPDX-License-Identifier: BSL-1.0
// Cancellation and the done token, in one thread, with virtual time or stepped by hand.
// Races are in stress/done_stress.cpp.
#include "support/ending.hpp"
#include "support/heap.hpp"
#include "support/world.hpp"

#include <doctest/doctest.h>

#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <random>
#include <vector>

TEST_SUITE_BEGIN("laws.done");

using namespace std::chrono_literals;
using heddle::done_source;
using heddle::done_token;
using heddle::go;
using heddle::join_handle;
using heddle::task;
using test::cause;
using test::ending;
using test::lines;
using test::run_virtual;
using test::trace;
using test::tracked;
using test::why;
using test::world;

namespace {

task<> log_receive(trace& log, heddle::receiver<int> in, std::string who) {
    std::optional<int> v;
    auto how = co_await ending(in.receive(v));
    log(who + ": " + (v ? std::to_string(*v) : how));
}

task<> log_send(trace& log, heddle::sender<int> out, int v, std::string who) {
    log(who + ": " + co_await ending(out.send(v)));
}

task<> log_wait(trace& log, std::string who) {
    heddle::channel<> never;
    log(who + ": " + co_await ending(never.receive()));
}

task<> sleep_under(done_token token) {
    co_await heddle::with_done(token, []() -> task<> { co_await heddle::sleep(1h); }());
}

}  // namespace

TEST_CASE("law 47: a done token is latched and level-triggered; a close between check "
          "and park is noticed") {
    world w;
    trace log;
    auto h = w.go(
        [](trace& t) -> task<> {
            auto token = heddle::this_task::done();
            heddle::channel<> never;
            if (!token.closed())
                t("open when checked");
            t(co_await ending(never.receive()));  // closed between check and park
            for (int i = 0; i < 3; ++i)
                t(co_await ending(never.receive()));
            CHECK(token.closed());
        },
        std::ref(log));
    auto closer = [](trace& t) -> task<> {
        done_source d;
        auto token = d.token();
        if (!token.closed())
            d.close();
        t(co_await ending(token));
        t(co_await ending(token));
    };
    w.go(closer, std::ref(log));
    w.ctx.restart();
    w.ctx.poll_one();
    h.cancel();
    w.settle();
    CHECK(log.take() == lines{"open when checked", "ok", "ok", "cancelled: closed",
                              "cancelled: closed", "cancelled: closed",
                              "cancelled: closed"});
}

TEST_CASE(
    "law 47: a task that runs, or is about to run, notices that its token closed") {
    world w;
    trace log;
    heddle::channel<int> c(1);
    auto h = w.go(
        [](trace& t, heddle::channel<int> in) -> task<> {
            for (int i = 0; i < 3; ++i)
                t(co_await ending(in.receive()));
        },
        std::ref(log), c);
    w.settle();
    // The receiver is ready, so the value is its own.
    CHECK(c.try_send(1) == heddle::try_status::done);
    h.cancel();
    CHECK(c.try_send(2) == heddle::try_status::done);
    w.settle();
    CHECK(log.take() == lines{"ok", "cancelled: closed", "cancelled: closed"});
    CHECK(c.size() == 1);

    done_source stop;
    w.go(heddle::with_done(
        stop.token(),
        [](done_source& own, trace& t, heddle::channel<int> in) -> task<> {
            own.close();  // while the task runs
            t(co_await ending(in.receive()));
        }(stop, log, c)));
    w.settle();
    CHECK(log.take() == lines{"cancelled: closed"});
    CHECK(c.size() == 1);
}

TEST_CASE("law 48: the waiter sees exactly one of a completion and a cancel") {
    for (bool value_first : {true, false}) {
        world w;
        trace log;
        heddle::channel<int> c;
        auto h = w.go(log_receive, std::ref(log), c, "receiver");
        w.settle();
        if (value_first)
            CHECK(c.try_send(1) == heddle::try_status::done);
        h.cancel();
        if (!value_first)
            CHECK(c.try_send(1) == heddle::try_status::would_block);
        w.settle();
        CHECK(log.take() ==
              lines{value_first ? "receiver: 1" : "receiver: cancelled: closed"});
    }
}

TEST_CASE("law 49: the value for a cancelled receiver goes to that receiver or to the "
          "next one") {
    world w;
    trace log;
    heddle::channel<int> c;
    auto a = w.go(log_receive, std::ref(log), c, "a");
    auto b = w.go(log_receive, std::ref(log), c, "b");
    w.settle();
    a.cancel();                                        // claimed, not yet resumed
    CHECK(c.try_send(1) == heddle::try_status::done);  // so b gets the value
    b.cancel();                                        // too late
    CHECK(c.try_send(2) == heddle::try_status::would_block);
    w.settle();
    CHECK(log.take() == lines{"a: cancelled: closed", "b: 1"});
}

TEST_CASE(
    "law 50: no receiver gets the value of a sender that was told it did not send") {
    world w;
    trace log;
    heddle::channel<int> c;
    auto a = w.go(log_send, std::ref(log), c, 1, "a");
    auto b = w.go(log_send, std::ref(log), c, 2, "b");
    w.settle();
    a.cancel();
    int got = 0;
    CHECK(c.try_receive(got) == heddle::try_status::done);
    CHECK(got == 2);
    CHECK(c.try_receive(got) == heddle::try_status::would_block);
    b.cancel();
    w.settle();
    CHECK(log.take() == lines{"a: cancelled: closed", "b: ok"});
}

TEST_CASE("law 50: a cancelled sender keeps its value") {
    world w;
    heddle::channel<tracked> c;
    int left = 0;
    auto h = w.go(
        [](heddle::sender<tracked> out, int& to) -> task<> {
            tracked mine(7);
            CHECK(co_await ending(out.send(std::move(mine))) == "cancelled: closed");
            to = mine.value();
        },
        c, std::ref(left));
    w.settle();
    h.cancel();
    w.settle();
    CHECK(left == 7);
    CHECK(tracked::alive() == 0);
}

TEST_CASE("law 51: a tree of 100 nodes that is closed from every node, in any order, "
          "closes once") {
    std::mt19937 random(51);
    for (int round = 0; round < 20; ++round) {
        std::vector<done_source> tree;
        std::vector<std::size_t> parent{0};
        tree.emplace_back();
        for (std::size_t i = 1; i < 100; ++i) {
            parent.push_back(random() % i);
            tree.emplace_back(tree[parent[i]].token());
        }
        std::vector<std::size_t> order(tree.size());
        for (std::size_t i = 0; i < order.size(); ++i)
            order[i] = i;
        std::shuffle(order.begin(), order.end(), random);
        std::vector<bool> closed(tree.size());
        for (auto i : order) {
            CHECK(tree[i].close() == !closed[i]);  // false if a node above was first
            CHECK_FALSE(tree[i].close());
            closed[i] = true;
            for (std::size_t k = i + 1; k < tree.size(); ++k)
                closed[k] = closed[k] || closed[parent[k]];
            for (std::size_t k = 0; k < tree.size(); ++k)
                CHECK(tree[k].token().closed() == closed[k]);
        }
    }
}

TEST_CASE(
    "law 52: close reaches all children before it returns, and never the parent") {
    world w;
    trace log;
    done_source root;
    done_source left(root.token()), right(root.token());
    done_source leaf(left.token());
    w.go(heddle::with_done(leaf.token(), log_wait(log, "leaf")));
    w.go(heddle::with_done(right.token(), log_wait(log, "right")));
    w.settle();
    left.close();
    CHECK(leaf.token().closed());
    CHECK_FALSE(right.token().closed());
    CHECK_FALSE(root.token().closed());
    w.settle();
    CHECK(log.take() == lines{"leaf: cancelled: closed"});
    root.close();
    CHECK(right.token().closed());
    w.settle();
    CHECK(log.take() == lines{"right: cancelled: closed"});
}

TEST_CASE("law 53: a child of a closed parent is closed from the start") {
    world w;
    trace log;
    done_source root;
    root.close(cause("early"));
    done_source child(root.token());
    CHECK(why(child.token().cause()) == "early");
    auto h = w.go(
        [](trace& t) -> task<> {
            CHECK(co_await ending(heddle::yield()) == "cancelled: self");
            go(log_wait, std::ref(t), "born closed");
        },
        std::ref(log));
    h.cancel(cause("self"));
    w.settle();
    CHECK(log.take() == lines{"born closed: cancelled: self"});
}

TEST_CASE(
    "law 54: children that ended or closed leave nothing behind in their parent") {
    world w;
    done_source root;
    heddle::channel<> go_on(1), never;
    w.go(heddle::with_done(
        root.token(),
        [](heddle::channel<> in, done_token above, heddle::receiver<> no) -> task<> {
            while (co_await in.receive()) {
                for (int i = 0; i < 10'000; ++i) {
                    done_source ended(above), closed(above);
                    closed.close();
                    auto done = go([]() -> task<> { co_return; });
                    co_await done;
                    auto cancelled = go(
                        [](heddle::receiver<> r) -> task<> {
                            (void)co_await r.receive();
                        },
                        no);
                    co_await heddle::yield();
                    cancelled.cancel();
                    (void)co_await ending(cancelled);
                }
            }
        }(go_on, root.token(), never)));
    auto round = [&] {
        CHECK(go_on.try_send() == heddle::try_status::done);
        w.settle();
        return test::heap_in_use();
    };
    auto warm = round();
    CHECK(round() <= warm + 4096);  // one byte for each child would be 40 000
    go_on.close();
    w.settle();
    root.close();  // walks the children that are left
    CHECK(w.live() == 0);
}

TEST_CASE("law 54: a child that was destroyed is forgotten, whatever gets its memory") {
    for (std::size_t which = 0; which < 3; ++which) {
        done_source parent;
        std::vector<std::optional<done_source>> children(3);
        for (auto& c : children)
            c.emplace(parent.token());
        children[which].reset();
        done_source other;  // most likely at the address of that child
        CHECK(parent.close());
        CHECK_FALSE(other.token().closed());
        for (auto& c : children)
            CHECK((!c || c->token().closed()));
    }
}

TEST_CASE("law 55: the first cause stays, whether a close or a deadline set it") {
    run_virtual([]() -> task<> {
        for (int first = 0; first < 3; ++first) {
            done_source root;
            done_source d(root.token(), first == 0 ? 1s : 5s);
            auto token = d.token();
            co_await heddle::sleep(2s);
            if (first == 1)
                d.close(cause("close"));
            if (first == 2)
                root.close(cause("parent"));
            auto seen = token.cause();
            co_await heddle::sleep(5s);
            d.close(cause("late"));
            root.close(cause("later"));
            CHECK(token.cause() == seen);
            const char* expected[] = {"deadline", "close", "parent"};
            CHECK(why(seen) == expected[first]);
        }
    }());
}

TEST_CASE("law 56: 30 random layers of tokens and timeouts close together") {
    std::mt19937 random(56);
    for (int round = 0; round < 20; ++round)
        run_virtual([](std::mt19937& r) -> task<> {
            std::vector<done_source> layers;
            layers.emplace_back();
            auto soonest = heddle::duration::max();
            for (int i = 0; i < 30; ++i) {
                auto above = layers.back().token();
                auto d = std::chrono::seconds(1 + r() % 1000);
                if (r() % 2) {
                    layers.emplace_back(above, d);
                    soonest = std::min<heddle::duration>(soonest, d);
                } else {
                    layers.emplace_back(above);
                }
            }
            bool by_hand = r() % 2 || soonest == heddle::duration::max();
            if (by_hand)
                layers.front().close(cause("top"));
            auto start = heddle::now();
            co_await layers.back().token();
            auto last = layers.back().token();
            CHECK(why(last.cause()) == (by_hand ? "top" : "deadline"));
            CHECK(heddle::now() - start == (by_hand ? 0s : soonest));
            if (by_hand)
                for (auto& l : layers)
                    CHECK(l.token().closed());
        }(random));
}

TEST_CASE("law 56: a chain of 100 000 tasks, each under the one before, closes without "
          "recursion") {
    struct chain {
        static task<> link(int n, int& ended) {
            if (n > 0)
                go(link, n - 1, std::ref(ended));
            co_await ending(heddle::sleep(1h));
            ++ended;
        }
    };
    world w;
    int ended = 0;
    auto top = w.go(chain::link, 100'000, std::ref(ended));
    w.settle();
    CHECK(w.live() == 100'001);
    top.cancel();
    w.settle();
    CHECK(ended == 100'001);
    CHECK(w.live() == 0);
}

TEST_CASE("law 57: a task that a close resumed may close, make and destroy tokens of "
          "the tree") {
    world w;
    trace log;
    done_source root;
    std::vector<done_source> below;
    for (int i = 0; i < 4; ++i)
        below.emplace_back(root.token());
    for (int i = 0; i < 4; ++i)
        w.go(
            [](trace& t, std::vector<done_source>& all, done_source& top,
               done_token mine, int n) -> task<> {
                co_await mine;
                for (auto& d : all)
                    CHECK_FALSE(d.close());
                CHECK_FALSE(top.close());
                done_source late(top.token());
                CHECK(late.token().closed());
                all[static_cast<std::size_t>(n)] = done_source(late.token());
                t(std::to_string(n));
            },
            std::ref(log), std::ref(below), std::ref(root),
            below[static_cast<std::size_t>(i)].token(), i);
    w.settle();
    root.close();
    w.settle();
    auto seen = log.take();
    std::sort(seen.begin(), seen.end());  // four tokens close in no particular order
    CHECK(seen == lines{"0", "1", "2", "3"});
}

TEST_CASE("law 58: a task parked in I/O, a timer or a join can be cancelled, and its "
          "late completion touches nothing") {
    world w;
    trace log;
    heddle::channel<> gate;
    auto other = w.go(
        [](heddle::receiver<> in) -> task<> { (void)co_await in.receive(); }, gate);
    auto parked = w.go(
        [](trace& t, join_handle<>& h) -> task<> {
            asio::steady_timer io(heddle::this_task::executor(), 1h);
            t("io: " + co_await ending(io.async_wait(heddle::use_task)));
            t("timer: " + co_await ending(heddle::sleep(1h)));
            t("join: " + co_await ending(h));
        },
        std::ref(log), std::ref(other));
    auto at_timer = w.go(
        [](trace& t) -> task<> { t("timer: " + co_await ending(heddle::sleep(1h))); },
        std::ref(log));
    auto at_join = w.go(
        [](trace& t, join_handle<>& h) -> task<> { t("join: " + co_await ending(h)); },
        std::ref(log), std::ref(other));
    w.settle();
    at_timer.cancel();
    at_join.cancel();
    w.settle();
    CHECK(log.take() == lines{"timer: cancelled: closed", "join: cancelled: closed"});
    parked.cancel();
    w.settle();
    CHECK(log.take() == lines{"io: cancelled: closed", "timer: cancelled: closed",
                              "join: cancelled: closed"});
    gate.close();  // the joined task ends, but has no joiner left
    w.settle();
    CHECK(w.live() == 0);
}

TEST_CASE("law 58: an operation that completed before the cancel keeps its result") {
    world w;
    trace log;
    auto h = w.go(
        [](trace& t, asio::io_context& ctx) -> task<> {
            t("io: " + co_await ending(asio::post(ctx, heddle::use_task)));
            t("next: " + co_await ending(heddle::yield()));
        },
        std::ref(log), std::ref(w.ctx));
    w.ctx.restart();
    w.ctx.poll_one();  // the task runs, and the completion is queued
    h.cancel();
    w.settle();
    CHECK(log.take() == lines{"io: ok", "next: cancelled: closed"});
}

TEST_CASE("law 59: a task may be cancelled before its first run, after its end, and by "
          "itself") {
    world w;
    trace log;
    auto early = w.go(log_wait, std::ref(log), "early");
    early.cancel();
    auto over = w.go([] {});
    auto self = w.go(
        [](trace& t, join_handle<>& me) -> task<> {
            me.cancel();
            t("self: " + co_await ending(heddle::yield()));
        },
        // This task cancels another one through its handle after its end.
        std::ref(log), std::ref(early));
    w.settle();
    over.cancel();
    over.cancel();
    self.cancel();
    join_handle<> own;
    own = w.go(
        [](trace& t, join_handle<>& me) -> task<> {
            me.cancel();
            t("own: " + co_await ending(heddle::yield()));
        },
        std::ref(log), std::ref(own));
    w.settle();
    CHECK(log.take() ==
          lines{"early: cancelled: closed", "self: ok", "own: cancelled: closed"});
    {
        world dying;  // cancelled, and destroyed before it ran
        auto never = dying.go(sleep_under, done_token());
        never.cancel();
    }
    CHECK(w.live() == 0);
}

TEST_SUITE_END();
