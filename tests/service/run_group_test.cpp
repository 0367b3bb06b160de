// SPDX-License-Identifier: BSL-1.0
// The promises of a run_group. One thread is stepped by hand.
#include <heddle/patterns.hpp>

#include "support/notes.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <vector>

namespace {

using namespace std::chrono_literals;
using heddle::run_group;
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

using error = std::exception_ptr;

std::string at(std::string what) {
    return std::to_string(heddle::now().time_since_epoch() / 1ms) + " ms: " + what;
}

/// A service that ends some time after its interrupt, with an exception if one was
/// given.
struct service {
    service(trace& to, std::string called) : t(to), name(std::move(called)) {}

    task<> run(heddle::duration winds_down, const char* fails) {
        t(name + " starts");
        noted scope(t, name + " ends");
        co_await heddle::shield(wind_down(winds_down));
        t(at(name + " returns"));
        if (fails)
            throw std::runtime_error(fails);
    }
    task<> wind_down(heddle::duration d) {
        co_await stop.wait();
        co_await heddle::sleep(d);
    }
    void add_to(run_group& g, heddle::duration winds_down,
                const char* fails = nullptr) {
        g.add([=, this] { return run(winds_down, fails); },
              [this](error why) {
                  t(at("interrupt " + name + ": " + test::why(why)));
                  stop.set();
              });
    }

    trace& t;
    std::string name;
    heddle::event stop;
};

task<> sleep_then_throw(heddle::duration d, const char* what) {
    co_await heddle::sleep(d);
    if (what)
        throw std::runtime_error(what);
}

task<> for_ever(trace& t, std::string name) {
    heddle::event never;
    std::string how = co_await test::ending(never.wait());
    t(name + ": " + how);
}

}  // namespace

TEST_SUITE_BEGIN("run_group");

TEST_CASE("all start; the first to return interrupts all; run returns with the last, "
          "and throws the failure of the first") {
    trace t;
    test::run_virtual([](trace& to) -> task<> {
        service a(to, "a"), b(to, "b");
        run_group g;
        a.add_to(g, 90ms, "dropped");
        b.add_to(g, 40ms);
        g.add([] { return sleep_then_throw(10ms, "disk full"); },
              [&](error why) { to(at("interrupt c: " + test::why(why))); });
        std::string how = co_await test::ending(g.run());
        to(at("run: " + how));
        CHECK(heddle::live_tasks() == 1);
    }(t));
    CHECK(t.take() == lines{"a starts", "b starts", "10 ms: interrupt a: disk full",
                            "10 ms: interrupt b: disk full",
                            "10 ms: interrupt c: disk full", "50 ms: b returns",
                            "b ends", "100 ms: a returns", "a ends",
                            "100 ms: run: disk full"});
}

TEST_CASE("if the first returns without an exception, interrupts get null, and run "
          "throws nothing") {
    trace t;
    test::run_virtual([](trace& to) -> task<> {
        service a(to, "a");
        run_group g;
        a.add_to(g, 0ms, "dropped");
        g.add([] { return sleep_then_throw(10ms, nullptr); });
        to("run: " + co_await test::ending(g.run()));
    }(t));
    CHECK(t.take() == lines{"a starts", "10 ms: interrupt a: none", "10 ms: a returns",
                            "a ends", "run: ok"});
}

TEST_CASE("a service without an interrupt is cancelled, with the same cause") {
    trace t;
    test::run_virtual([](trace& to) -> task<> {
        run_group g;
        g.add([&] { return for_ever(to, "a"); });
        g.add([] { return sleep_then_throw(10ms, "first"); });
        g.add([&] { return for_ever(to, "b"); });
        to("run: " + co_await test::ending(g.run()));
    }(t));
    CHECK(t.take() ==
          lines{"a: cancelled: first", "b: cancelled: first", "run: first"});
}

TEST_CASE("a cancelled run interrupts all services, waits for each of them, and then "
          "throws") {
    world w;
    trace t;
    heddle::event clean;
    run_group g;
    auto cleans_up = [&]() -> task<> {
        auto wait = [](heddle::event& e) -> task<> { co_await e.wait(); };
        co_await heddle::shield(wait(clean));
        t("clean");
    };
    g.add(cleans_up, [&](error why) { t("interrupt: " + test::why(why)); });
    auto h = w.go([&]() -> task<> {
        std::string how = co_await test::ending(g.run());
        t("run: " + how);
    });
    w.settle();
    h.cancel(test::cause("enough"));
    w.settle();
    CHECK(t.take() == lines{"interrupt: cancelled: enough"});
    clean.set();
    w.settle();
    CHECK(t.take() == lines{"clean", "run: cancelled: enough"});
    CHECK(w.live() == 0);
}

