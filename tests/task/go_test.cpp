// SPDX-License-Identifier: BSL-1.0
// The promises of go (go.hpp). join_test.cpp tests join handles, cancel_test.cpp tests
// cancellation.
#include "support/ending.hpp"
#include "support/tasks.hpp"
#include "support/world.hpp"

#include <doctest/doctest.h>

#include <asio/post.hpp>
#include <asio/strand.hpp>

#include <functional>
#include <memory>
#include <set>
#include <stdexcept>

TEST_SUITE_BEGIN("go");

using heddle::go;
using heddle::task;
using test::ending_of_call;
using test::fail;
using test::lines;
using test::log_step;
using test::seven;
using test::trace;
using test::tracked;
using test::wait_in;
using test::world;

namespace {

struct throws_when_copied {
    throws_when_copied() = default;
    throws_when_copied(const throws_when_copied&) { throw std::runtime_error("copy"); }
};

struct adder {
    int base;
    int add(int n) const { return base + n; }
};

}  // namespace

TEST_CASE("a started task gets its first turn after the tasks that are ready now") {
    world w;
    trace log;
    w.go(
        [](trace& t) -> task<> {
            go(log_step, std::ref(t), "first");
            go(log_step, std::ref(t), "second");
            t("starter");
            co_await heddle::yield();
            t("starter again");
        },
        std::ref(log));
    w.go(log_step, std::ref(log), "ready before");
    w.settle();
    CHECK(log.take() ==
          lines{"starter", "ready before", "first", "second", "starter again"});
}

TEST_CASE("go takes plain functions, members and tasks as well as coroutines") {
    world w;
    bool ran = false;
    w.go(
        [](bool& done) -> task<> {
            auto sum = go([](int a, int b) { return a + b; }, 2, 3);
            auto member = go(&adder::add, adder{10}, 1);
            auto object = go(std::plus<>(), std::string("a"), std::string("b"));
            auto made = go(seven());
            int s = co_await sum;
            int m = co_await member;
            auto o = co_await object;
            int t = co_await made;
            CHECK(s == 5);
            CHECK(m == 11);
            CHECK(o == "ab");
            CHECK(t == 7);
            done = true;
        },
        std::ref(ran));
    w.settle();
    CHECK(ran);
}

TEST_CASE("outside a task, go and its relatives throw not_in_task") {
    CHECK(ending_of_call([] { go(seven); }) == "not in task");
    CHECK(ending_of_call([] { go(seven()); }) == "not in task");
    CHECK(ending_of_call([] { heddle::this_task::id(); }) == "not in task");
    CHECK(ending_of_call([] { heddle::this_task::name("x"); }) == "not in task");
    CHECK(ending_of_call([] { heddle::this_task::executor(); }) == "not in task");
    CHECK(ending_of_call([] { heddle::this_task::done(); }) == "not in task");
    CHECK(ending_of_call([] { heddle::live_tasks(); }) == "not in task");
    CHECK(ending_of_call([] { heddle::wait_group().go(seven); }) == "not in task");

    world w;
    std::string in_handler;
    asio::post(w.ctx, [&] { in_handler = ending_of_call([] { go(seven); }); });
    w.settle();
    CHECK(in_handler == "not in task");  // a handler is no task
}

TEST_CASE("go works in the plain functions that a task calls") {
    struct helper {
        static void start(trace& t) { go(log_step, std::ref(t), "started below"); }
    };
    world w;
    trace log;
    w.go([](trace& t) { helper::start(t); }, std::ref(log));
    w.settle();
    CHECK(log.take() == lines{"started below"});
}

TEST_CASE("go with a context or an executor works anywhere") {
    world w;
    trace log;
    auto strand = asio::make_strand(w.ctx);
    go(w.ctx, log_step, std::ref(log), "context");
    go(w.ctx.get_executor(), log_step, std::ref(log), "executor");
    go(asio::any_io_executor(w.ctx.get_executor()), log_step(log, "any executor"));
    w.settle();
    go(strand, log_step, std::ref(log), "strand");
    w.settle();
    asio::post(w.ctx, [&] { go(w.ctx, log_step, std::ref(log), "from a handler"); });
    w.settle();
    CHECK(log.take() ==
          lines{"context", "executor", "any executor", "strand", "from a handler"});
    CHECK(w.live() == 0);
}

TEST_CASE("go copies the callable and its arguments when it is called") {
    world w;
    trace log;
    std::string text = "before";
    const char letters[] = "array";
    auto copy = [](trace& t, const std::string& a, const char* b) -> task<> {
        t(a + " " + b);
        co_return;
    };
    w.go(copy, std::ref(log), text, letters);
    w.go(
        [](trace& t, std::string s) -> task<> {
            t(s);
            co_return;
        },
        std::ref(log), text);
    w.go(
        [](trace& t, const std::string& s) -> task<> {
            t(s);
            co_return;
        },
        std::ref(log), std::string("a temporary"));
    w.go(
        [](trace& t, const std::string& s) -> task<> {
            t(s);
            co_return;
        },
        std::ref(log), std::cref(text));
    text = "after";
    w.settle();
    CHECK(log.take() == lines{"before array", "before", "a temporary", "after"});
}

