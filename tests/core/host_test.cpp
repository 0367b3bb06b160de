// SPDX-License-Identifier: BSL-1.0
// The promises of a host. It is a guest on any Asio executor, its queue works like a
// strand, and the event loop keeps its meaning. host_end_test.cpp tests how a context
// ends.
#include "support/world.hpp"

#include <asio/dispatch.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>

using namespace std::chrono_literals;

namespace {

using test::lines;

heddle::task<> say(test::trace& trace, std::string what) {
    trace(what);
    co_return;
}

heddle::task<> receive_and_say(heddle::receiver<int> in, test::trace& trace,
                               std::string who) {
    while (auto v = co_await in.receive())
        trace(who + " " + std::to_string(*v));
}

heddle::task<> yield_until(const bool& stop, long& turns) {
    for (turns = 0; !stop && turns < 1'000'000; ++turns)
        co_await heddle::yield();
}

heddle::task<> never_wait(heddle::channel<int> c, const bool& stop, long& rounds,
                          bool by_select) {
    std::optional<int> v;
    for (; !stop && rounds < 1'000'000; ++rounds) {
        if (by_select) {
            (void)co_await heddle::select(c.send(1), heddle::otherwise);
            (void)co_await heddle::priority_select(c.receive(v));
        } else {
            co_await c.send(1);
            (void)co_await c.receive();
        }
    }
}

heddle::task<> echo(heddle::receiver<int> in, heddle::sender<int> out) {
    while (auto v = co_await in.receive())
        co_await out.send(*v);
}

heddle::task<> ask(heddle::sender<int> out, heddle::receiver<int> in, const bool& stop,
                   long& rounds) {
    for (; !stop && rounds < 1'000'000; ++rounds) {
        co_await out.send(1);
        (void)co_await in.receive();
    }
    out.close();
}

heddle::task<> tell_executor(asio::any_io_executor& to) {
    to = heddle::this_task::executor();
    co_return;
}

}  // namespace

TEST_SUITE_BEGIN("host");

TEST_CASE("tasks of several contexts run by one thread each run on their own context") {
    test::world a, b;
    test::trace trace;
    heddle::channel<int> c;
    a.go(receive_and_say, c, std::ref(trace), "a");
    a.settle();
    b.go([](heddle::sender<int> out, test::trace& t) -> heddle::task<> {
        co_await out.send(1);
        t("b sent");
        co_await out.send(2);
        t("b sent again");
    }(c, trace));
    CHECK(a.live() == 1);
    CHECK(b.live() == 1);
    b.settle();  // the receiver belongs to a: it is woken, but does not run in here
    CHECK(trace.take() == lines{"b sent"});
    a.settle();
    CHECK(trace.take() == lines{"a 1", "a 2"});
    b.settle();
    CHECK(trace.take() == lines{"b sent again"});
    CHECK(b.live() == 0);
}

TEST_CASE("a context, its executor and an any_io_executor around it share one host") {
    test::world world;
    asio::any_io_executor by_context, by_executor, erased, again;
    world.go(tell_executor, std::ref(by_context));
    heddle::go(world.ctx.get_executor(), tell_executor, std::ref(by_executor));
    heddle::go(asio::any_io_executor(world.ctx.get_executor()), tell_executor,
               std::ref(erased));
    world.settle();
    heddle::go(by_context, tell_executor, std::ref(again));
    world.settle();
    CHECK(by_context == by_executor);
    CHECK(by_context == erased);
    CHECK(by_context == again);  // this_task::executor() names the task's host
    CHECK(by_context != asio::any_io_executor(world.ctx.get_executor()));
}

TEST_CASE("the executor of a host leads to that host, whatever properties are required "
          "of it") {
    namespace execution = asio::execution;
    test::world world;
    asio::any_io_executor own;
    world.go(tell_executor, std::ref(own));
    world.settle();
    auto never = asio::require(own, execution::blocking.never);
    auto tracked = asio::prefer(own, execution::outstanding_work.tracked);
    auto both = asio::prefer(never, execution::outstanding_work.tracked);
    for (auto& ex : {never, tracked, both}) {
        asio::any_io_executor again;
        heddle::go(ex, tell_executor, std::ref(again));
        world.settle();
        CHECK(again == own);
    }
    never = tracked = both = {};
    CHECK(world.ctx.run() <= 1);  // no work is left behind: the host ends the last
}