TEST_CASE(
    "a run that is cancelled before it began runs no service beyond its first wait") {
    world w;
    trace t;
    run_group g;
    g.add([&] { return for_ever(t, "a"); });
    auto h = w.go([&] { return note_end(t, "run", g.run()); });
    h.cancel();
    w.settle();
    CHECK(t.take() == lines{"a: cancelled: closed", "run: cancelled: closed"});
}

TEST_CASE("a cancellation at or after the first return has no effect") {
    for (bool at_once : {false, true}) {
        world w;
        trace t;
        note_unhandled(w, t);
        heddle::event fail, clean;
        run_group g;
        heddle::join_handle<> h;
        g.add([&]() -> task<> {
            co_await fail.wait();
            if (at_once)
                heddle::go([&] { h.cancel(); });  // before run() gets its turn
            throw std::runtime_error("first");
        });
        g.add(
            [&]() -> task<> {
                auto wait = [](heddle::event& e) -> task<> { co_await e.wait(); };
                co_await heddle::shield(wait(clean));
            },
            [](error) {});
        h = w.go([&] { return note_end(t, "run", g.run()); });
        w.settle();
        fail.set();
        w.settle();
        h.cancel();
        w.settle();
        CHECK(t.take().empty());
        clean.set();
        w.settle();
        CHECK(t.take() == lines{"run: first"});
    }
}

TEST_CASE("an exception of an interrupt stops nothing, and is thrown if the first "
          "service threw none") {
    for (const char* first : {"first", static_cast<const char*>(nullptr)}) {
        trace t;
        test::run_virtual([](trace& to, const char* what) -> task<> {
            service a(to, "a");
            run_group g;
            g.add([what] { return sleep_then_throw(1ms, what); },
                  [](error) { throw std::runtime_error("interrupt"); });
            a.add_to(g, 0ms);
            to("run: " + co_await test::ending(g.run()));
        }(t, first));
        CHECK(t.take() ==
              lines{"a starts",
                    std::string("1 ms: interrupt a: ") + (first ? first : "none"),
                    "1 ms: a returns", "a ends",
                    std::string("run: ") + (first ? first : "interrupt")});
    }
}

TEST_CASE("an execute function that throws instead of making a task counts as the "
          "first return") {
    trace t;
    test::run_virtual([](trace& to) -> task<> {
        service a(to, "a");
        run_group g;
        a.add_to(g, 0ms);
        g.add([]() -> task<> { throw std::runtime_error("not even a task"); });
        to("run: " + co_await test::ending(g.run()));
    }(t));
    CHECK(t.take() == lines{"a starts", "0 ms: interrupt a: not even a task",
                            "0 ms: a returns", "a ends", "run: not even a task"});
}

TEST_CASE("a run without services returns at once; a run_group can be run again") {
    trace t;
    test::run_virtual([](trace& to) -> task<> {
        run_group g;
        to("run: " + co_await test::ending(g.run()));
        g.add([&] { return for_ever(to, "a"); });
        g.add([] { return sleep_then_throw(10ms, "first"); });
        to("run: " + co_await test::ending(g.run()));
        to("run: " + co_await test::ending(g.run()));
    }(t));
    CHECK(t.take() == lines{"run: ok", "a: cancelled: first", "run: first",
                            "a: cancelled: first", "run: first"});
}

TEST_CASE("a context may be destroyed while a run_group runs, in any state") {
    for (std::size_t state = 0; state < 3; ++state) {
        heddle::event first, never;
        trace t;
        auto waits = [](tracked, heddle::event& e) -> task<> { co_await e.wait(); };
        auto g = std::make_unique<run_group>();
        g->add([&] { return waits(tracked(1), first); });
        g->add([&] { return waits(tracked(2), never); }, [](error) {});
        g->add([&] { return waits(tracked(3), never); }, [](error) {});
        {
            world w;
            w.go(g->run());
            if (state == 0)
                leave(w);
            else
                w.settle();
            if (state == 2)
                first.set(), w.settle();
            CHECK(w.live() == (state == 2 ? 3 : 4));
            CHECK(tracked::alive() == std::vector{0, 3, 2}[state]);
        }
        CHECK(tracked::alive() == 0);
    }
}

TEST_SUITE_END();
