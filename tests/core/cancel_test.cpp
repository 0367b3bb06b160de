// SPDX-License-Identifier: BSL-1.0
// The effect of a closed token on tasks: join_handle::cancel, with_done, with_timeout,
// shield, this_task::done.
#include "support/ending.hpp"
#include "support/tasks.hpp"
#include "support/world.hpp"
#include <heddle/testing.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <tuple>
#include <utility>
#include <vector>

TEST_SUITE_BEGIN("cancel");

using namespace std::chrono_literals;
using heddle::done_source;
using heddle::done_token;
using heddle::go;
using heddle::join_handle;
using heddle::task;
using test::cause;
using test::ending;
using test::ending_of_call;
using test::lines;
using test::log_join;
using test::run_virtual;
using test::trace;
using test::why;
using test::world;

namespace {

/// Waits for ever, logs how the wait ended, and rethrows.
task<> wait(trace& log, std::string who) {
    heddle::channel<> never;
    auto how = co_await ending(never.receive());
    log(who + ": " + how);
    co_await heddle::yield();
}

}  // namespace

TEST_CASE("cancel makes each wait of the task throw cancelled, with the cause that was "
          "given") {
    world w;
    trace log;
    auto h = w.go(wait, std::ref(log), "task");
    w.settle();
    h.cancel(cause("enough"));
    CHECK(log.take().empty());  // nothing is resumed inside cancel()
    w.go(log_join, std::ref(log), std::ref(h), "join");
    w.settle();
    CHECK(log.take() == lines{"task: cancelled: enough", "join: cancelled: enough"});
}

TEST_CASE("cancel without a cause sets done_closed, and the first cause stays") {
    world w;
    trace log;
    auto a = w.go(wait, std::ref(log), "a");
    auto b = w.go(wait, std::ref(log), "b");
    w.settle();
    a.cancel();
    b.cancel(cause("first"));
    b.cancel(cause("second"));
    w.settle();
    CHECK(log.take() == lines{"a: cancelled: closed", "b: cancelled: first"});
}

TEST_CASE("a task that is cancelled before its first run runs up to its first wait") {
    world w;
    trace log;
    auto h = w.go(
        [](trace& t) -> task<> {
            t("runs");
            t(co_await ending(heddle::yield()));
            t(co_await ending(heddle::sleep(0s)));
        },
        std::ref(log));
    h.cancel();
    w.settle();
    CHECK(log.take() == lines{"runs", "cancelled: closed", "cancelled: closed"});
}

TEST_CASE("cancel after the end of a task has no effect, not even on the tasks that it "
          "started") {
    world w;
    trace log;
    auto h = w.go(
        [](trace& t) -> task<int> {
            go(wait, std::ref(t), "child");
            co_return 7;
        },
        std::ref(log));
    w.settle();
    h.cancel();
    w.settle();
    CHECK(log.take().empty());
    CHECK(w.live() == 1);
    int n = 0;
    w.go([](join_handle<int>& j, int& to) -> task<> { to = co_await j; }, std::ref(h),
         std::ref(n));
    w.settle();
    CHECK(n == 7);
}

TEST_CASE("cancel of a nil handle does nothing") {
    join_handle<> nil;
    nil.cancel();
    nil.cancel(cause("x"));
}

TEST_CASE("a task may cancel itself: the call returns, and the next wait throws") {
    world w;
    trace log;
    join_handle<> h;
    h = w.go(
        [](trace& t, join_handle<>& self) -> task<> {
            self.cancel(cause("self"));
            t(heddle::this_task::done().closed() ? "closed" : "open");
            t(co_await ending(heddle::yield()));
        },
        std::ref(log), std::ref(h));
    w.settle();
    CHECK(log.take() == lines{"closed", "cancelled: self"});
}

TEST_CASE(
    "cancel reaches the children of the task and their children, but no other task") {
    world w;
    trace log;
    auto sibling = w.go(wait, std::ref(log), "sibling");
    auto h = w.go(
        [](trace& t) -> task<> {
            go(
                [](trace& u) -> task<> {
                    go(wait, std::ref(u), "grandchild");
                    co_await wait(u, "child");
                },
                std::ref(t));
            co_await wait(t, "task");
        },
        std::ref(log));
    w.settle();
    h.cancel(cause("all"));
    w.settle();
    CHECK(log.take() == lines{"task: cancelled: all", "child: cancelled: all",
                              "grandchild: cancelled: all"});
    CHECK(w.live() == 1);
    sibling.cancel();
    w.settle();
}