TEST_CASE("any other executor gets a host of its own") {
    test::world world;
    auto strand = asio::make_strand(world.ctx);
    asio::any_io_executor own, first, second;
    world.go(tell_executor, std::ref(own));
    heddle::go(strand, tell_executor, std::ref(first));
    heddle::go(strand, tell_executor, std::ref(second));
    world.settle();
    CHECK(own != first);
    CHECK(first != second);
}

TEST_CASE("tasks on a strand run inside the strand, whatever resumes them") {
    test::world world;
    auto strand = asio::make_strand(world.ctx);
    heddle::channel<int> c;
    test::lines outside;
    auto body = [](auto s, heddle::receiver<int> in, lines& out) -> heddle::task<> {
        auto check = [&](const char* when) {
            if (!s.running_in_this_thread())
                out.push_back(when);
        };
        check("at the start");
        co_await heddle::yield();
        check("after a yield");
        (void)co_await in.receive();
        check("woken by a channel");
        co_await heddle::sleep(1us);
        check("after a sleep");
        asio::steady_timer timer(s, 1us);
        co_await timer.async_wait(heddle::use_task);
        check("after an operation of an object on the strand");
        asio::steady_timer plain(s.get_inner_executor(), 1us);
        co_await plain.async_wait(heddle::use_task);
        check("after an operation of an object on the context");
        co_await asio::post(s.get_inner_executor(), heddle::use_task);
        check("after a post to the context");
        out.push_back("end");
    };
    heddle::go(strand, body, strand, c, std::ref(outside));
    world.settle();
    CHECK(c.try_send(1) == heddle::try_status::done);
    world.ctx.restart();
    world.ctx.run();
    CHECK(outside == lines{"end"});
}

TEST_CASE("a completion on another context wakes the task, but does not run it there") {
    test::world home, other;
    test::trace trace;
    auto body = [](asio::io_context& ctx, test::trace& t) -> heddle::task<> {
        co_await asio::post(ctx, heddle::use_task);
        t("posted");
        asio::steady_timer timer(ctx, heddle::time_point::min());
        co_await timer.async_wait(heddle::use_task);
        t("timer");
    };
    home.go(body, std::ref(other.ctx), std::ref(trace));
    home.settle();
    other.settle();
    CHECK(trace.take().empty());
    home.settle();
    CHECK(trace.take() == lines{"posted"});
    other.settle();
    CHECK(trace.take().empty());
    home.settle();
    CHECK(trace.take() == lines{"timer"});
}

TEST_CASE("a handler that is dispatched to a host from outside waits until its context "
          "runs") {
    test::world world;
    test::trace trace;
    asio::any_io_executor host;
    world.go(tell_executor, std::ref(host));
    world.settle();
    asio::dispatch(host, [&] { trace("dispatched"); });
    CHECK(trace.take().empty());
    world.settle();
    CHECK(trace.take() == lines{"dispatched"});
    asio::post(world.ctx, [&] {  // a thread that runs the context may run the host
        asio::dispatch(host, [&] { trace("inline"); });
        trace("after");
    });
    world.settle();
    CHECK(trace.take() == lines{"inline", "after"});
}

TEST_CASE("functions that are posted to a host take turns with its tasks, in order") {
    test::world world;
    test::trace trace;
    asio::any_io_executor host;
    world.go(tell_executor, std::ref(host));
    world.settle();
    world.go(say, std::ref(trace), "1");
    asio::post(host, [&] { trace("2"); });
    world.go(say, std::ref(trace), "3");
    asio::defer(host, [&] { trace("4"); });
    world.settle();
    CHECK(trace.take() == lines{"1", "2", "3", "4"});
}

