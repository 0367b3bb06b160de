// SPDX-License-Identifier: BSL-1.0
// The promises of a wait group (sync.hpp).
#include "support/ending.hpp"
#include "support/tasks.hpp"
#include "support/world.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <stdexcept>
#include <tuple>

TEST_SUITE_BEGIN("sync");

using heddle::go;
using heddle::task;
using heddle::wait_group;
using test::ending;
using test::ending_of_call;
using test::lines;
using test::trace;
using test::tracked;
using test::wait_in;
using test::world;

namespace {

task<> log_wait(trace& log, wait_group& g, std::string who) {
    log(who + ": " + co_await ending(g.wait()));
}

}  // namespace

TEST_CASE("a wait group with nothing to wait for lets every task through") {
    world w;
    trace log;
    wait_group g;
    w.go(log_wait, std::ref(log), std::ref(g), "fresh");
    w.settle();
    g.add(2);
    g.done();
    g.done();
    w.go(log_wait, std::ref(log), std::ref(g), "used");
    w.settle();
    CHECK(log.take() == lines{"fresh: ok", "used: ok"});
}

TEST_CASE("wait() ends when the count is zero, not before, and never inside done()") {
    world w;
    trace log;
    wait_group g;
    g.add(2);
    w.go(log_wait, std::ref(log), std::ref(g), "waiter");
    w.settle();
    g.done();
    w.settle();
    CHECK(log.take().empty());
    g.done();
    CHECK(log.take().empty());
    w.settle();
    CHECK(log.take() == lines{"waiter: ok"});
}

TEST_CASE("waiters are resumed in order of arrival, on their own hosts") {
    world w, other;
    trace log;
    wait_group g;
    g.add();
    w.go(log_wait, std::ref(log), std::ref(g), "first");
    w.go(log_wait, std::ref(log), std::ref(g), "second");
    w.settle();
    other.go(log_wait, std::ref(log), std::ref(g), "elsewhere");
    other.settle();
    g.add(-1);
    w.settle();
    CHECK(log.take() == lines{"first: ok", "second: ok"});
    other.settle();
    CHECK(log.take() == lines{"elsewhere: ok"});
}

TEST_CASE("a count below zero is a logic_error, and the count stays") {
    wait_group g;
    CHECK_THROWS_AS(g.done(), std::logic_error);
    CHECK_THROWS_AS(g.add(-1), std::logic_error);
    g.add(2);
    CHECK_THROWS_AS(g.add(-3), std::logic_error);

    world w;
    trace log;
    w.go(log_wait, std::ref(log), std::ref(g), "waiter");
    w.settle();
    CHECK(log.take().empty());  // two are still missing
    g.add(-2);
    w.settle();
    CHECK(log.take() == lines{"waiter: ok"});
}

TEST_CASE("a wait group can be used again after a wait") {
    world w;
    trace log;
    wait_group g;
    for (auto round : {"one", "two"}) {
        g.add();
        w.go(log_wait, std::ref(log), std::ref(g), round);
        w.settle();
        g.done();
        w.settle();
    }
    CHECK(log.take() == lines{"one: ok", "two: ok"});
}

TEST_CASE("a cancelled wait leaves the count unchanged") {
    world w;
    trace log;
    wait_group g;
    g.add();
    auto h = w.go(log_wait, std::ref(log), std::ref(g), "cancelled");
    w.go(log_wait, std::ref(log), std::ref(g), "other");
    w.settle();
    h.cancel();
    w.settle();
    CHECK(log.take() == lines{"cancelled: cancelled: closed"});
    g.done();
    w.settle();
    CHECK(log.take() == lines{"other: ok"});
}

TEST_CASE("wait() is an arm") {
    world w;
    trace log;
    wait_group g;
    g.add();
    w.go(
        [](trace& t, wait_group& group) -> task<> {
            heddle::channel<> never;
            auto i = co_await heddle::select(group.wait(), heddle::otherwise);
            t("arm " + std::to_string(i));
            auto j = co_await heddle::select(never.receive(std::ignore), group.wait());
            t("arm " + std::to_string(j));
        },
        std::ref(log), std::ref(g));
    w.settle();
    CHECK(log.take() == lines{"arm 1"});
    g.done();
    w.settle();
    CHECK(log.take() == lines{"arm 1"});
}

