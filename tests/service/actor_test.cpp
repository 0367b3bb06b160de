// SPDX-License-Identifier: BSL-1.0
// The promises of an actor. One thread is stepped by hand.
#include <heddle/patterns.hpp>

#include "support/notes.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <stdexcept>
#include <vector>

namespace {

using heddle::actor;
using heddle::task;
using std::ref;
using test::leave;
using test::lines;
using test::note_end;
using test::note_unhandled;
using test::noted;
using test::trace;
using test::tracked;
using test::world;

int increment(int& n) { return ++n; }

struct account {
    explicit account(int n) : balance(n) {}
    int withdraw(int n) { return balance -= n; }
    void deposit(int n) { balance += n; }
    task<int> audit(heddle::event& go_on) {
        int before = balance;
        co_await go_on.wait();
        co_return balance - before;
    }
    int& open() { return balance; }
    int balance;
};

task<> keep(std::unique_ptr<actor<int>>& a) {
    a = std::make_unique<actor<int>>(0);
    co_return;
}

/// An actor on the host of `w`, with `stop` as the token in force.
std::unique_ptr<actor<int>> actor_in(world& w, heddle::done_token stop = {}) {
    std::unique_ptr<actor<int>> made;
    w.go(heddle::with_done(stop, keep(made)));
    w.settle();
    return made;
}

/// Logs the steps of a function that waits in the middle.
task<int> slow(int& n, trace& t, std::string name, heddle::event& go_on) {
    t(name + " begins");
    noted scope(t, name + " ends");
    co_await go_on.wait();
    co_return ++n;
}

task<> call_slow(actor<int>& a, trace& t, std::string name, heddle::event& go_on) {
    std::string how = "?";
    try {
        how = std::to_string(co_await a.call(slow, ref(t), name, ref(go_on)));
    } catch (...) {
        how = test::why(std::current_exception());
    }
    t(name + ": " + how);
}

task<> cast_slow(actor<int>& a, trace& t, std::string name, heddle::event& go_on) {
    std::string how = co_await test::ending(a.cast(slow, ref(t), name, ref(go_on)));
    t(name + ": " + how);
}

const std::string refused = "heddle: send on a closed channel: `an actor`";

}  // namespace

TEST_SUITE_BEGIN("actor");

TEST_CASE("1000 calls at the same time each return a different number") {
    for (std::uint64_t seed = 0; seed < 3; ++seed) {
        long sum = test::run_virtual(
            []() -> task<long> {
                actor<int> a;
                long replies = 0;
                heddle::wait_group callers;
                for (int i = 0; i < 1000; ++i)
                    callers.go(
                        [&]() -> task<> { replies += co_await a.call(increment); });
                co_await callers.wait();
                CHECK(co_await a.call([](int& n) { return n; }) == 1000);
                co_await a.stop();
                CHECK(heddle::live_tasks() == 1);
                co_return replies;
            }(),
            seed);
        CHECK(sum == 500500);
    }
}

TEST_CASE("an actor calls members, lambdas and coroutines, and returns their results "
          "or copies") {
    test::run_virtual([]() -> task<> {
        heddle::event ready(true);
        actor<account> a(100);
        CHECK(co_await a.call(&account::withdraw, 30) == 70);
        co_await a.call(&account::deposit, 5);
        CHECK(co_await a.call(&account::balance) == 75);
        CHECK(co_await a.call(&account::audit, ref(ready)) == 0);
        int own = co_await a.call(&account::open);
        CHECK(own++ == 75);
        static_assert(std::is_same_v<decltype(a.call(&account::open)), task<int>>);
        CHECK(co_await a.call(&account::balance) == 75);
        auto text = [by = std::string("a string that is allocated, too")](
                        account& c, std::unique_ptr<int> n) -> task<std::string> {
            co_await heddle::yield();
            co_return by + std::to_string(c.balance + *n);
        };
        CHECK(co_await a.call(text, std::make_unique<int>(1)) ==
              "a string that is allocated, too76");
        co_await a.cast(&account::deposit, 5);
        CHECK(co_await a.call(&account::balance) == 80);
        co_await a.stop();
    }());
}

