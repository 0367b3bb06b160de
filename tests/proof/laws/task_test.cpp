// SPDX-License-Identifier: BSL-1.0
// The laws of tasks, executors and lifetime, as far as one thread shows them. Law 70 is
// in allocation_test.cpp; law 72 and the races of 73 to 75 are in stress/; law 77 is in
// parallel_test.cpp.
#include "support/ending.hpp"
#include "support/heap.hpp"
#include "support/stack.hpp"
#include "support/tasks.hpp"
#include "support/world.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <vector>

TEST_SUITE_BEGIN("laws.task");

using namespace std::chrono_literals;
using heddle::go;
using heddle::task;
using test::ending;
using test::ending_of_call;
using test::fail;
using test::lines;
using test::run_virtual;
using test::stack_watch;
using test::trace;
using test::tracked;
using test::wait_in;
using test::world;

namespace {}  // namespace

TEST_CASE("law 68: a daisy chain of 10 000 tasks carries one value from end to end") {
    int result = 0;
    run_virtual([](int& to) -> task<> {
        auto link = [](heddle::receiver<int> right,
                       heddle::sender<int> left) -> task<> {
            int v = 0;
            if (co_await right.receive(v))
                co_await left.send(v + 1);
        };
        heddle::channel<int> leftmost;
        auto left = leftmost;
        for (int i = 0; i < 10'000; ++i) {
            heddle::channel<int> right;
            go(link, right, left);
            left = right;
        }
        go([](heddle::sender<int> out) -> task<> { co_await out.send(0); }, left);
        (void)co_await leftmost.receive(to);
    }(result));
    CHECK(result == 10'000);
}

TEST_CASE("law 68: 100 000 parked tasks all end when their channel is closed") {
    world w;
    heddle::channel<> gate;
    for (int i = 0; i < 100'000; ++i)
        w.go(wait_in, gate);
    w.settle();
    CHECK(w.live() == 100'000);
    gate.close();
    w.settle();
    CHECK(w.live() == 0);
}

TEST_CASE(
    "law 69: an exception reaches one place, and the siblings and the context go on") {
    world w;
    trace log;
    auto joined = w.go(fail, "joined");
    w.go(fail, "detached");
    w.go(
        [](trace& t, heddle::join_handle<>& h) -> task<> {
            t(co_await ending(h));
            co_await heddle::yield();
            t("sibling goes on");
        },
        std::ref(log), std::ref(joined));
    CHECK(ending_of_call([&] { w.settle(); }) == "detached");
    CHECK(ending_of_call([&] { w.settle(); }) == "ok");
    CHECK(log.take() == lines{"joined", "sibling goes on"});
}

TEST_CASE("law 69: an exception of a woken task does not reach the task that woke it") {
    world w;
    trace log;
    heddle::channel<int> c;
    w.go(
        [](heddle::receiver<int> in) -> task<> {
            (void)co_await in.receive();
            throw std::runtime_error("woken");
        },
        c);
    w.go(
        [](heddle::sender<int> out, trace& t) -> task<> {
            t(co_await ending(out.send(1)));
            co_await heddle::yield();
            t("waker goes on");
        },
        c, std::ref(log));
    CHECK(ending_of_call([&] { w.settle(); }) == "woken");
    w.settle();
    CHECK(log.take() == lines{"ok", "waker goes on"});
}

TEST_CASE("law 71: a million ready operations use no stack") {
    stack_watch stack;
    run_virtual([](stack_watch& s) -> task<> {
        heddle::channel<int> c(1);
        std::optional<int> v;
        for (int i = 0; i < 250'000; ++i) {
            co_await c.send(i);
            co_await c.receive(v);
            (void)co_await heddle::select(c.receive(v), c.send(i));
            (void)co_await heddle::select(c.receive(v), heddle::otherwise);
            s.look();
        }
    }(stack));
    CHECK(stack.grown() < 64 * 1024);
}

TEST_CASE("law 71: a chain of 100 000 tasks that wake each other uses no stack") {
    stack_watch stack;
    world w;
    auto relay = [](stack_watch& s, heddle::receiver<> in,
                    heddle::channel<> out) -> task<> {
        (void)co_await in.receive();
        s.look();
        out.close();
    };
    heddle::channel<> first;
    auto in = first;
    for (int i = 0; i < 100'000; ++i) {
        heddle::channel<> out;
        w.go(relay, std::ref(stack), in, out);
        in = out;
    }
    w.settle();
    first.close();
    w.settle();
    CHECK(in.closed());
    CHECK(stack.grown() < 64 * 1024);
}

TEST_CASE(
    "law 71: tasks that each start and join the next, 50 000 deep, use no stack") {
    struct deep {
        static task<int> dive(stack_watch& s, int n) {
            s.look();
            if (n == 0)
                co_return 0;
            auto h = go(dive, std::ref(s), n - 1);
            int below = co_await h;
            s.look();
            co_return below + 1;
        }
    };
    stack_watch stack;
    CHECK(run_virtual(deep::dive(stack, 50'000)) == 50'000);
    CHECK(stack.grown() < 64 * 1024);
}

TEST_CASE("law 73: a context that is destroyed destroys each frame of its parked tasks "
          "once") {
    trace log;
    heddle::channel<tracked> c(4);
    {
        world w;
        for (int i = 0; i < 3; ++i)
            w.go([](heddle::channel<tracked> in,
                    tracked) -> task<> { (void)co_await in.receive(); },
                 c, tracked(i));
        w.go(
            [](trace& t, tracked) -> task<> {
                t("never runs");
                co_return;
            },
            std::ref(log), tracked(3));
        CHECK(tracked::alive() > 0);
    }
    CHECK(tracked::alive() == 0);
    CHECK(log.take().empty());
}

TEST_CASE("law 73: destructors of frames may close channels, cancel and drop tasks") {
    struct closer {
        explicit closer(heddle::channel<> ch, heddle::done_source& s)
            : c(ch), stop(&s) {}
        closer(closer&& o) noexcept
            : c(std::move(o.c)), stop(std::exchange(o.stop, nullptr)) {}
        ~closer() {
            if (!stop)
                return;
            (void)c.try_close();
            stop->close();
        }
        heddle::channel<> c;
        heddle::done_source* stop;
    };
    trace log;
    heddle::done_source stop;
    {
        world w;
        heddle::channel<> c;
        for (int i = 0; i < 3; ++i)
            w.go(
                [](trace& t, heddle::channel<> in, closer) -> task<> {
                    (void)co_await in.receive();
                    t("resumed");
                },
                std::ref(log), c, closer(c, stop));
        w.go(heddle::with_done(stop.token(), [](trace& t) -> task<> {
            t(co_await ending(heddle::sleep(1h)));
        }(log)));
        w.settle();
    }
    CHECK(log.take().empty());
    CHECK(stop.token().closed());
}

TEST_CASE(
    "law 74: a channel lives while a task waits in it, whichever handles are dropped") {
    int alive = 0;
    {
        world w;
        w.go(
            [](tracked) -> task<> {
                heddle::channel<> only_mine;
                (void)co_await only_mine.receive();
            },
            tracked(1));
        {
            heddle::channel<> dropped;
            w.go(wait_in, dropped);
            w.settle();
        }
        w.settle();
        CHECK(w.live() == 2);
        alive = tracked::alive();
    }
    CHECK(alive > 0);
    CHECK(tracked::alive() == 0);
}

TEST_CASE("law 75: a task that is started on a stopped context runs after restart, or "
          "is destroyed") {
    trace log;
    auto note = [](trace& t, std::string what, tracked) -> task<> {
        t(what);
        co_return;
    };
    {
        world w;
        w.ctx.stop();
        w.go(note, std::ref(log), "first", tracked(1));
        w.ctx.run();
        CHECK(log.take().empty());
        CHECK(w.live() == 1);
        w.ctx.restart();
        w.ctx.run();
        CHECK(log.take() == lines{"first"});
        w.ctx.stop();
        w.go(note, std::ref(log), "second", tracked(2));
        CHECK(tracked::alive() > 0);
    }
    CHECK(log.take().empty());
    CHECK(tracked::alive() == 0);
}

TEST_CASE("law 76: pairs that do 1000 times more work in each turn get no more turns") {
    struct count {
        long light = 0, heavy = 0;
    };
    auto ping = [](heddle::sender<int> out, long& n, int work, count& all) -> task<> {
        volatile int sink = 0;
        while (all.light < 20'000 && all.heavy < 20'000) {
            co_await out.send(1);
            for (int i = 0; i < work; ++i)
                sink = i;
            ++n;
        }
        (void)sink;
        out.close();
    };
    auto pong = [](heddle::receiver<int> in) -> task<> {
        while (co_await in.receive()) {
        }
    };
    world w;
    count n;
    heddle::channel<int> a, b;
    w.go(ping, a, std::ref(n.light), 1, std::ref(n));
    w.go(pong, a);
    w.go(ping, b, std::ref(n.heavy), 1000, std::ref(n));
    w.go(pong, b);
    w.settle();
    CHECK(n.light < 20 * n.heavy);
    CHECK(n.heavy < 20 * n.light);
}

TEST_CASE("law 76: a loop of yields lets other tasks run") {
    world w;
    bool stop = false;
    w.go(
        [](bool& flag) -> task<> {
            while (!flag)
                co_await heddle::yield();
        },
        std::ref(stop));
    w.go([](bool& flag) { flag = true; }, std::ref(stop));
    w.ctx.run();
    CHECK(w.live() == 0);
}

TEST_CASE("law 79: at the end all counts and bytes are as they were at the start") {
    world w;
    heddle::channel<> round(1);
    w.go(
        [](heddle::channel<> next) -> task<> {
            while (co_await next.receive()) {
                heddle::wait_group all;
                heddle::done_source stop(heddle::this_task::done());
                heddle::channel<int> c(3);
                for (int i = 0; i < 500; ++i) {
                    all.go([](heddle::sender<int> out,
                              int n) -> task<> { co_await out.send(n); },
                           c, i);
                    all.go(heddle::with_done(stop.token(),
                                             [](heddle::receiver<int> in) -> task<> {
                                                 std::optional<int> v;
                                                 (void)co_await heddle::select(
                                                     in.receive(v), heddle::after(1h));
                                             }(c)));
                }
                co_await all.wait();
            }
        },
        round);
    auto bytes_after_round = [&] {
        (void)round.try_send();
        w.settle();
        return test::heap_in_use();
    };
    auto warm = bytes_after_round();
    for (int i = 0; i < 10; ++i)
        CHECK(bytes_after_round() <= warm);
    CHECK(w.live() == 1);
    round.close();
    w.settle();
    CHECK(w.live() == 0);
    w.ctx.restart();
    w.ctx.run();  // would take an hour if a timer were left
}

TEST_CASE(
    "law 80: non-blocking operations in a loop of yields succeed in a few tries") {
    for (int capacity : {0, 1}) {
        world w;
        int tries = 0, got = 0;
        heddle::channel<int> c(capacity);
        w.go(
            [](heddle::channel<int> in, int& n, int& to) -> task<> {
                while (in.try_receive(to) == heddle::try_status::would_block) {
                    ++n;
                    co_await heddle::yield();
                }
            },
            c, std::ref(tries), std::ref(got));
        w.go([](heddle::channel<int> out) -> task<> { co_await out.send(7); }, c);
        w.settle();
        CHECK(got == 7);
        CHECK(tries == 1);

        w.go(
            [](heddle::channel<int> out, int& n) -> task<> {
                while (out.try_send(8) == heddle::try_status::would_block) {
                    ++n;
                    co_await heddle::yield();
                }
            },
            c, std::ref(tries));
        w.go([](heddle::channel<int> in,
                int& to) -> task<> { (void)co_await in.receive(to); },
             c, std::ref(got));
        w.settle();
        CHECK(got == 8);
        CHECK(tries <= 2);
    }
}

TEST_SUITE_END();
