// SPDX-License-Identifier: BSL-1.0
// The promises of with_timeout and timeout: whose limit it was, and what the caller gets.
#include "support/ending.hpp"
#include "support/notes.hpp"
#include "support/tasks.hpp"
#include "support/world.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

TEST_SUITE_BEGIN("timeout");

using namespace std::chrono_literals;
using heddle::done_source;
using heddle::go;
using heddle::task;
using test::cause;
using test::ending;
using test::ending_of_call;
using test::lines;
using test::run_virtual;
using test::trace;
using test::world;

namespace {

/// Returns the limit of the timed_out that leaves `work`, or how it ends otherwise.
template <class Task>
task<std::string> limit_of(Task work) {
    try {
        co_await std::move(work);
    } catch (const heddle::timed_out& e) {
        co_return std::to_string(e.limit() / 1ms) + "ms";
    } catch (...) {
        co_return test::why(std::current_exception());
    }
    co_return "ok";
}

task<> sleeps(heddle::duration d) { co_await heddle::sleep(d); }

task<int> number_after(heddle::duration d) {
    co_await heddle::sleep(d);
    co_return 7;
}

/// Waits for ever, and notes how that ends.
task<> wait(trace& t, std::string who) {
    auto how = co_await ending(heddle::sleep(1h));
    t(who + ": " + how);
    co_await heddle::yield();
}

/// Waits inside a scope of its own, and notes how the wait ends.
template <class Make>
task<> noted_inside(trace& t, Make inner) {
    try {
        co_await inner();
    } catch (...) {
        t("inside: " + test::why(std::current_exception()));
        throw;
    }
}

}  // namespace

TEST_CASE("with_timeout throws timed_out for its own limit and for no other") {
    run_virtual([]() -> task<> {
        trace log;
        auto inner = [](heddle::duration d) {
            return heddle::with_timeout(d, sleeps(1h));
        };
        auto both = [&](heddle::duration in, heddle::duration out) {
            return heddle::with_timeout(out,
                                        noted_inside(log, [=] { return inner(in); }));
        };
        std::string how = co_await limit_of(both(2s, 1s));
        CHECK(how == "1000ms");
        CHECK(log.take() == lines{"inside: cancelled: deadline"});
        how = co_await limit_of(both(1s, 2s));
        CHECK(how == "1000ms");
        CHECK(log.take() == lines{"inside: timed out"});
        how = co_await limit_of(both(1s, 1s));  // the outer one wins
        CHECK(how == "1000ms");
        CHECK(log.take() == lines{"inside: cancelled: deadline"});
    }());
}

TEST_CASE(
    "if a token outside has closed as well, with_timeout throws cancelled with its "
    "cause") {
    run_virtual([]() -> task<> {
        done_source stop;
        auto late = [](done_source& s) -> task<> {
            bool limited = false;
            try {
                co_await heddle::sleep(1h);
            } catch (const heddle::cancelled&) {
                limited = true;
                s.close(cause("outer"));
            }
            CHECK(limited);
            co_await heddle::yield();
        };
        auto work =
            heddle::with_done(stop.token(), heddle::with_timeout(1s, late(stop)));
        std::string how = co_await ending(std::move(work));
        CHECK(how == "cancelled: outer");
    }());
}

TEST_CASE("what a call gives or throws by itself passes a limit, however late it is") {
    run_virtual([]() -> task<> {
        auto busy = []() -> task<int> {
            co_await heddle::shield(sleeps(2s));
            co_return 7;
        };
        int n = co_await heddle::with_timeout(1s, busy());
        CHECK(n == 7);
        auto got = co_await heddle::timeout(1s, busy());
        CHECK(got == 7);
        auto fails = []() -> task<> {
            co_await heddle::shield(sleeps(2s));
            throw std::runtime_error("mine");
        };
        std::string how = co_await ending(heddle::with_timeout(1s, fails()));
        CHECK(how == "mine");
        // Another token's cancellation is not the limit's.
        auto other = []() -> task<> {
            co_await heddle::shield(sleeps(2s));
            throw heddle::cancelled(cause("other"));
        };
        how = co_await ending(heddle::with_timeout(1s, other()));
        CHECK(how == "cancelled: other");
        how = co_await ending(heddle::timeout(1s, other()));
        CHECK(how == "cancelled: other");
    }());
}

