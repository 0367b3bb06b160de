// SPDX-License-Identifier: BSL-1.0
// The promises of a group. One thread is stepped by hand.
#include <heddle/group.hpp>

#include "support/ending.hpp"
#include "support/notes.hpp"
#include "support/world.hpp"

#include <doctest/doctest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>

namespace {

using namespace std::chrono_literals;
using heddle::group;
using heddle::task;
using std::ref;
using test::lines;
using test::note_end;
using test::trace;
using test::world;

task<> child(trace& t, std::string name, heddle::event& go_on) {
    t(name + " begins");
    std::string how = co_await test::ending(go_on.wait());
    t(name + ": " + how);
}

task<> fail(heddle::event& go_on, const char* what) {
    co_await go_on.wait();
    throw std::runtime_error(what);
}

task<> fail_in_the_end(heddle::event& never, const char* what) {
    try {
        co_await never.wait();
    } catch (const heddle::cancelled&) {
        throw std::runtime_error(what);
    }
}

task<> wait_quietly(heddle::event& never) { co_await never.wait(); }

task<int> give(int n) { co_return n; }

task<> time_out(heddle::event& never) {
    heddle::done_source limit(heddle::this_task::done(), 1ms);
    co_await heddle::with_done(limit.token(), wait_quietly(never));
}

/// Starts three children, as the limit allows, and waits for them.
task<> start_three(trace& t, std::optional<int> limit, heddle::event& go_on) {
    std::unique_ptr<group> g(limit ? new group(*limit) : new group);
    for (auto name : {"ann", "bob", "cid"})
        g->go(child, ref(t), name, ref(go_on));
    t("started");
    t("wait: " + co_await test::ending(g->wait()));
}

task<> wait_twice(group& g, trace& t) {
    t(co_await test::ending(g.wait()));
    t(co_await test::ending(g.wait()));
}

task<> first_of_two_failures(trace& t, heddle::event& go_on) {
    heddle::event never;
    group g;
    g.go(fail, ref(go_on), "first");
    g.go(fail_in_the_end, ref(never), "second");
    g.go(wait_quietly, ref(never));
    co_await wait_twice(g, t);
    t(test::why(g.done().cause()));
}

task<> wait_for_it(trace& t, heddle::event& never) {
    group g;
    g.go(child, ref(t), "ann", ref(never));
    co_await g.wait();
    t("not reached");
}

task<> clean_up_slowly(trace& t, heddle::event& never, heddle::event& clean) {
    (void)co_await test::ending(never.wait());
    t("cleaning up");
    co_await heddle::shield(wait_quietly(clean));
    t("clean");
}

task<> wait_for_clean_up(trace& t, heddle::event& never, heddle::event& clean) {
    group g;
    g.go(clean_up_slowly, ref(t), ref(never), ref(clean));
    t(co_await test::ending(g.wait()));
}

task<> made_in_a_scope(trace& t, heddle::event& never) {
    heddle::done_source scope;
    std::optional<group> g;
    // The token in force is the one where the group is made, not the one where go() or
    // wait() is called.
    co_await heddle::with_done(scope.token(), [](std::optional<group>& made) -> task<> {
        made.emplace();
        co_return;
    }(g));
    g->go(child, ref(t), "ann", ref(never));
    co_await heddle::yield();
    scope.close();
    t(co_await test::ending(g->wait()));
}

task<> times_out_below(trace& t, heddle::event& never) {
    group g;
    g.go(time_out, ref(never));
    t(co_await test::ending(g.wait()));
    t("not because the group was cancelled: " + test::why(g.done().cause()));
}

task<> any_child(trace& t, heddle::event& ready) {
    group g(2);
    g.go(give(1));
    g.go(give, 2);
    g.go([&t] { t("plain"); });
    g.go([&t, &ready]() -> task<> {
        co_await ready.wait();
        t("lambda");
    });
    co_await g.wait();
    g.go([&t] { t("again"); });
    co_await g.wait();
}

task<> leave_by_exception(trace& t, heddle::event& never) {
    group g(1);
    g.go(child, ref(t), "ann", ref(never));
    g.go(child, ref(t), "bob", ref(never));
    co_await heddle::yield();
    throw std::runtime_error("left");
}

task<> park_in_scope(trace& t, heddle::event& never) {
    group g(1);
    g.go(child, ref(t), "ann", ref(never));
    g.go(child, ref(t), "bob", ref(never));
    co_await g.wait();
}

#ifndef NDEBUG
task<> leave_with_child(heddle::event& never) {
    group g;
    g.go(wait_quietly, ref(never));
    co_return;
}

task<> leave_with_failure(heddle::event& ready) {
    group g;
    g.go(fail, ref(ready), "unseen");
    co_await heddle::yield();
    co_await heddle::yield();
}

/// Runs `f` in a child process. Returns its message if it aborts, else an empty string.
template <class F>
std::string last_words(F f) {
    int out[2];
    REQUIRE(::pipe(out) == 0);
    pid_t pid = ::fork();
    REQUIRE(pid >= 0);
    if (pid == 0) {
        ::dup2(out[1], 2);
        ::signal(SIGABRT, SIG_DFL);
        f();
        ::_exit(0);
    }
    ::close(out[1]);
    std::string said;
    char some[512];
    for (ssize_t n; (n = ::read(out[0], some, sizeof some)) > 0;)
        said.append(some, static_cast<std::size_t>(n));
    ::close(out[0]);
    int status = 0;
    REQUIRE(::waitpid(pid, &status, 0) == pid);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT ? said : "";
}
#endif

}  // namespace

