// SPDX-License-Identifier: BSL-1.0
// Ports of the tests of Go's context package to done sources and tokens. Each case is
// named after its original. The races are in stress/go_chan_stress.cpp.
#include <heddle/heddle.hpp>
#include <heddle/testing.hpp>

#include "support/ending.hpp"
#include "support/heap.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace {

using heddle::done_source;
using heddle::done_token;
using heddle::task;
using heddle::testing::world;
using test::cause;
using test::why;

std::string state(const done_token& t) {
    return (t.closed() ? "closed: " : "open: ") + why(t.cause());
}

/// Waits for a token, and logs that it has closed.
task<> watch(done_token t, int& seen) {
    co_await t;
    ++seen;
}

}  // namespace

TEST_SUITE_BEGIN("ports.go_context");

TEST_CASE("context TestBackground: a token without a source never closes") {
    world w;
    int seen = 0;
    w.go(watch, done_token(), std::ref(seen));
    w.advance(24h);
    CHECK(state(done_token()) == "open: none");
    CHECK(seen == 0);
}

TEST_CASE("context TestWithCancel: a token is open, and after a close it has a cause") {
    world w;
    int seen = 0;
    done_source c;
    w.go(watch, c.token(), std::ref(seen));
    w.settle();
    CHECK(state(c.token()) == "open: none");
    CHECK(seen == 0);
    CHECK(c.close());
    CHECK(state(c.token()) == "closed: closed");
    w.settle();
    CHECK(seen == 1);
    CHECK_FALSE(c.close());
}

TEST_CASE("context TestParentFinishesChild: a close reaches all tokens below at once") {
    // parent -> child -> { value-like grandchild, deadline grandchild }
    world w;
    done_source parent;
    done_source child(parent.token());
    done_source below(child.token());
    done_source timed(w.context(), child.token(), 1h);
    int seen = 0;
    for (auto& t : {parent.token(), child.token(), below.token(), timed.token()})
        w.go(watch, t, std::ref(seen));
    w.settle();
    CHECK(seen == 0);
    parent.close(cause("why"));
    for (auto& t : {parent.token(), child.token(), below.token(), timed.token()})
        CHECK(state(t) == "closed: why");
    w.settle();
    CHECK(seen == 4);
    done_source late(child.token());
    CHECK(state(late.token()) == "closed: why");
    w.advance(2h);
    CHECK(state(timed.token()) == "closed: why");
}

TEST_CASE(
    "context TestChildFinishesFirst: the close of a child does not close its parent") {
    for (bool rooted : {true, false}) {
        done_source root;
        done_source parent(rooted ? root.token() : done_token());
        done_source child(parent.token());
        child.close();
        CHECK(state(child.token()) == "closed: closed");
        CHECK(state(parent.token()) == "open: none");
        parent.close(cause("later"));
        CHECK(state(parent.token()) == "closed: later");
        CHECK(state(child.token()) == "closed: closed");
    }
}

TEST_CASE(
    "context TestDeadline: a deadline closes a token on time, through any layers") {
    world w;
    auto at = w.now() + 50ms;
    done_source plain(w.context(), done_token(), at);
    done_source outer(w.context(), done_token(), at);
    done_source between(outer.token());
    done_source later(w.context(), between.token(), at + 1h);
    done_source past(w.context(), done_token(), w.now() - 1ms);
    CHECK(state(past.token()) == "closed: deadline");
    w.advance(50ms - 1ns);
    for (auto& t : {plain.token(), outer.token(), later.token()})
        CHECK(state(t) == "open: none");
    w.advance(1ns);
    for (auto& t : {plain.token(), outer.token(), between.token(), later.token()})
        CHECK(state(t) == "closed: deadline");
}

TEST_CASE("context TestTimeout: nested timeouts close with the shortest") {
    world w;
    done_source c(w.context(), done_token(), 50ms);
    done_source inner(w.context(), c.token(), 1min);
    done_source shorter(w.context(), inner.token(), 20ms);
    w.advance(20ms);
    CHECK(state(shorter.token()) == "closed: deadline");
    CHECK(state(inner.token()) == "open: none");
    w.advance(30ms);
    CHECK(state(inner.token()) == "closed: deadline");
}

TEST_CASE("context TestCanceledTimeout: a token that was closed by hand does not "
          "expire any more") {
    world w;
    done_source c(w.context(), done_token(), 1s);
    done_source child(c.token());
    c.close();
    CHECK(state(child.token()) == "closed: closed");
    w.advance(2s);
    CHECK(state(c.token()) == "closed: closed");
}

TEST_CASE("context TestInterlockedCancels: two tokens close each other, in any order") {
    auto all = heddle::testing::explore("interlocked", []() -> task<> {
        done_source parent, child(parent.token());
        auto first = heddle::go(
            [](done_token on, done_source& close) -> task<> {
                co_await on;
                close.close();
            },
            parent.token(), std::ref(child));
        auto second = heddle::go(
            [](done_token on, done_source& close) -> task<> {
                co_await on;
                close.close();
            },
            child.token(), std::ref(parent));
        parent.close();
        co_await first;
        co_await second;
    });
    CHECK(all.complete);
    CHECK(all.schedules >= 2);
}

