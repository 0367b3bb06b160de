// SPDX-License-Identifier: BSL-1.0
// The promises of dumps, on_unhandled, resume_on and same_host, on one thread.
#include <heddle/heddle.hpp>

#include "support/ending.hpp"
#include "support/world.hpp"

#include <asio/strand.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <stdexcept>

namespace {

using test::contains;

using namespace std::chrono_literals;

heddle::task<> wait_for(heddle::receiver<int> in, std::string name) {
    heddle::this_task::name(name);
    co_await in.receive();
}

heddle::task<> select_from(heddle::receiver<int> in, heddle::sender<int> out) {
    std::optional<int> v;
    co_await heddle::select(in.receive(v), out.send(1), heddle::after(1h));
}

heddle::task<> fail(std::string what) {
    co_await heddle::yield();
    throw std::runtime_error(what);
}

}  // namespace

TEST_SUITE_BEGIN("services");

TEST_CASE("a dump gives the name of each task, the operation it waits for, and where "
          "it started") {
    test::world world;
    heddle::channel<int> jobs, results;
    jobs.name("jobs");
    results.name("results");
    world.go(wait_for, jobs, "idle");
    world.go(select_from, jobs, results);
    auto fresh = heddle::dump_tasks(world.ctx);
    CHECK(contains(fresh, "is ready to run"));
    world.settle();
    auto dump = heddle::dump_tasks(world.ctx);
    CHECK(contains(dump, "(idle) waits to receive on `jobs`\n"));
    CHECK(contains(dump, " waits in a select: "));
    CHECK(contains(dump, "to send on `results`"));
    CHECK(contains(dump, "for a timer"));
    CHECK(contains(dump, "started in "));
    CHECK(heddle::dump_tasks(world.ctx.get_executor()) != "");
    CHECK(heddle::live_tasks(world.ctx.get_executor()) == 2);
}

TEST_CASE("a dump reports a channel for which no task holds a sender") {
    test::world world;
    {
        heddle::channel<int> jobs;
        jobs.name("jobs");
        world.go(wait_for, heddle::receiver<int>(jobs), "orphan");
        world.settle();
        CHECK(!contains(heddle::dump_tasks(world.ctx), "no task holds a sender"));
    }
    CHECK(contains(heddle::dump_tasks(world.ctx),
                   "(orphan) waits to receive on `jobs`: no task holds a sender"));
}

TEST_CASE("the times in a dump count from the drain turn in which the task parked, on "
          "the host's clock") {
    auto dump = test::run_virtual([]() -> heddle::task<std::string> {
        heddle::channel<int> never;
        heddle::go(wait_for, never, "waiter");
        co_await heddle::sleep(1500ms);
        co_return heddle::dump_tasks();
    }());
    CHECK(contains(dump, "for 1.500 s; started in "));
    CHECK(contains(dump, " runs\n"));  // the task that makes the dump
}

TEST_CASE(
    "outside a task, dump_tasks lists the tasks of all contexts, the oldest first; in "
    "a task, those of its own context") {
    heddle::channel<int> never;
    test::world first;
    std::string inside;
    {
        test::world second;
        for (test::world* w : {&first, &second}) {
            w->go(wait_for, heddle::receiver<int>(never),
                  w == &first ? "of the first" : "of the second");
            w->settle();
        }
        auto all = heddle::dump_tasks();
        auto at = all.find("(of the first) waits to receive");
        REQUIRE(at != all.npos);
        CHECK(all.find("(of the second) waits to receive", at) != all.npos);
        second.go([&] { inside = heddle::dump_tasks(); });
        second.settle();
    }
    CHECK(contains(inside, "(of the second)"));
    CHECK(!contains(inside, "(of the first)"));
    CHECK(!contains(heddle::dump_tasks(), "(of the second)"));
}

TEST_CASE(
    "on_unhandled gets the exceptions that leave detached tasks, until it is removed") {
    test::world world;
    test::trace trace;
    heddle::on_unhandled(world.ctx, [&](std::exception_ptr e) {
        try {
            std::rethrow_exception(e);
        } catch (const std::exception& x) {
            trace(x.what());
        }
    });
    world.go(fail, "one");
    world.go(fail, "two");
    world.settle();
    CHECK(trace.take() == test::lines{"one", "two"});
    heddle::on_unhandled(world.ctx, nullptr);
    world.go(fail, "three");
    CHECK_THROWS_WITH_AS(world.settle(), "three", std::runtime_error);
}

TEST_CASE(
    "resume_on moves a task to another host; its joiner and its token stay attached") {
    asio::io_context here, there;
    test::trace trace;
    auto h = heddle::go(
        here,
        [](asio::io_context& to, test::trace& t) -> heddle::task<int> {
            t("here");
            co_await heddle::resume_on(to);
            t("there");
            co_await heddle::yield();
            t("still there");
            co_return 5;
        },
        std::ref(there), std::ref(trace));
    here.run();
    CHECK(trace.take() == test::lines{"here"});
    CHECK(heddle::live_tasks(here) == 0);
    CHECK(heddle::live_tasks(there) == 1);
    there.run();
    CHECK(trace.take() == test::lines{"there", "still there"});
    CHECK(heddle::live_tasks(there) == 0);
}

TEST_CASE("resume_on throws if the token is closed; on the host of the task it does "
          "nothing") {
    test::world world;
    asio::io_context other;
    test::trace trace;
    auto h = world.go(
        [](asio::io_context& own, asio::io_context& o,
           test::trace& t) -> heddle::task<> {
            co_await heddle::resume_on(own);
            t("same");
            co_await heddle::yield();
            try {
                co_await heddle::resume_on(o);
            } catch (const heddle::cancelled&) {
                t("cancelled");
            }
        },
        std::ref(world.ctx), std::ref(other), std::ref(trace));
    world.ctx.poll_one();
    h.cancel();
    world.settle();
    other.run();
    auto steps = trace.take();
    CHECK(steps.size() <= 2);
    CHECK(heddle::live_tasks(other) == 0);
    CHECK(world.live() == 0);
}

TEST_CASE("a same_host channel is a channel without locks") {
    heddle::channel<int> c(2, heddle::same_host);
    CHECK(!c.core()->lock().shared());
    CHECK(heddle::channel<int>(2).core()->lock().shared());
    int sum = heddle::run([](heddle::channel<int> ch) -> heddle::task<int> {
        heddle::go(
            [](heddle::sender<int> out) -> heddle::task<> {
                for (int i = 1; i <= 10; ++i)
                    co_await out.send(i);
                out.close();
            },
            ch);
        int total = 0;
        std::optional<int> v;
        while (co_await heddle::select(ch.receive(v), heddle::after(1h)) == 0 && v)
            total += *v;
        co_return total;
    }(c));
    CHECK(sum == 55);
}

TEST_CASE("an external_producer keeps a context from running out of work") {
    asio::io_context ctx;
    {
        heddle::external_producer guard(ctx);
        ctx.poll();
        CHECK(!ctx.stopped());
    }
    ctx.poll();
    CHECK(ctx.stopped());
}

TEST_SUITE_END();
