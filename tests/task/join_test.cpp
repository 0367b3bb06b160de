// SPDX-License-Identifier: BSL-1.0
// The promises of join handles (go.hpp). cancel_test.cpp tests cancellation.
#include "support/ending.hpp"
#include "support/tasks.hpp"
#include "support/world.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

TEST_SUITE_BEGIN("join");

using heddle::go;
using heddle::join_handle;
using heddle::task;
using test::ending;
using test::ending_of_call;
using test::fail;
using test::lines;
using test::log_join;
using test::log_step;
using test::seven;
using test::trace;
using test::wait_in;
using test::world;

namespace {

task<> tree(std::size_t& most, int depth) {
    most = std::max(most, heddle::live_tasks());
    if (depth == 0)
        co_return;
    std::vector<join_handle<>> parts;
    for (int i = 0; i < 10; ++i)
        parts.push_back(go(tree, std::ref(most), depth - 1));
    for (auto& p : parts)
        co_await p;
}

}  // namespace

TEST_CASE("co_await of a handle starts a task that has not begun, as a call would") {
    for (std::string which : {"a", "b", "c"}) {
        world w;
        trace log;
        w.go([&]() -> task<> {
            auto a = go(log_step, std::ref(log), "a");
            auto b = go(log_step, std::ref(log), "b");
            auto c = go(log_step, std::ref(log), "c");
            auto& joined = which == "a" ? a : which == "b" ? b : c;
            co_await joined;
            log("main");
        });
        w.settle();
        lines others = which == "a"   ? lines{"b", "c"}
                       : which == "b" ? lines{"a", "c"}
                                      : lines{"a", "b"};
        CHECK(log.take() == lines{which, "main", others[0], others[1]});
    }
}