TEST_CASE("children of a task that has ended are cancelled by the task above it") {
    world w;
    trace log;
    auto top = w.go(
        [](trace& t) -> task<> {
            auto middle = go(
                [](trace& u) -> task<> {
                    go(wait, std::ref(u), "grandchild");
                    co_return;
                },
                std::ref(t));
            co_await middle;
            co_await wait(t, "top");
        },
        std::ref(log));
    w.settle();
    top.cancel(cause("later"));
    w.settle();
    CHECK(log.take() == lines{"top: cancelled: later", "grandchild: cancelled: later"});
    CHECK(w.live() == 0);
}

TEST_CASE("a cancelled join leaves the task running and the handle unchanged") {
    world w;
    trace log;
    heddle::channel<> gate;
    auto h = w.go([](heddle::receiver<> in) -> task<> { (void)co_await in.receive(); },
                  gate);
    auto joiner = w.go(log_join, std::ref(log), std::ref(h), "first");
    w.settle();
    joiner.cancel();
    w.settle();
    w.go(log_join, std::ref(log), std::ref(h), "second");
    w.settle();
    CHECK(log.take() == lines{"first: cancelled: closed"});
    gate.close();
    w.settle();
    CHECK(log.take() == lines{"second: ok"});
}

TEST_CASE("cancelled that leaves a detached task is a normal end if the token of the "
          "task is closed") {
    world w;
    {
        auto dropped_before = w.go([]() -> task<> { co_await heddle::sleep(1h); });
        auto dropped_after = w.go([]() -> task<> {
            go([]() -> task<> { co_await heddle::sleep(1h); });  // a detached child
            co_await heddle::sleep(1h);
        });
        w.settle();
        dropped_before.cancel();
        dropped_before = {};
        dropped_after.cancel();
        w.settle();
    }
    CHECK(ending_of_call([&] { w.settle(); }) == "ok");
    CHECK(w.live() == 0);
}

TEST_CASE("cancelled that leaves a task is a normal end, too, if a token that the task "
          "ran under is closed") {
    world w;
    done_source stop;
    w.go(heddle::with_done(stop.token(),
                           []() -> task<> { co_await heddle::sleep(1h); }()));
    w.settle();
    stop.close();
    CHECK(ending_of_call([&] { w.settle(); }) == "ok");
    CHECK(w.live() == 0);
}

TEST_CASE("cancelled that a join threw counts as any other exception") {
    world w;
    w.go([]() -> task<> {
        auto h = go([]() -> task<> { co_await heddle::sleep(1h); });
        h.cancel(cause("the other's"));
        co_await h;
    });
    CHECK(ending_of_call([&] { w.settle(); }) == "cancelled: the other's");
}

TEST_CASE("cancelled that leaves a task whose own token is open counts as any other "
          "exception") {
    world w;
    w.go([]() -> task<> {
        throw heddle::cancelled(cause("mine"));
        co_return;
    });
    CHECK(ending_of_call([&] { w.settle(); }) == "cancelled: mine");
}

TEST_CASE(
    "a closed token is level-triggered: each later wait throws, even if it is ready") {
    world w;
    trace log;
    heddle::channel<int> full(1), empty(1);
    REQUIRE(full.try_send(1) == heddle::try_status::done);
    auto h = w.go(
        [](trace& t, heddle::channel<int> a, heddle::channel<int> b) -> task<> {
            std::optional<int> v;
            heddle::wait_group none;
            heddle::done_source other;
            other.close();
            auto ended = go(heddle::shield([]() -> task<> { co_return; }()));
            t(co_await ending(heddle::yield()));
            t(co_await ending(a.receive()));
            t(co_await ending(a.receive(v)));
            t(co_await ending(b.send(2)));
            t(co_await ending(ended));
            t(co_await ending(none.wait()));
            t(co_await ending(other.token()));
            t(co_await ending(heddle::sleep(-1s)));
            t(co_await ending(heddle::select(a.receive(v), heddle::otherwise)));
            t(co_await ending(heddle::select(heddle::otherwise)));
            CHECK_FALSE(v);
        },
        std::ref(log), full, empty);
    h.cancel();
    w.settle();
    CHECK(log.take() == lines(10, "cancelled: closed"));
    CHECK(full.size() == 1);
    CHECK(empty.size() == 0);
}