TEST_CASE("go() starts tasks that are counted until they end") {
    world w;
    trace log;
    heddle::channel<> gate;
    w.go(
        [](trace& t, heddle::receiver<> in) -> task<> {
            wait_group g;
            for (int i = 0; i < 3; ++i)
                g.go(wait_in, in);
            g.go(wait_in(in));  // a task
            g.go([](int n) { return n; },
                 1);  // a plain function, whose result is dropped
            g.go([in]() -> task<> { (void)co_await in.receive(); });
            t("waits");
            co_await g.wait();
            t("all over");
        },
        std::ref(log), gate);
    w.settle();
    CHECK(log.take() == lines{"waits"});
    CHECK(w.live() == 6);
    gate.close();
    w.settle();
    CHECK(log.take() == lines{"all over"});
    CHECK(w.live() == 0);
}

TEST_CASE("a task of a wait group is counted until it ends, however it ends") {
    world w;
    trace log;
    wait_group g;
    heddle::channel<> gate;
    auto starter = w.go(
        [](wait_group& group, heddle::receiver<> in) -> task<> {
            group.go([] { throw std::runtime_error("failed"); });
            group.go(wait_in, in);
            group.go(wait_in, heddle::channel<>());  // will be cancelled
            co_await heddle::sleep(std::chrono::hours(1));
        },
        std::ref(g), gate);
    w.go(log_wait, std::ref(log), std::ref(g), "waiter");
    // As with any detached task.
    CHECK(ending_of_call([&] { w.settle(); }) == "failed");
    w.settle();
    CHECK(log.take().empty());
    gate.close();
    w.settle();
    CHECK(log.take().empty());
    starter.cancel();
    w.settle();
    CHECK(log.take() == lines{"waiter: ok"});
}

TEST_CASE(
    "tasks of a wait group may outlive it, and are destroyed with their context") {
    heddle::channel<> gate;
    world w;
    std::optional<wait_group> g(std::in_place);
    {
        world dying;
        dying.go(
            [](std::optional<wait_group>& group, heddle::receiver<> in) {
                group->go([](heddle::receiver<> i,
                             tracked) -> task<> { (void)co_await i.receive(); },
                          in, tracked(1));
            },
            std::ref(g), gate);
        dying.settle();
        w.go([](std::optional<wait_group>& group,
                heddle::receiver<> in) { group->go(wait_in, in); },
             std::ref(g), gate);
        w.settle();
        CHECK(tracked::alive() == 1);
        g.reset();
    }
    CHECK(tracked::alive() == 0);
    gate.close();
    w.settle();
    CHECK(w.live() == 0);
}

TEST_CASE("a task that is destroyed with its context is counted down, too") {
    world w;
    trace log;
    wait_group g;
    w.go(log_wait, std::ref(log), std::ref(g), "too early to count");
    w.settle();
    {
        world dying;
        dying.go([](wait_group& group) { group.go(wait_in, heddle::channel<>()); },
                 std::ref(g));
        dying.settle();
        w.go(log_wait, std::ref(log), std::ref(g), "waiter");
        w.settle();
        CHECK(log.take() == lines{"too early to count: ok"});
    }
    w.settle();
    CHECK(log.take() == lines{"waiter: ok"});
}

TEST_CASE("a go() that throws counts nothing") {
    struct throws_when_copied {
        throws_when_copied() = default;
        throws_when_copied(const throws_when_copied&) {
            throw std::runtime_error("copy");
        }
    };
    world w;
    trace log;
    wait_group g;
    CHECK(ending_of_call([&] { g.go([] {}); }) == "not in task");
    w.go(
        [](trace& t, wait_group& group) {
            const throws_when_copied bad;
            t(ending_of_call([&] { group.go([](const throws_when_copied&) {}, bad); }));
        },
        std::ref(log), std::ref(g));
    w.go(log_wait, std::ref(log), std::ref(g), "waiter");
    w.settle();
    CHECK(log.take() == lines{"copy", "waiter: ok"});
}

TEST_SUITE_END();