TEST_CASE(
    "an actor runs one function at a time, to its end, in the order of the calls") {
    world w;
    trace t;
    heddle::event go_on;
    auto a = actor_in(w);
    for (auto name : {"a", "b", "c"})
        w.go(call_slow, ref(*a), ref(t), name, ref(go_on));
    w.settle();
    CHECK(t.take() == lines{"a begins"});
    go_on.set();
    w.settle();
    auto steps = t.take();
    CHECK(steps.size() == 8);
    lines in_actor, answers;
    for (auto& s : steps)
        (s.find(':') == std::string::npos ? in_actor : answers).push_back(s);
    CHECK(in_actor == lines{"a ends", "b begins", "b ends", "c begins", "c ends"});
    CHECK(answers == lines{"a: 1", "b: 2", "c: 3"});
}

TEST_CASE("functions run on the actor's host, and callers resume on their own") {
    world home, away;
    trace t;
    heddle::event ready(true);
    auto a = actor_in(home);
    away.go(call_slow, ref(*a), ref(t), "x", ref(ready));
    away.settle();
    CHECK(t.take().empty());
    home.settle();
    CHECK(t.take() == lines{"x begins", "x ends"});
    away.settle();
    CHECK(t.take() == lines{"x: 1"});
}

TEST_CASE("an exception of a function is thrown to its caller, and the actor goes on") {
    test::run_virtual([]() -> task<> {
        actor<int> a(0);
        auto plain = [](int&) -> int { throw std::runtime_error("plain"); };
        auto waits = [](int&) -> task<> {
            co_await heddle::yield();
            throw std::runtime_error("waits");
        };
        CHECK(co_await test::ending(a.call(plain)) == "plain");
        CHECK(co_await test::ending(a.call(waits)) == "waits");
        CHECK(co_await a.call(increment) == 1);
        co_await a.stop();
    }());
}

TEST_CASE("a cast waits until its function begins; an exception of the function is a "
          "detached task's") {
    world w;
    trace t;
    note_unhandled(w, t);
    heddle::event go_on;
    auto a = actor_in(w);
    w.go(cast_slow, ref(*a), ref(t), "a", ref(go_on));
    w.go(cast_slow, ref(*a), ref(t), "b", ref(go_on));
    w.settle();
    CHECK(t.take() == lines{"a: ok", "a begins"});
    go_on.set();
    w.settle();
    CHECK(t.take() == lines{"a ends", "b: ok", "b begins", "b ends"});
    w.go(a->cast([](int&) { throw std::runtime_error("cast"); }));
    w.settle();
    CHECK(t.take() == lines{"unhandled: cast"});
    w.go(call_slow, ref(*a), ref(t), "c", ref(go_on));
    w.settle();
    CHECK(t.take() == lines{"c begins", "c ends", "c: 3"});
}

TEST_CASE("stop refuses functions that have not begun, finishes the others, and then "
          "returns") {
    world w;
    trace t;
    heddle::event go_on;
    auto a = actor_in(w);
    for (auto name : {"a", "b"})
        w.go(call_slow, ref(*a), ref(t), name, ref(go_on));
    w.go(cast_slow, ref(*a), ref(t), "c", ref(go_on));
    w.settle();
    CHECK(t.take() == lines{"a begins"});
    w.go(note_end, ref(t), "stop", a->stop());
    w.go(note_end, ref(t), "stop again", a->stop());
    w.settle();
    CHECK(t.take() == lines{"b: " + refused, "c: " + refused});
    w.go(call_slow, ref(*a), ref(t), "d", ref(go_on));
    w.go(cast_slow, ref(*a), ref(t), "e", ref(go_on));
    w.settle();
    CHECK(t.take() == lines{"d: " + refused, "e: " + refused});
    go_on.set();
    w.settle();
    CHECK(t.take() == lines{"a ends", "a: 1", "stop: ok", "stop again: ok"});
    CHECK(w.live() == 0);
    w.go(note_end, ref(t), "stop", a->stop());
    w.go(call_slow, ref(*a), ref(t), "f", ref(go_on));
    w.settle();
    CHECK(t.take() == lines{"stop: ok", "f: " + refused});
}

TEST_CASE("a stop that is cancelled has stopped the actor all the same") {
    world w;
    trace t;
    heddle::event go_on;
    auto a = actor_in(w);
    w.go(call_slow, ref(*a), ref(t), "a", ref(go_on));
    w.settle();
    auto h = w.go(note_end, ref(t), "stop", a->stop());
    w.settle();
    h.cancel();
    w.settle();
    CHECK(t.take() == lines{"a begins", "stop: cancelled: closed"});
    go_on.set();
    w.settle();
    CHECK(t.take() == lines{"a ends", "a: 1"});
    CHECK(w.live() == 0);
}