TEST_CASE("try_ operations and close never throw cancelled") {
    world w;
    trace log;
    auto h = w.go(
        [](trace& t) -> task<> {
            heddle::channel<int> c(1);
            std::optional<int> v;
            CHECK(c.try_send(1) == heddle::try_status::done);
            CHECK(c.try_receive(v) == heddle::try_status::done);
            c.close();
            t("done");
            co_return;
        },
        std::ref(log));
    h.cancel();
    w.settle();
    CHECK(log.take() == lines{"done"});
}

TEST_CASE("this_task::done is the token in force, and reports why it closed") {
    world w;
    trace log;
    auto h = w.go(
        [](trace& t) -> task<> {
            auto mine = heddle::this_task::done();
            CHECK(mine == heddle::this_task::done());
            CHECK_FALSE(mine.closed());
            t(co_await ending(heddle::sleep(1h)));
            CHECK(mine.closed());
            t(why(mine.cause()));
        },
        std::ref(log));
    w.settle();
    h.cancel(cause("x"));
    w.settle();
    CHECK(log.take() == lines{"cancelled: x", "x"});
}

TEST_CASE("a wait for the task's own token completes when that token closes, and does "
          "not throw") {
    world w;
    trace log;
    auto h = w.go(
        [](trace& t) -> task<> {
            auto mine = heddle::this_task::done();
            heddle::channel<> never;
            auto i = co_await heddle::select(never.receive(std::ignore), mine);
            t("parked: arm " + std::to_string(i));
            auto j = co_await heddle::select(mine, never.receive());
            t("closed before: arm " + std::to_string(j));
            t("alone: " + co_await ending(mine));
            t("without it: " + co_await ending(never.receive()));
        },
        std::ref(log));
    w.settle();
    h.cancel();
    w.settle();
    CHECK(log.take() == lines{"parked: arm 1", "closed before: arm 0", "alone: ok",
                              "without it: cancelled: closed"});
}

TEST_CASE(
    "a token above the one in force counts as the token in force once it has closed") {
    world w;
    trace log;
    done_source root;
    done_source child(root.token());
    w.go(heddle::with_done(child.token(), [](trace& t, done_token above) -> task<> {
        heddle::channel<> never;
        auto i = co_await heddle::select(never.receive(std::ignore), above);
        t("arm " + std::to_string(i));
    }(log, root.token())));
    w.settle();
    root.close();
    w.settle();
    CHECK(log.take() == lines{"arm 1"});
}

TEST_CASE("a token below the one in force does not count as the token in force") {
    world w;
    trace log;
    done_source root;
    done_source child(root.token());
    w.go(heddle::with_done(root.token(), [](trace& t, done_token below) -> task<> {
        t(co_await ending(below));
    }(log, child.token())));
    w.settle();
    root.close();
    w.settle();
    CHECK(log.take() == lines{"cancelled: closed"});
}

TEST_CASE("with_done puts another token in force until its task ends") {
    trace log;
    run_virtual([](trace& t) -> task<> {
        done_source stop;
        auto outside = heddle::this_task::done();
        int n =
            co_await heddle::with_done(stop.token(), [](done_token tok) -> task<int> {
                CHECK(heddle::this_task::done() == tok);
                co_return 7;
            }(stop.token()));
        CHECK(n == 7);
        stop.close(cause("stop"));
        t(co_await ending(heddle::with_done(stop.token(), wait(t, "inside"))));
        CHECK(heddle::this_task::done() == outside);
        t(co_await ending(heddle::yield()));
    }(log));
    CHECK(log.take() == lines{"inside: cancelled: stop", "cancelled: stop", "ok"});
}