TEST_CASE("inside a task, post to its host waits for a turn, and dispatch does not") {
    test::world world;
    test::trace trace;
    world.go([](test::trace& t) -> heddle::task<> {
        auto host = heddle::this_task::executor();
        asio::post(host, [&t] { t("posted"); });
        asio::dispatch(host, [&t] { t("dispatched"); });
        t("task");
        co_await heddle::yield();
        t("task again");
    }(trace));
    world.settle();
    CHECK(trace.take() == lines{"dispatched", "task", "posted", "task again"});
}

TEST_CASE("go without an executor needs a task to inherit from, even on a host") {
    test::world world;
    asio::any_io_executor host;
    world.go(tell_executor, std::ref(host));
    world.settle();
    bool refused = false;
    asio::post(host, [&] {  // this runs on the host, but not in a task
        try {
            heddle::go([] {});
        } catch (const heddle::not_in_task&) {
            refused = true;
        }
    });
    world.settle();
    CHECK(refused);
}

TEST_CASE("a host runs tasks first in, first out") {
    test::world world;
    test::trace trace;
    auto body = [](test::trace& t, char name) -> heddle::task<> {
        for (int i = 0; i < 3; ++i) {
            t(name + std::to_string(i));
            co_await heddle::yield();
        }
    };
    for (char name : {'a', 'b', 'c'})
        world.go(body, std::ref(trace), name);
    world.settle();
    CHECK(trace.take() == lines{"a0", "b0", "c0", "a1", "b1", "c1", "a2", "b2", "c2"});
}

TEST_CASE("a task that is started runs after the tasks that are ready") {
    test::world world;
    test::trace trace;
    world.go([](test::trace& t) -> heddle::task<> {
        heddle::go(say, std::ref(t), "child");
        t("parent");
        co_return;
    }(trace));
    world.go(say, std::ref(trace), "second");
    world.settle();
    CHECK(trace.take() == lines{"parent", "second", "child"});
}

// -- budget ---------------------------------------------------------------------------
// One drain handler runs at most 256 turns, or 4096 operations that need not wait. The
// tests allow twice that until a handler that was posted earlier has run.

TEST_CASE("tasks that yield for ever let the event loop run within a budget") {
    test::world world;
    bool stop = false;
    long turns = 0;
    world.go(yield_until, std::cref(stop), std::ref(turns));
    asio::post(world.ctx, [&] { stop = true; });
    world.settle();
    CHECK(stop);
    CHECK(turns <= 2 * 256);
}

TEST_CASE("tasks whose operations never wait let the event loop run within a budget") {
    test::world world;
    heddle::channel<int> c(1);
    bool stop = false;
    long rounds = 0;
    for (bool by_select : {false, true}) {
        CAPTURE(by_select);
        stop = false, rounds = 0;
        world.go(never_wait, c, std::cref(stop), std::ref(rounds), by_select);
        asio::post(world.ctx, [&] { stop = true; });
        world.settle();
        CHECK(stop);
        CHECK(rounds <= 4096);
    }
}

TEST_CASE(
    "a task that receives from a closed channel for ever lets the event loop run") {
    test::world world;
    heddle::channel<int> closed;
    closed.close();
    bool stop = false;
    long rounds = 0;
    auto receive = [](heddle::receiver<int> in, const bool* over,
                      long* n) -> heddle::task<> {
        while (!*over && ++*n < 1'000'000)
            co_await in.receive();
    };
    world.go(receive, closed, &stop, &rounds);
    asio::post(world.ctx, [&] { stop = true; });
    world.settle();
    CHECK(stop);
    CHECK(rounds <= 4096);
}

TEST_CASE(
    "tasks that wake each other for ever let the event loop run within a budget") {
    test::world world;
    heddle::channel<int> there, back;
    bool stop = false;
    long rounds = 0;
    world.go(echo, there, back);
    world.go(ask, there, back, std::cref(stop), std::ref(rounds));
    asio::post(world.ctx, [&] { stop = true; });
    world.settle();
    CHECK(stop);
    CHECK(rounds <= 2 * 256);
    CHECK(world.live() == 0);
}