TEST_CASE("the captures of a lambda coroutine live as long as its task") {
    world w;
    trace log;
    heddle::channel<> gate;
    {
        auto held = std::make_shared<tracked>(5);
        w.go([held, gate, &log]() -> task<> {
            (void)co_await gate.receive();
            log(std::to_string(held->value()));
        });
        w.go([held = std::move(held), gate, &log]() mutable -> task<> {
            (void)co_await gate.receive();
            log(std::to_string(held->value()));
        });
    }
    w.settle();
    CHECK(tracked::alive() == 1);
    gate.close();
    w.settle();
    CHECK(log.take() == lines{"5", "5"});
    CHECK(tracked::alive() == 0);
}

TEST_CASE("arguments may be move-only, and are destroyed with the task") {
    world w;
    heddle::channel<> gate;
    w.go(
        [](tracked v, heddle::receiver<> in) -> task<> {
            (void)co_await in.receive();
            CHECK(v.value() == 1);
        },
        tracked(1), gate);
    w.settle();
    CHECK(tracked::alive() == 1);
    gate.close();
    w.settle();
    CHECK(tracked::alive() == 0);
}

TEST_CASE(
    "an exception of the copy of an argument reaches the caller, and no task starts") {
    world w;
    trace log;
    const throws_when_copied bad;
    auto by_value = [](trace& t, throws_when_copied) -> task<> {
        t("ran");
        co_return;
    };
    auto by_reference = [](trace& t, const throws_when_copied&) -> task<> {
        t("ran");
        co_return;
    };
    CHECK(ending_of_call([&] { w.go(by_value, std::ref(log), bad); }) == "copy");
    CHECK(ending_of_call([&] { w.go(by_reference, std::ref(log), bad); }) == "copy");
    auto with_cargo = [&] {
        w.go([cargo = tracked(1)](const throws_when_copied&) {}, bad);
    };
    CHECK(ending_of_call(with_cargo) == "copy");
    CHECK(w.live() == 0);
    CHECK(tracked::alive() == 0);
    w.settle();
    CHECK(log.take().empty());
}

TEST_CASE(
    "an exception of a detached task leaves run(), and the others go on after it") {
    world w;
    trace log;
    w.go(log_step, std::ref(log), "before");
    w.go(fail, "first");
    w.go(log_step, std::ref(log), "after");
    w.go(fail, "second");
    CHECK(ending_of_call([&] { w.ctx.run(); }) == "first");
    CHECK(ending_of_call([&] { w.settle(); }) == "second");
    w.settle();
    CHECK(log.take() == lines{"before", "after"});
    CHECK(w.live() == 0);
}

TEST_CASE("yield lets every task that is ready run first") {
    world w;
    trace log;
    auto worker = [](trace& t, std::string name) -> task<> {
        for (int i = 0; i < 2; ++i) {
            t(name);
            co_await heddle::yield();
        }
    };
    for (auto name : {"a", "b", "c"})
        w.go(worker, std::ref(log), name);
    w.settle();
    CHECK(log.take() == lines{"a", "b", "c", "a", "b", "c"});
}

TEST_CASE("each task has an id of its own, which does not change") {
    world w;
    std::set<std::uint64_t> ids;
    for (int i = 0; i < 100; ++i)
        w.go(
            [](std::set<std::uint64_t>& all) -> task<> {
                auto id = heddle::this_task::id();
                all.insert(id);
                co_await heddle::yield();
                CHECK(heddle::this_task::id() == id);
            },
            std::ref(ids));
    w.settle();
    CHECK(ids.size() == 100);
}

TEST_CASE(
    "this_task::executor names the host: tasks that are started on it join the host") {
    world w;
    trace log;
    w.go(
        [](trace& t) -> task<> {
            auto ex = heddle::this_task::executor();
            go(
                ex,
                [](trace& u, asio::any_io_executor parent) -> task<> {
                    u(heddle::this_task::executor() == parent ? "same host"
                                                              : "other host");
                    co_return;
                },
                std::ref(t), ex);
            asio::post(ex, [&t] { t("handler"); });
            t("task");
            co_return;
        },
        std::ref(log));
    w.settle();
    CHECK(log.take() == lines{"task", "same host", "handler"});
}

TEST_CASE("live_tasks counts the tasks of a context, on all of its hosts") {
    world w, other;
    heddle::channel<> gate;
    CHECK(w.live() == 0);
    w.go(wait_in, gate);
    go(asio::make_strand(w.ctx), wait_in, gate);
    other.go(wait_in, gate);
    CHECK(w.live() == 2);
    w.settle();
    std::size_t inside = 0;
    w.go([](std::size_t& n) { n = heddle::live_tasks(); }, std::ref(inside));
    w.settle();
    CHECK(inside == 3);
    gate.close();
    w.settle();
    CHECK(w.live() == 0);
    CHECK(other.live() == 1);
    other.settle();
}

TEST_SUITE_END();