TEST_CASE("law 76: a task that calls others without end lets ready tasks run") {
    world w;
    bool ran = false;
    long calls = 0;
    w.go([&]() -> task<> {
        go([&] { ran = true; });
        for (; !ran && calls < 10'000; ++calls)
            co_await go([] {});
    });
    w.settle();
    CHECK(calls < 1'000);
}

TEST_CASE("a tree of joins is walked depth first, so few of its tasks live at once") {
    world w;
    std::size_t most = 0;
    w.go(tree, std::ref(most), 4);
    w.settle();
    CHECK(w.live() == 0);
    CHECK(most < 1'500);  // of 11111 in all
}

TEST_CASE("co_await of a handle returns the task's result, whatever its type") {
    world w;
    int shared = 0;
    bool ran = false;
    w.go(
        [](int& x, bool& done) -> task<> {
            auto a = go(seven);
            auto b = go([]() -> task<std::unique_ptr<int>> {
                co_return std::make_unique<int>(3);
            });
            auto c = go([](int& y) -> task<int&> { co_return y; }, std::ref(x));
            auto d = go([]() -> task<> { co_return; });
            int n = co_await a;
            CHECK(n == 7);
            auto p = co_await b;
            CHECK(*p == 3);
            int& same = co_await c;
            CHECK(&same == &x);
            co_await d;
            done = true;
        },
        std::ref(shared), std::ref(ran));
    w.settle();
    CHECK(ran);
}

TEST_CASE("a join rethrows the exception that left the task") {
    world w;
    trace log;
    auto h = w.go(fail, "broken");
    w.go(log_join, std::ref(log), std::ref(h), "joiner");
    w.settle();
    CHECK(log.take() == lines{"joiner: broken"});
}

TEST_CASE("a task may be joined after its end") {
    world w;
    auto h = w.go(seven);
    w.settle();
    CHECK(w.live() == 0);
    int n = 0;
    w.go([](join_handle<int>& j, int& to) -> task<> { to = co_await j; }, std::ref(h),
         std::ref(n));
    w.settle();
    CHECK(n == 7);
}

TEST_CASE("a second join, and a join of a nil handle, throw already_joined") {
    world w;
    trace log;
    join_handle<> nil;
    auto h = w.go(log_step, std::ref(log), "ran");
    w.go(log_join, std::ref(log), std::ref(nil), "nil");
    w.go(log_join, std::ref(log), std::ref(h), "first");
    w.settle();
    w.go(log_join, std::ref(log), std::ref(h), "second");
    w.settle();
    auto from = w.go(seven);
    auto to = std::move(from);
    w.go([](trace& t, join_handle<int>& j) -> task<> { t(co_await ending(j)); },
         std::ref(log), std::ref(from));
    w.settle();
    CHECK(log.take() == lines{"ran", "nil: already joined", "first: ok",
                              "second: already joined", "already joined"});
}

TEST_CASE(
    "joiners are resumed in order of arrival, and the first one gets the result") {
    world w, other;
    trace log;
    heddle::channel<> gate;
    auto h = w.go(wait_in, gate);
    w.go(log_join, std::ref(log), std::ref(h), "first");
    w.settle();
    w.go(log_join, std::ref(log), std::ref(h), "second");
    w.settle();
    other.go(log_join, std::ref(log), std::ref(h), "elsewhere");
    other.settle();
    gate.close();
    w.settle();
    CHECK(log.take() == lines{"first: ok", "second: already joined"});
    other.settle();  // each one resumes on its own host
    CHECK(log.take() == lines{"elsewhere: already joined"});
}

TEST_CASE("a join throws the exception of the result's move, wherever that throws") {
    struct fragile {  // allows `left` moves
        explicit fragile(int n) : left(n) {}
        fragile(fragile&& o) : left(o.left - 1) {
            if (left < 0)
                throw std::runtime_error("moved");
        }
        int left;
    };
    world w;
    trace log;
    auto give = [](int moves) -> task<fragile> { co_return fragile(moves); };
    for (int moves = 0; moves < 10; ++moves) {
        auto h = w.go(give, moves);
        w.go([](trace& t, join_handle<fragile>& j) -> task<> { t(co_await ending(j)); },
             std::ref(log), std::ref(h));
        w.settle();
    }
    auto seen = log.take();
    CHECK(seen.front() == "moved");
    CHECK(seen.back() == "ok");
    CHECK(seen.size() == 10);
    CHECK(w.live() == 0);
}

TEST_CASE("a handle that is dropped reports the exception that no join took") {
    world w;
    heddle::channel<> gate;
    {
        auto late = w.go(
            [](heddle::receiver<> in) -> task<> {
                (void)co_await in.receive();
                throw std::runtime_error("dropped before the end");
            },
            gate);
        w.settle();
    }
    gate.close();
    CHECK(ending_of_call([&] { w.settle(); }) == "dropped before the end");

    {
        auto ended = w.go(fail, "dropped after the end");
        w.settle();
    }
    CHECK(ending_of_call([&] { w.settle(); }) == "dropped after the end");

    auto assigned = w.go(fail, "assigned over");
    w.settle();
    assigned = join_handle<>();
    CHECK(ending_of_call([&] { w.settle(); }) == "assigned over");
    w.settle();
}

TEST_CASE("an exception that a join took is reported nowhere else") {
    world w;
    trace log;
    {
        auto h = w.go(fail, "once");
        w.go(log_join, std::ref(log), std::ref(h), "joiner");
        w.settle();
    }
    w.settle();
    CHECK(log.take() == lines{"joiner: once"});
}

TEST_CASE("a join arm leaves the result in the handle; a nil handle is never ready") {
    world w;
    trace log;
    w.go(
        [](trace& t) -> task<> {
            heddle::channel<> never;
            join_handle<int> nil;
            auto h = go(seven);
            auto i = co_await heddle::select(never.receive(std::ignore), h, nil);
            t("arm " + std::to_string(i));
            auto again = co_await heddle::priority_select(h, heddle::otherwise);
            t("arm " + std::to_string(again));
            t("result " + std::to_string(co_await h));
            auto dry = co_await heddle::select(nil, heddle::otherwise);
            t("nil: arm " + std::to_string(dry));
        },
        std::ref(log));
    w.settle();
    CHECK(log.take() == lines{"arm 1", "arm 0", "result 7", "nil: arm 1"});
}

TEST_CASE("a join arm that loses leaves the handle unchanged") {
    world w;
    trace log;
    heddle::channel<> gate;
    auto h = w.go(wait_in, gate);
    w.go(
        [](trace& t, join_handle<>& j, heddle::sender<> out) -> task<> {
            auto i = co_await heddle::select(j, heddle::otherwise);
            t("arm " + std::to_string(i));
            auto k = co_await heddle::select(j, out.send());
            t("arm " + std::to_string(k));
            t(co_await ending(j));
        },
        std::ref(log), std::ref(h), gate);
    w.settle();
    CHECK(log.take() == lines{"arm 1", "arm 1", "ok"});
}

TEST_CASE("a join of a task whose context was destroyed throws task_abandoned") {
    world w;
    trace log;
    join_handle<> parked, unstarted;
    {
        world dying;
        parked = dying.go(wait_in, heddle::channel<>());
        w.go(log_join, std::ref(log), std::ref(parked), "parked");
        w.settle();
        dying.settle();
        unstarted = dying.go(log_step, std::ref(log), "never");
    }
    w.go(log_join, std::ref(log), std::ref(unstarted), "unstarted");
    w.settle();
    CHECK(log.take() == lines{"parked: abandoned", "unstarted: abandoned"});
}

TEST_CASE("a handle may outlive the context of its task") {
    world w;
    join_handle<int> value;
    join_handle<> failed, untaken, parked;
    {
        world dying;
        value = dying.go(seven);
        failed = dying.go(fail, "kept");
        untaken = dying.go(fail, "lost with its context");
        parked = dying.go(wait_in, heddle::channel<>());
        dying.settle();
    }
    trace log;
    parked.cancel();
    w.go(
        [](trace& t, join_handle<int>& v, join_handle<>& f) -> task<> {
            t(std::to_string(co_await v));
            t(co_await ending(f));
        },
        std::ref(log), std::ref(value), std::ref(failed));
    w.settle();
    CHECK(log.take() == lines{"7", "kept"});
}

namespace {

/// Allows `n` moves, then throws.
struct moves_so_often {
    explicit moves_so_often(int n = 1000) : left(n) {}
    moves_so_often(moves_so_often&& o) : left(o.left - 1) {
        if (left < 0)
            throw std::runtime_error("a move threw");
    }
    int left;
};

}  // namespace

TEST_CASE("a result whose move throws is the failure that the handler gets, or leaves "
          "the loop") {
    for (int n = 0; n < 12; ++n) {
        test::world world;
        std::string told;
        auto handle = world.go(
            [n]() -> heddle::task<moves_so_often> { co_return moves_so_often(n); });
        handle.async_join(world.ctx, [&](std::exception_ptr e, moves_so_often) {
            told = e ? test::why(e) : "a value";
        });
        try {
            world.settle();
        } catch (const std::runtime_error& e) {
            told = e.what();
        }
        CAPTURE(n);
        CHECK((told == "a move threw" || told == "a value"));
        CHECK(world.live() == 0);
    }
}

TEST_CASE("an async_join that is never started claims nothing") {
    test::world world;
    auto handle = world.go([]() -> heddle::task<int> { co_return 7; });
    {
        auto lazy = handle.async_join(world.ctx, heddle::deferred);
    }
    int got = 0;
    handle.async_join(world.ctx, [&](std::exception_ptr, int v) { got = v; });
    CHECK_THROWS_AS(handle.async_join(world.ctx, [](std::exception_ptr, int) {}),
                    heddle::already_joined);
    world.settle();
    CHECK(got == 7);

    auto failing = world.go([]() -> heddle::task<int> {
        throw std::runtime_error("nobody joined");
        co_return 0;
    });
    {
        auto lazy = failing.async_join(world.ctx, heddle::deferred);
    }
    failing = {};
    CHECK_THROWS_WITH(world.settle(), "nobody joined");
}

TEST_CASE(
    "a failure that a handler takes is reported nowhere else, even without a handle") {
    test::world world;
    std::string told;
    world
        .go([]() -> heddle::task<> {
            throw std::runtime_error("told once");
            co_return;
        })
        .async_join(world.ctx, [&](std::exception_ptr e) { told += test::why(e); });
    world.settle();
    CHECK(told == "told once");
}

TEST_SUITE_END();