TEST_CASE("context TestSimultaneousCancels: 100 nodes in layers are closed from all of "
          "them") {
    world w;
    std::vector<done_source> nodes;
    nodes.emplace_back();
    for (std::size_t i = 1; i < 100; ++i)
        nodes.emplace_back(done_source(nodes[(i - 1) / 3].token()));
    int seen = 0;
    for (auto& n : nodes)
        w.go(watch, n.token(), std::ref(seen));
    w.settle();
    for (std::size_t i = 0; i < 100; ++i)
        w.go(
            [](done_source& n) -> task<> {
                n.close();
                co_return;
            },
            std::ref(nodes[i * 37 % 100]));
    w.settle();
    CHECK(seen == 100);
    for (auto& n : nodes)
        CHECK(n.token().closed());
}

TEST_CASE(
    "context TestLayersCancel, TestLayersTimeout: 30 random layers close together") {
    for (bool by_timeout : {false, true})
        for (unsigned seed = 1; seed <= 50; ++seed) {
            CAPTURE(seed);
            CAPTURE(by_timeout);
            std::mt19937 random(seed);
            world w;
            std::vector<done_source> layers;
            layers.emplace_back(w.context(), done_token(), 200ms);
            for (std::size_t i = 1; i < 30; ++i) {
                auto parent = layers.back().token();
                if (random() % 2)
                    layers.emplace_back(done_source(parent));
                else
                    layers.emplace_back(done_source(w.context(), parent, 1h));
            }
            std::size_t cut = random() % 30;
            if (by_timeout) {
                w.advance(200ms);
                cut = 0;
            } else {
                layers[cut].close();
            }
            for (std::size_t i = 0; i < 30; ++i)
                CHECK(layers[i].token().closed() == (i >= cut));
            CHECK(state(layers.back().token()) ==
                  (by_timeout ? "closed: deadline" : "closed: closed"));
        }
}

TEST_CASE("context TestCancelRemoves: children that ended are removed from a "
          "long-lived parent") {
    world w;
    done_source parent;
    auto round = [&](int n) {
        for (int i = 0; i < n; ++i) {
            done_source a(parent.token());
            done_source b(w.context(), parent.token(), 1h);
            done_source c(a.token());
            a.close();
        }
    };
    round(100);
    w.settle();
    auto before = test::heap_in_use();
    round(100'000);
    w.settle();
    CHECK(test::heap_in_use() < before + 4096);
    CHECK(state(parent.token()) == "open: none");
}

TEST_CASE("context TestWithCancelCanceledParent: a child is closed from the start, "
          "with its parent's cause") {
    world w;
    done_source parent;
    parent.close(cause("because"));
    done_source child(parent.token());
    done_source timed(w.context(), parent.token(), 1h);
    CHECK(state(child.token()) == "closed: because");
    CHECK(state(timed.token()) == "closed: because");
    CHECK_FALSE(child.close());
}

TEST_CASE("context TestCustomContextGoroutines: a tree of tokens starts no task") {
    world w;
    done_source root;
    done_source child(root.token());
    done_source timed(w.context(), child.token(), 1h);
#ifdef HEDDLE_HAS_STOP_TOKEN
    std::stop_source stop;
    done_source bridged(stop.get_token());
    auto back = child.token().stop_token();
#endif
    w.settle();
    CHECK(w.live() == 0);
    root.close();
    w.settle();
    CHECK(w.live() == 0);
#ifdef HEDDLE_HAS_STOP_TOKEN
    CHECK(back.stop_requested());
#endif
}

TEST_CASE(
    "context TestCause: the first cause stays, even if it is null or a deadline's") {
    world w;
    done_source none;
    none.close(std::exception_ptr());
    CHECK(state(none.token()) == "closed: closed");
    done_source first, below(first.token());
    below.close(cause("below"));
    first.close(cause("above"));
    CHECK(state(first.token()) == "closed: above");
    CHECK(state(below.token()) == "closed: below");
    done_source timed(w.context(), done_token(), 1ms);
    w.advance(1ms);
    timed.close(cause("late"));
    CHECK(state(timed.token()) == "closed: deadline");
}

TEST_CASE(
    "context TestWithoutCancel: a task in a shield does not notice a close above it") {
    world w;
    done_source stop;
    bool slept = false, then = false;
    w.go(heddle::with_done(stop.token(), [](bool& a, bool& b) -> task<> {
        co_await heddle::shield([](bool& to) -> task<> {
            CHECK(state(heddle::this_task::done()) == "open: none");
            co_await heddle::sleep(1s);
            to = true;
        }(a));
        co_await heddle::yield();
        b = true;
    }(slept, then)));
    w.settle();
    stop.close();
    w.advance(1s);
    CHECK(slept);
    CHECK_FALSE(then);  // the next wait throws
    CHECK(w.live() == 0);
}

#ifdef HEDDLE_HAS_STOP_TOKEN
TEST_CASE("context TestAfterFunc: a callback runs once, when its token closes, unless "
          "it was removed") {
    done_source d;
    int calls = 0, removed = 0;
    {
        std::stop_callback runs(d.token().stop_token(), [&] { ++calls; });
        {
            std::stop_callback gone(d.token().stop_token(), [&] { ++removed; });
        }
        CHECK(calls == 0);
        d.close();
        CHECK(calls == 1);
        d.close();
    }
    std::stop_callback late(d.token().stop_token(), [&] { ++calls; });
    CHECK(calls == 2);
    CHECK(removed == 0);
}
#endif

TEST_SUITE_END();