TEST_CASE("timeout gives what a call returns in time, and otherwise nothing") {
    run_virtual([]() -> task<> {
        int place = 3;
        auto in_place = [](int& x, heddle::duration d) -> task<int&> {
            co_await heddle::sleep(d);
            co_return x;
        };
        auto start = heddle::now();
        auto number = co_await heddle::timeout(2s, number_after(1s));
        CHECK(number == 7);
        bool in_time = co_await heddle::timeout(2s, sleeps(1s));
        CHECK(in_time);
        int* at = co_await heddle::timeout(2s, in_place(place, 1s));
        CHECK(at == &place);
        auto owned = co_await heddle::timeout(1s, []() -> task<std::unique_ptr<int>> {
            co_return std::make_unique<int>(5);
        }());
        CHECK(**owned == 5);
        CHECK(heddle::now() == start + 3s);
        number = co_await heddle::timeout(1s, number_after(2s));
        CHECK(!number);
        in_time = co_await heddle::timeout(1s, sleeps(2s));
        CHECK(!in_time);
        at = co_await heddle::timeout(1s, in_place(place, 2s));
        CHECK(at == nullptr);
        CHECK(heddle::now() == start + 6s);
    }());
}

TEST_CASE("when timeout returns, the call that it cancelled has ended") {
    run_virtual([]() -> task<> {
        trace log;
        auto slow_to_end = [](trace& t) -> task<> {
            test::noted end(t, "destroyed");
            bool late = false;
            try {
                co_await heddle::sleep(1h);
            } catch (const heddle::cancelled&) {
                late = true;
            }
            CHECK(late);
            co_await heddle::shield(sleeps(5s));
            co_await heddle::yield();
        };
        auto start = heddle::now();
        bool in_time = co_await heddle::timeout(1s, slow_to_end(log));
        CHECK(!in_time);
        CHECK(log.take() == lines{"destroyed"});
        CHECK(heddle::now() == start + 6s);
    }());
}

TEST_CASE("timeout knows its own limit: an outer one passes as cancelled") {
    trace log;
    run_virtual([](trace& t) -> task<> {
        auto inner = [] { return heddle::timeout(2s, sleeps(1h)); };
        bool in_time = co_await heddle::timeout(1s, noted_inside(t, inner));
        CHECK(!in_time);
        auto h = go(heddle::timeout(1h, wait(t, "task")));
        co_await heddle::yield();
        h.cancel(cause("above"));
        t(co_await ending(h));
        h = go(heddle::timeout(1s, sleeps(1h)));
        in_time = co_await h;
        CHECK(!in_time);
    }(log));
    CHECK(log.take() == lines{"inside: cancelled: deadline", "task: cancelled: above",
                              "cancelled: above"});
}

TEST_CASE(
    "timed_out is a std::exception that tells the task, the limit and what to do") {
    auto text_of = [](heddle::duration d) {
        std::string text;
        run_virtual([](heddle::duration limit, std::string& to) -> task<> {
            heddle::this_task::name("fetch");
            try {
                co_await heddle::with_timeout(limit, sleeps(1h));
            } catch (const std::exception& e) {
                to = e.what();
            }
        }(d, text));
        auto id = text.find("task ") + 5;
        return text.erase(id, text.find("(") - id);
    };
    CHECK(text_of(500ms) ==
          "heddle: with_timeout: a call of task (fetch) took longer than 500ms and was "
          "cancelled; catch heddle::timed_out, or use heddle::timeout");
    for (auto [limit, written] : {std::pair<heddle::duration, const char*>{2s, " 2s "},
                                  {1500us, " 1500us "},
                                  {heddle::duration(7), " 7ns "},
                                  {heddle::duration(0), " 0s "},
                                  {-1ms, " -1ms "}}) {
        auto text = text_of(limit);
        CAPTURE(text);
        CHECK(test::contains(text, written));
    }
    CHECK(std::is_nothrow_copy_constructible_v<heddle::timed_out>);
    std::string name(1000, 'x');
    CHECK(std::string(heddle::timed_out(1s, name.c_str()).what()).size() < 280);
}

TEST_CASE("timed_out that leaves a detached task is reported as any other exception") {
    world w;
    w.go(heddle::with_timeout(-1s, []() -> task<> { co_await heddle::yield(); }()));
    CHECK(ending_of_call([&] { w.settle(); }) == "timed out");
    w.go(heddle::timeout(-1s, []() -> task<> { co_await heddle::yield(); }()));
    CHECK(ending_of_call([&] { w.settle(); }) == "ok");
    CHECK(w.live() == 0);
}

TEST_SUITE_END();