TEST_CASE(
    "with_done hides the token that was in force; its closing is noticed afterwards") {
    world w;
    trace log;
    heddle::channel<> gate;
    auto h = w.go(
        [](trace& t, heddle::receiver<> in) -> task<> {
            co_await heddle::with_done(done_token(),
                                       [](trace& u, heddle::receiver<> i) -> task<> {
                                           u("inside: " + co_await ending(i.receive()));
                                       }(t, in));
            t("after: " + co_await ending(heddle::yield()));
        },
        std::ref(log), gate);
    w.settle();
    h.cancel();
    w.settle();
    CHECK(log.take().empty());
    gate.close();
    w.settle();
    CHECK(log.take() == lines{"inside: ok", "after: cancelled: closed"});
}

TEST_CASE("tasks started under with_done are cancelled by its token") {
    world w;
    trace log;
    done_source stop;
    auto h = w.go(heddle::with_done(stop.token(), [](trace& t) -> task<> {
        go(wait, std::ref(t), "child");
        co_return;
    }(log)));
    w.settle();
    CHECK(w.live() == 1);
    stop.close(cause("stop"));
    w.settle();
    CHECK(log.take() == lines{"child: cancelled: stop"});
}

TEST_CASE(
    "in a shield no token is in force, not even for the tasks that are started there") {
    world w;
    trace log;
    heddle::channel<> gate;
    auto h = w.go(
        [](trace& t, heddle::receiver<> in) -> task<> {
            co_await heddle::shield([](trace& u, heddle::receiver<> i) -> task<> {
                CHECK(heddle::this_task::done() == done_token());
                go(
                    [](trace& v, heddle::receiver<> j) -> task<> {
                        v("child: " + co_await ending(j.receive()));
                    },
                    std::ref(u), i);
                u("shielded: " + co_await ending(i.receive()));
            }(t, in));
            t("after: " + co_await ending(heddle::yield()));
        },
        std::ref(log), gate);
    w.settle();
    h.cancel();
    w.settle();
    CHECK(log.take().empty());
    gate.close();
    w.settle();
    CHECK(log.take() == lines{"shielded: ok", "after: cancelled: closed", "child: ok"});
}

TEST_CASE("go takes shielded and bounded tasks") {
    world w;
    trace log;
    auto shielded = w.go(heddle::shield([](trace& t) -> task<> {
        t("shielded: " + co_await ending(heddle::yield()));
    }(log)));
    shielded.cancel();
    auto bounded = w.go(heddle::with_timeout(-1s, wait(log, "bounded")));
    w.settle();
    CHECK(log.take() == lines{"bounded: cancelled: deadline", "shielded: ok"});
    w.go(log_join, std::ref(log), std::ref(bounded), "join");
    w.settle();
    CHECK(log.take() == lines{"join: timed out"});
}

TEST_CASE("with_timeout ends the waits of its task when the time has passed") {
    trace log;
    run_virtual([](trace& t) -> task<> {
        auto start = heddle::now();
        t(co_await ending(heddle::with_timeout(5s, wait(t, "inside"))));
        CHECK(heddle::now() == start + 5s);
        t(co_await ending(heddle::yield()));
    }(log));
    CHECK(log.take() == lines{"inside: cancelled: deadline", "timed out", "ok"});
}

TEST_CASE("with_timeout counts from the moment when it starts to run, and returns a "
          "result that is in time") {
    run_virtual([]() -> task<> {
        auto work = heddle::with_timeout(2s, []() -> task<int> {
            co_await heddle::sleep(1s);
            co_return 7;
        }());
        co_await heddle::sleep(10s);
        int n = co_await std::move(work);
        CHECK(n == 7);
        auto start = heddle::now();
        co_await heddle::sleep(5s);  // the deadline is gone by now
        CHECK(heddle::now() == start + 5s);
    }());
}

TEST_CASE("the token in force stays above a timeout, and the nearer timeout wins") {
    trace log;
    run_virtual([](trace& t) -> task<> {
        t(co_await ending(
            heddle::with_timeout(1s, heddle::with_timeout(1h, wait(t, "outer")))));
        t(co_await ending(
            heddle::with_timeout(1h, heddle::with_timeout(1s, wait(t, "inner")))));
        auto h = go(heddle::with_timeout(1h, wait(t, "task")));
        co_await heddle::yield();
        h.cancel(cause("above"));
        t(co_await ending(h));
    }(log));
    CHECK(log.take() == lines{"outer: cancelled: deadline", "timed out",
                              "inner: cancelled: deadline", "timed out",
                              "task: cancelled: above", "cancelled: above"});
}