TEST_CASE("the destructor refuses functions that have not begun; one that has goes on, "
          "with the state") {
    world w;
    trace t;
    heddle::event go_on;
    std::unique_ptr<actor<noted>> a;
    w.go([&] { a = std::make_unique<actor<noted>>(t, "state"); });
    auto f = [](noted&, trace& to, heddle::event& e) -> task<int> {
        co_await e.wait();
        to("f");
        co_return 5;
    };
    auto caller = [&](std::string name) -> task<> {
        std::string how = co_await test::ending(a->call(f, ref(t), ref(go_on)));
        t(name + ": " + how);
    };
    w.go(caller, "a");
    w.go(caller, "b");
    w.settle();
    a.reset();
    w.settle();
    CHECK(t.take() == lines{"b: " + refused});
    go_on.set();
    w.settle();
    CHECK(t.take() == lines{"f", "state", "a: ok"});
    CHECK(w.live() == 0);
}

TEST_CASE("a call that is not awaited does nothing") {
    world w;
    auto a = actor_in(w);
    {
        auto dropped = a->call(increment);
        auto too = a->cast(increment);
    }
    w.settle();
    int n = 0;
    w.go([](actor<int>& of, int& to) -> task<> {
        to = co_await of.call(increment);
    }(*a, n));
    w.settle();
    CHECK(n == 1);
}

TEST_CASE("a caller that is cancelled before its function began has done nothing; "
          "later the function goes on") {
    world w;
    trace t;
    heddle::event go_on;
    auto a = actor_in(w);
    auto in_work = w.go(call_slow, ref(*a), ref(t), "a", ref(go_on));
    auto queued = w.go(call_slow, ref(*a), ref(t), "b", ref(go_on));
    w.settle();
    in_work.cancel();
    queued.cancel();
    w.settle();
    CHECK(t.take() ==
          lines{"a begins", "a: cancelled: closed", "b: cancelled: closed"});
    w.go(call_slow, ref(*a), ref(t), "c", ref(go_on));
    w.settle();
    CHECK(t.take().empty());
    go_on.set();
    w.settle();
    CHECK(t.take() == lines{"a ends", "c begins", "c ends", "c: 2"});
}

TEST_CASE(
    "an exception of a function whose caller was cancelled is a detached task's") {
    for (bool answered : {false, true}) {  // cancelled before the answer, or with it
        world w;
        trace t;
        note_unhandled(w, t);
        heddle::event go_on;
        auto a = actor_in(w);
        auto f = [](int&, heddle::event& e) -> task<> {
            co_await e.wait();
            throw std::runtime_error("lost");
        };
        world away;
        auto h = away.go(note_end, ref(t), "call", a->call(f, ref(go_on)));
        away.settle();
        w.settle();
        if (answered) {
            go_on.set();
            w.settle();
            h.cancel();
        } else {
            h.cancel();
            away.settle();
            go_on.set();
        }
        away.settle();
        w.settle();
        CHECK(t.take() == lines{"call: cancelled: closed", "unhandled: lost"});
    }
}

TEST_CASE("when the actor's token closes, the running function is cancelled, and the "
          "others are refused") {
    world w, away;
    trace t;
    heddle::done_source stop;
    heddle::event never;
    auto a = actor_in(w, stop.token());
    away.go(call_slow, ref(*a), ref(t), "a", ref(never));
    away.go(call_slow, ref(*a), ref(t), "b", ref(never));
    for (int i = 0; i < 2; ++i)
        away.settle(), w.settle();
    stop.close();
    w.settle();
    away.settle();
    CHECK(t.take() ==
          lines{"a begins", "a ends", "a: cancelled: closed", "b: " + refused});
    away.go(call_slow, ref(*a), ref(t), "c", ref(never));
    away.go(note_end, ref(t), "stop", a->stop());
    away.settle();
    CHECK(t.take() == lines{"c: " + refused, "stop: ok"});
    CHECK(w.live() == 0);
}

TEST_CASE("when the actor's token closes, an actor that waits for calls ends") {
    world w;
    trace t;
    heddle::done_source stop;
    heddle::event ready(true);
    auto a = actor_in(w, stop.token());
    CHECK(w.live() == 1);
    stop.close();
    w.settle();
    CHECK(w.live() == 0);
    world away;
    away.go(call_slow, ref(*a), ref(t), "a", ref(ready));
    away.settle();
    CHECK(t.take() == lines{"a: " + refused});
}