TEST_SUITE_BEGIN("group");

TEST_CASE("without a limit all children run, and wait() waits for each of them") {
    world w;
    trace t;
    heddle::event go_on;
    w.go(start_three, ref(t), std::nullopt, ref(go_on));
    w.settle();
    CHECK(t.take() == lines{"started", "ann begins", "bob begins", "cid begins"});
    go_on.set();
    w.settle();
    CHECK(t.take() == lines{"ann: ok", "bob: ok", "cid: ok", "wait: ok"});
    CHECK(w.live() == 0);
}

TEST_CASE("at most `limit` children run; go() queues the others and never waits") {
    world w;
    trace t;
    heddle::event go_on;
    w.go(start_three, ref(t), 2, ref(go_on));
    w.settle();
    CHECK(t.take() == lines{"started", "ann begins", "bob begins"});
    go_on.set();
    go_on.reset();
    w.settle();
    CHECK(t.take() == lines{"ann: ok", "bob: ok", "cid begins"});
    go_on.set();
    w.settle();
    CHECK(t.take() == lines{"cid: ok", "wait: ok"});
}

TEST_CASE("a limit below one is refused") {
    CHECK_THROWS_AS(group(0), std::invalid_argument);
    CHECK_THROWS_AS(group(-1), std::invalid_argument);
}

TEST_CASE("go() outside a task throws not_in_task, and starts nothing") {
    group g;
    CHECK_THROWS_AS(g.go(give, 1), heddle::not_in_task);
    world w;
    trace t;
    w.go(wait_twice, ref(g), ref(t));
    w.settle();
    CHECK(t.take() == lines{"ok", "ok"});
}

TEST_CASE("children are tasks, coroutines, lambdas and plain functions; a group can be "
          "used again") {
    trace t;
    heddle::event ready(true);
    test::run_virtual(any_child(t, ready));
    CHECK(t.take() == lines{"plain", "lambda", "again"});
}

TEST_CASE("the first failure closes the token, and each wait() throws it") {
    world w;
    trace t;
    heddle::event go_on;
    w.go(first_of_two_failures, ref(t), ref(go_on));
    w.settle();
    CHECK(t.take().empty());
    go_on.set();
    w.settle();
    CHECK(t.take() == lines{"first", "first", "first"});
    CHECK(w.live() == 0);
}