TEST_CASE(
    "a task started by go inherits the token of its parent, also on another context") {
    world a, b;
    trace log;
    auto h = a.go(
        [](trace& t, world& other) -> task<> {
            other.go(wait, std::ref(t), "elsewhere");
            co_await wait(t, "here");
        },
        std::ref(log), std::ref(b));
    a.settle();
    b.settle();
    h.cancel();
    b.settle();
    CHECK(log.take() == lines{"elsewhere: cancelled: closed"});
    a.settle();
    CHECK(log.take() == lines{"here: cancelled: closed"});
}

TEST_CASE("a scope ends with its call, not with the expression of the caller") {
    struct in_scope {
        ~in_scope() { ended = ended && heddle::this_task::done() == token; }
        done_token token;
        bool& ended;
    };
    world w;
    bool inside = true, after_it = false;
    w.go(
        [](bool& in, bool& after) -> task<> {
            done_source stop;
            auto outer = heddle::this_task::done();
            auto run = [](std::unique_ptr<in_scope> p) -> task<int> {
                p->ended = p->ended && heddle::this_task::done() == p->token;
                co_return 1;
            };
            auto made = [&] {
                return std::unique_ptr<in_scope>(new in_scope{stop.token(), in});
            };
            int sum = 0;
            after =
                (sum += co_await heddle::with_done(stop.token(), run(made()))) == 1 &&
                heddle::this_task::done() == outer;
            try {
                co_await heddle::with_timeout(1h, test::fail("x"));
            } catch (const std::runtime_error&) {
                after = after && heddle::this_task::done() == outer;
            }
            co_await heddle::shield([](bool& ok) -> task<> {
                ok = ok && heddle::this_task::done() == done_token();
                co_return;
            }(in));
        },
        std::ref(inside), std::ref(after_it));
    w.settle();
    CHECK(inside);
    CHECK(after_it);
}

TEST_CASE("a task in a scope can be used wherever a task can") {
    using heddle::shield, heddle::with_done, heddle::with_timeout;
    done_source stop;
    auto is_under = [](done_token t) -> task<bool> {
        co_return heddle::this_task::done() == t;
    };
    auto in_scope = [&] { return with_done(stop.token(), is_under(stop.token())); };
    CHECK(heddle::run(in_scope()));
    CHECK(heddle::run(with_timeout(1h, shield(in_scope()))));
    CHECK(heddle::testing::world().run(in_scope()));
    world w;
    int n = 0;
    w.go([&]() -> task<> {
        task<bool> kept = in_scope();
        std::vector<task<bool>> all;
        all.push_back(with_timeout(1h, in_scope()));
        all.push_back(std::move(kept));
        for (auto& t : all)
            n += co_await std::move(t);
        n += co_await go(in_scope());
        auto named = in_scope();
        n += co_await go(std::move(named));
        n += co_await go(in_scope);  // a function that returns one
        heddle::group both;
        both.go(in_scope());
        both.go(in_scope);
        co_await both.wait();
        heddle::wait_group all_done;
        all_done.go(with_timeout(1h, in_scope()));
        co_await all_done.wait();
        ++n;
    });
    w.settle();
    CHECK(n == 6);
}

TEST_CASE("a task that is 1 000 deep in with_done unwinds through all levels") {
    struct deep {
        static task<> dive(int n, done_token token) {
            if (n == 0)
                co_await heddle::sleep(1h);
            else
                co_await heddle::with_done(token, dive(n - 1, token));
        }
    };
    world w;
    trace log;
    done_source stop;
    auto h = w.go(deep::dive, 1'000, stop.token());
    w.settle();
    stop.close(cause("deep"));
    w.go(log_join, std::ref(log), std::ref(h), "join");
    w.settle();
    CHECK(log.take() == lines{"join: cancelled: deep"});
}

TEST_SUITE_END();