TEST_CASE("stop waits for a function that cleans up after the actor's token closed") {
    world w, away;
    trace t;
    heddle::done_source stop;
    heddle::event clean;
    auto a = actor_in(w, stop.token());
    auto f = [](int&, heddle::event& e) -> task<> {
        auto wait = [](heddle::event& of) -> task<> { co_await of.wait(); };
        co_await heddle::shield(wait(e));
    };
    away.go(note_end, ref(t), "call", a->call(f, ref(clean)));
    away.settle();
    w.settle();
    stop.close();
    away.go(note_end, ref(t), "stop", a->stop());
    w.settle();
    away.settle();
    CHECK(t.take().empty());
    clean.set();
    w.settle();
    away.settle();
    CHECK(t.take() == lines{"call: ok", "stop: ok"});
}

TEST_CASE("when the actor's context ends, callers elsewhere get an exception, and the "
          "state is destroyed") {
    trace t;
    heddle::event never;
    world away;
    {
        std::unique_ptr<actor<noted>> a;
        world w;
        w.go([&] { a = std::make_unique<actor<noted>>(t, "state"); });
        w.settle();
        auto f = [](noted&, heddle::event& e) -> task<> { co_await e.wait(); };
        auto caller = [](actor<noted>& of, auto what, trace& to,
                         heddle::event& e) -> task<> {
            to(co_await test::ending(of.call(what, ref(e))));
        };
        away.go(caller, ref(*a), f, ref(t), ref(never));
        away.go(caller, ref(*a), f, ref(t), ref(never));
        away.settle();
        w.settle();
        CHECK(t.take().empty());
    }
    away.settle();
    auto steps = t.take();
    std::sort(steps.begin(), steps.end());
    CHECK(steps == lines{"abandoned", refused, "state"});
    CHECK(away.live() == 0);
}

TEST_CASE("when the context of its callers ends, the actor goes on") {
    world w;
    trace t;
    heddle::event go_on;
    auto a = actor_in(w);
    {
        world away;
        away.go(call_slow, ref(*a), ref(t), "a", ref(go_on));
        away.go(call_slow, ref(*a), ref(t), "b", ref(go_on));
        away.settle();
        w.settle();
    }
    go_on.set();
    w.go(call_slow, ref(*a), ref(t), "c", ref(go_on));
    w.settle();
    CHECK(t.take() == lines{"a begins", "a ends", "c begins", "c ends", "c: 2"});
}

TEST_CASE("a context may end with actor, callers and stops in any state") {
    for (std::size_t state = 0; state < 5; ++state) {
        heddle::event never;
        trace t;
        std::unique_ptr<actor<tracked>> a;
        {
            world w;
            auto f = [](tracked&, heddle::event& e) -> task<> { co_await e.wait(); };
            w.go([&] { a = std::make_unique<actor<tracked>>(1); });
            if (state == 0)
                leave(w);
            else
                w.settle();
            for (std::size_t i = 1; i < state && i < 4; ++i)
                w.go(note_end, ref(t), "call", a->call(f, ref(never)));
            if (state > 0)
                w.settle();
            if (state == 4)
                w.go(note_end, ref(t), "stop", a->stop());
            if (state > 0)
                w.settle();
            // The loop; a running call, its function, a queued call; the stop.
            CHECK(w.live() == std::vector<std::size_t>{1, 1, 3, 4, 4}[state]);
            if (state % 2)
                a.reset();
        }
        a.reset();
        CHECK(tracked::alive() == 0);
    }
}

TEST_CASE(
    "a function that awaits a call to its own actor, or its stop, waits for ever") {
    for (bool stop : {false, true}) {
        auto hang = [](bool stops) -> task<> {
            actor<int> a(0);
            auto f = [&a, stops](int&) -> task<> {
                if (stops)
                    co_await a.stop();
                else
                    (void)co_await a.call(increment);
            };
            co_await a.call(f);
        };
        CHECK_THROWS_AS(test::run_virtual(hang(stop)), heddle::deadlock);
    }
}

TEST_CASE("an actor made outside a task throws, and so does one whose state throws") {
    CHECK_THROWS_AS(actor<int>(1), heddle::not_in_task);
    world w;
    std::string how;
    struct failing {
        failing() { throw std::runtime_error("state"); }
    };
    w.go([&] { how = test::ending_of_call([] { actor<failing> a; }); });
    w.settle();
    CHECK(how == "state");
    CHECK(w.live() == 0);
}

TEST_SUITE_END();