TEST_CASE("tasks that start tasks for ever let the event loop run within a budget") {
    test::world world;
    bool stop = false;
    long started = 0;
    struct breed {
        static heddle::task<> run(const bool& stop, long& n) {
            if (!stop && ++n < 1'000'000)
                heddle::go(run, std::cref(stop), std::ref(n));
            co_return;
        }
    };
    world.go(breed::run, std::cref(stop), std::ref(started));
    asio::post(world.ctx, [&] { stop = true; });
    world.settle();
    CHECK(stop);
    CHECK(started <= 2 * 256);
}

TEST_CASE("busy tasks do not delay a timer of heddle or of Asio") {
    test::world world;
    bool stop = false;
    long turns = 0;
    int fired = 0;
    world.go(yield_until, std::cref(stop), std::ref(turns));
    world.go([](int& n) -> heddle::task<> {
        co_await heddle::sleep(1us);
        ++n;
    }(fired));
    asio::steady_timer timer(world.ctx, 1us);
    timer.async_wait([&](auto) { ++fired; });
    for (int i = 0; i < 1'000'000 && fired < 2; ++i)
        world.ctx.poll_one();
    stop = true;
    CHECK(fired == 2);
    CHECK(turns < 1'000'000);
    world.settle();
}

TEST_CASE("a busy host does not delay another host of its context") {
    test::world world;
    bool stop = false;
    long turns = 0;
    world.go(yield_until, std::cref(stop), std::ref(turns));
    heddle::go(asio::make_strand(world.ctx), [&stop] { stop = true; });
    world.settle();
    CHECK(stop);
    CHECK(turns <= 2 * 256);
}

// -- the loop keeps its meaning -------------------------------------------------------

TEST_CASE("run returns when nothing is pending, although tasks are parked") {
    test::world world;
    test::trace trace;
    heddle::channel<int> c;
    world.go(receive_and_say, c, std::ref(trace), "got");
    CHECK(world.ctx.run() > 0);
    CHECK(world.ctx.stopped());
    CHECK(world.live() == 1);
    // The task is woken, so work is pending again.
    CHECK(c.try_send(7) == heddle::try_status::done);
    world.ctx.restart();
    CHECK(world.ctx.run() > 0);
    CHECK(trace.take() == lines{"got 7"});
    CHECK(world.live() == 1);
}

TEST_CASE("run waits for a task that sleeps") {
    test::world world;
    bool woken = false;
    world.go([](bool& b) -> heddle::task<> {
        co_await heddle::sleep(1ms);
        b = true;
    }(woken));
    world.ctx.run();
    CHECK(woken);
}

TEST_CASE("work posted to a host's executor, and a work guard on it, count as work") {
    test::world world;
    asio::any_io_executor host;
    world.go(tell_executor, std::ref(host));
    world.ctx.run();
    auto tracked = asio::prefer(host, asio::execution::outstanding_work.tracked);
    world.ctx.restart();
    CHECK(world.ctx.poll() == 0);
    CHECK(!world.ctx.stopped());  // work is left
    tracked = asio::any_io_executor();
    CHECK(world.ctx.poll() <= 1);  // the host ends the last work
    CHECK(world.ctx.stopped());
}

TEST_CASE("stop ends run within a budget, and after restart the tasks go on") {
    test::world world;
    bool stop = false;
    long turns = 0;
    world.go(yield_until, std::cref(stop), std::ref(turns));
    world.go([](asio::io_context& ctx) -> heddle::task<> {
        ctx.stop();
        co_return;
    }(world.ctx));
    world.ctx.run();
    CHECK(world.ctx.stopped());
    CHECK(turns <= 256);
    CHECK(world.live() == 1);
    CHECK(world.ctx.run() == 0);  // a stopped context runs nothing
    long before = turns;
    world.ctx.restart();
    world.ctx.run_one();
    CHECK(turns > before);
    stop = true;
    world.ctx.run();
    CHECK(world.live() == 0);
}

TEST_CASE("poll_one and run_one run one handler, and so at most one budget") {
    test::world world;
    bool stop = false;
    long turns = 0;
    world.go(yield_until, std::cref(stop), std::ref(turns));
    for (int i = 1; i <= 4; ++i) {
        CHECK((i % 2 ? world.ctx.poll_one() : world.ctx.run_one()) == 1);
        CHECK(turns > 256 * (i - 1) / 2);
        CHECK(turns <= 256 * i);
    }
    stop = true;
    world.settle();
    CHECK(world.ctx.poll_one() == 0);
}