TEST_CASE("`cancelled` that leaves a child while the token is open is a failure") {
    trace t;
    heddle::event never;
    test::run_virtual(times_out_below(t, never));
    CHECK(t.take() ==
          lines{"cancelled: deadline",
                "not because the group was cancelled: cancelled: deadline"});
}

TEST_CASE(
    "a cancelled wait() closes the token, waits for every child, and then throws") {
    world w;
    trace t;
    heddle::event never, clean;
    auto h = w.go(wait_for_clean_up, ref(t), ref(never), ref(clean));
    w.settle();
    h.cancel(test::cause("enough"));
    w.settle();
    CHECK(t.take() == lines{"cleaning up"});
    clean.set();
    w.settle();
    CHECK(t.take() == lines{"clean", "cancelled: enough"});
}

TEST_CASE("a wait() whose token is closed from the start waits for every child, too") {
    world w;
    trace t;
    heddle::event never;
    auto h = w.go(start_three, ref(t), 1, ref(never));
    h.cancel();
    w.settle();
    // Every child runs, also those that were queued.
    CHECK(t.take() == lines{"started", "ann begins", "ann: cancelled: closed",
                            "bob begins", "bob: cancelled: closed", "cid begins",
                            "cid: cancelled: closed", "wait: cancelled: closed"});
    CHECK(w.live() == 0);
}

TEST_CASE("a wait() under a deadline ends its children at the deadline") {
    trace t;
    heddle::event never;
    test::run_virtual(
        note_end(t, "timed", heddle::with_timeout(5ms, wait_for_it(t, never))));
    CHECK(t.take() ==
          lines{"ann begins", "ann: cancelled: deadline", "timed: timed out"});
}

TEST_CASE("the token of a group is below the one in force where the group was made") {
    trace t;
    heddle::event never;
    test::run_virtual(made_in_a_scope(t, never));
    CHECK(t.take() == lines{"ann begins", "ann: cancelled: closed", "ok"});
}

TEST_CASE("an exception that leaves the group's scope closes the token; the children "
          "outlive the group") {
    world w;
    trace t;
    heddle::event never;
    w.go(note_end, ref(t), "scope", leave_by_exception(t, never));
    w.settle();
    CHECK(t.take() == lines{"ann begins", "scope: left", "ann: cancelled: closed",
                            "bob begins", "bob: cancelled: closed"});
    CHECK(w.live() == 0);
}

TEST_CASE("a context may destroy the group and its children in any order") {
    trace t;
    heddle::event never;
    world w;
    w.go(park_in_scope, ref(t), ref(never));
    w.settle();
    CHECK(t.take() == lines{"ann begins"});
    CHECK(w.live() == 3);
}

TEST_CASE("wait() does not wait for a child whose context was destroyed") {
    trace t;
    heddle::event never;
    world survivor;
    group g(1);
    {
        world w;
        w.go([&] { g.go(wait_quietly, ref(never)); });
        w.go([&] { g.go(wait_quietly, ref(never)); });
        w.settle();
        survivor.go(wait_twice, ref(g), ref(t));
        survivor.settle();
        CHECK(t.take().empty());
    }
    survivor.settle();
    CHECK(t.take() == lines{"ok", "ok"});
}

#ifndef NDEBUG
TEST_CASE(
    "the destructor asserts that no child is alive and that no failure is unseen") {
    heddle::event never, ready(true);
    auto with_child = [&] { test::run_virtual(leave_with_child(never)); };
    auto with_failure = [&] { test::run_virtual(leave_with_failure(ready)); };
    CHECK(last_words(with_child).find("group destroyed while a child") !=
          std::string::npos);
    CHECK(last_words(with_failure).find("a failure nobody") != std::string::npos);
}
#endif

TEST_SUITE_END();