TEST_CASE("poll never blocks, and runs everything that is ready") {
    test::world world;
    test::trace trace;
    world.go([](test::trace& t) -> heddle::task<> {
        t("ready");
        co_await heddle::sleep(1h);
        t("never");
    }(trace));
    CHECK(world.ctx.poll() > 0);
    CHECK(trace.take() == lines{"ready"});
    CHECK(world.ctx.poll() == 0);
    CHECK(!world.ctx.stopped());  // a timer is pending
}

TEST_CASE("run_for returns in time, whether tasks are busy or asleep") {
    test::world world;
    bool stop = false;
    world.go([](const bool& end) -> heddle::task<> {
        while (!end)
            co_await heddle::yield();
    }(stop));
    while (world.ctx.run_for(2ms) == 0) {
    }  // on a busy machine 2 ms may pass before the first turn
    CHECK(!world.ctx.stopped());
    stop = true;
    world.go([]() -> heddle::task<> { co_await heddle::sleep(1h); });
    while (world.ctx.run_for(2ms) == 0) {
    }
    CHECK(world.live() == 1);
}

TEST_CASE(
    "a task may run another context inside its turn, and stays the current task") {
    test::world outer, inner;
    test::trace trace;
    outer.go([](test::world& w, test::trace& t) -> heddle::task<> {
        auto id = heddle::this_task::id();
        auto host = heddle::this_task::executor();
        w.go(say, std::ref(t), "inner");
        w.settle();
        t(heddle::this_task::id() == id ? "same task" : "another task");
        t(heddle::this_task::executor() == host ? "same host" : "another host");
        co_await heddle::yield();
        t("outer");
    }(inner, trace));
    outer.settle();
    CHECK(trace.take() == lines{"inner", "same task", "same host", "outer"});
}

// -- exceptions -----------------------------------------------------------------------

TEST_CASE(
    "an exception of a detached task leaves run, and the other tasks run after that") {
    test::world world;
    test::trace trace;
    auto fail = [](test::trace& t, std::string what) -> heddle::task<> {
        t(what);
        co_await heddle::yield();
        throw std::runtime_error(what);
    };
    world.go(say, std::ref(trace), "first");
    world.go(fail, std::ref(trace), "one");
    world.go(fail, std::ref(trace), "two");
    world.go(say, std::ref(trace), "last");
    CHECK_THROWS_WITH(world.settle(), "one");
    CHECK_THROWS_WITH(world.settle(), "two");
    world.settle();
    CHECK(trace.take() == lines{"first", "one", "two", "last"});
    CHECK(world.live() == 0);
}

TEST_CASE("an exception of a handler on a host leaves run, and the other handlers run "
          "after that") {
    test::world world;
    test::trace trace;
    asio::any_io_executor host;
    world.go(tell_executor, std::ref(host));
    world.settle();
    asio::post(host, [] { throw std::runtime_error("posted"); });
    world.go(say, std::ref(trace), "after");
    CHECK_THROWS_WITH(world.settle(), "posted");
    asio::post(world.ctx, [&] {
        asio::dispatch(host, [] { throw std::runtime_error("dispatched"); });
    });
    world.go(say, std::ref(trace), "after that");
    CHECK_THROWS_WITH(world.settle(), "dispatched");
    world.settle();
    CHECK(trace.take() == lines{"after", "after that"});
}

TEST_CASE("an exception of a handler that is dispatched inside a task's turn reaches "
          "the task, which goes on") {
    test::world world;
    test::trace trace;
    world.go([](test::trace& t) -> heddle::task<> {
        try {
            asio::dispatch(heddle::this_task::executor(),
                           [] { throw std::runtime_error("inline"); });
        } catch (const std::runtime_error& e) {
            t(e.what());
        }
        co_await heddle::yield();
        t("goes on");
    }(trace));
    world.settle();
    CHECK(trace.take() == lines{"inline", "goes on"});
}

TEST_SUITE_END();
