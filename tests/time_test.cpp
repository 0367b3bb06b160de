// SPDX-License-Identifier: BSL-1.0
// What timers, tickers and the clock promise: time.hpp. In virtual time, so exact.
#include "support/ending.hpp"
#include "support/world.hpp"

#include <doctest/doctest.h>

#include <asio/strand.hpp>

#include <chrono>
#include <cmath>
#include <limits>
#include <optional>
#include <stdexcept>

TEST_SUITE_BEGIN("time");

using namespace std::chrono_literals;
using heddle::duration;
using heddle::go;
using heddle::task;
using heddle::time_point;
using test::ending;
using test::lines;
using test::run_virtual;
using test::trace;
using test::world;

namespace {

/// Logs what the clock shows, in seconds.
void stamp(trace& log, const std::string& what) {
    auto s = std::chrono::duration_cast<std::chrono::seconds>(
        heddle::now().time_since_epoch());
    log(std::to_string(s.count()) + "s " + what);
}

template <class Rep, class Period>
task<> sleeper(trace& log, std::chrono::duration<Rep, Period> d, std::string who) {
    co_await heddle::sleep(d);
    stamp(log, who);
}

task<> give_after(heddle::sender<int> out, duration d, int v) {
    co_await heddle::sleep(d);
    co_await out.send(v);
}

}  // namespace

TEST_CASE("virtual time starts at zero and stands still while tasks run") {
    run_virtual([]() -> task<> {
        CHECK(heddle::now() == time_point());
        for (int i = 0; i < 1000; ++i)
            co_await heddle::yield();
        CHECK(heddle::now() == time_point());
    }());
}

TEST_CASE("in virtual time now() after sleep(d) is exactly d later") {
    run_virtual([]() -> task<> {
        auto t = heddle::now();
        for (duration d : {duration(1), duration(999), duration(1ms), duration(1s),
                           duration(1h), duration(std::chrono::hours(24 * 365))}) {
            co_await heddle::sleep(d);
            t += d;
            CHECK(heddle::now() == t);
        }
        co_await heddle::sleep_until(t + 5s);
        CHECK(heddle::now() == t + 5s);
    }());
}

TEST_CASE("any chrono duration is accepted, rounded up so that nothing fires early") {
    run_virtual([]() -> task<> {
        using picoseconds = std::chrono::duration<long, std::pico>;
        using thirds = std::chrono::duration<long, std::ratio<1, 3>>;
        auto t = heddle::now();
        co_await heddle::sleep(picoseconds(1));
        CHECK(heddle::now() == t + duration(1));
        t = heddle::now();
        co_await heddle::sleep(thirds(1));
        CHECK(heddle::now() == t + duration(333'333'334));
        t = heddle::now();
        co_await heddle::sleep(std::chrono::duration<double>(0.5));
        CHECK(heddle::now() == t + 500ms);
        t = heddle::now();
        co_await heddle::sleep(std::chrono::duration<float, std::milli>(2.0F));
        CHECK(heddle::now() == t + 2ms);
    }());
}

TEST_CASE("zero, negative and past deadlines are ready at once") {
    run_virtual([]() -> task<> {
        co_await heddle::sleep(1s);
        auto t = heddle::now();
        for (duration d : {duration(0), duration(-1), duration(-1h), duration::min()}) {
            heddle::channel<> never;
            auto i =
                co_await heddle::priority_select(heddle::after(d), heddle::otherwise);
            CHECK(i == 0);
            co_await heddle::sleep(d);
        }
        co_await heddle::sleep_until(t);
        co_await heddle::sleep_until(t - 1s);
        co_await heddle::sleep_until(time_point::min());
        co_await heddle::sleep(std::chrono::duration<double>(-1e300));
        CHECK(heddle::now() == t);
    }());
}

TEST_CASE("duration::max() and what cannot be counted never fire, nor disturb others") {
    run_virtual([]() -> task<> {
        auto infinite = std::numeric_limits<double>::infinity();
        heddle::timer never[] = {
            heddle::after(duration::max()),
            heddle::after(std::chrono::hours::max()),
            heddle::after(std::chrono::duration<double>(1e300)),
            heddle::after(std::chrono::duration<double>(infinite)),
            heddle::after(std::chrono::duration<double>(std::nan(""))),
            heddle::at(time_point::max()),
        };
        auto start = heddle::now();
        for (auto& t : never) {
            auto i = co_await heddle::select(t, heddle::after(1s));
            CHECK(i == 1);
        }
        CHECK(heddle::now() == start + 6s);
        // The last moment that can be counted is one still.
        co_await heddle::sleep_until(time_point::max() - duration(1));
        CHECK(heddle::now() == time_point::max() - duration(1));
        auto i = co_await heddle::select(heddle::after(1h), heddle::otherwise);
        CHECK(i == 1);  // saturates, and does not wrap into the past
    }());
}

TEST_CASE("timers expire by deadline, not by order of making") {
    trace log;
    run_virtual([](trace& t) -> task<> {
        go(sleeper<long, std::ratio<1>>, std::ref(t), 3s, "three");
        go(sleeper<long, std::ratio<1>>, std::ref(t), 1s, "one");
        go(sleeper<long, std::ratio<1>>, std::ref(t), 2s, "two");
        co_await heddle::sleep(4s);
    }(log));
    CHECK(log.take() == lines{"1s one", "2s two", "3s three"});
}

TEST_CASE("equal deadlines expire in order of enlisting") {
    trace log;
    run_virtual([](trace& t) -> task<> {
        for (auto who : {"a", "b", "c", "d"})
            go(sleeper<long, std::ratio<1>>, std::ref(t), 1s, who);
        co_await heddle::sleep(1s);  // enlisted first: this task runs before the four
        stamp(t, "main");
        co_await heddle::sleep(1s);
    }(log));
    CHECK(log.take() == lines{"1s main", "1s a", "1s b", "1s c", "1s d"});
}

TEST_CASE(
    "the deadline of after() is fixed when it is called: it bounds a whole loop") {
    run_virtual([]() -> task<> {
        heddle::channel<int> in;
        auto feeder = go(
            [](heddle::sender<int> out) -> task<> {
                for (int i = 0;; ++i) {
                    co_await heddle::sleep(3s);
                    co_await out.send(i);
                }
            },
            in);
        auto start = heddle::now();
        std::optional<int> v;
        int got = 0;
        auto too_late = heddle::after(10s);
        while (co_await heddle::select(in.receive(v), too_late) == 0)
            ++got;
        CHECK(got == 3);
        CHECK(heddle::now() == start + 10s);
        feeder.cancel();
    }());
}

TEST_CASE("a named timer is ready once; afterwards it is a nil arm") {
    run_virtual([]() -> task<> {
        auto once = heddle::after(1s);
        auto first = co_await heddle::select(once, heddle::after(5s));
        CHECK(first == 0);
        auto second = co_await heddle::select(once, heddle::after(5s));
        CHECK(second == 1);
        CHECK(heddle::now() == time_point(6s));

        auto ready = heddle::at(heddle::now());
        auto third = co_await heddle::select(ready, heddle::otherwise);
        CHECK(third == 0);
        auto fourth = co_await heddle::select(ready, heddle::otherwise);
        CHECK(fourth == 1);

        auto awaited = heddle::after(1s);
        co_await awaited;
        auto fifth = co_await heddle::select(awaited, heddle::otherwise);
        CHECK(fifth == 1);
    }());
}

TEST_CASE("a timer that loses is as it was: it happens later, at its own deadline") {
    run_virtual([]() -> task<> {
        heddle::channel<int> in;
        go(give_after, in, 1s, 7);
        std::optional<int> v;
        auto limit = heddle::after(4s);
        auto i = co_await heddle::select(in.receive(v), limit);
        CHECK(i == 0);
        auto j = co_await heddle::select(in.receive(v), limit);
        CHECK(j == 1);
        CHECK(heddle::now() == time_point(4s));
    }());
}

TEST_CASE("a cancelled wait leaves a named timer as it was") {
    trace log;
    run_virtual([](trace& t) -> task<> {
        auto limit = heddle::after(4s);
        auto wait = [](trace& u, heddle::timer& on) -> task<> {
            u(co_await ending(on));
        };
        auto h = go(wait, std::ref(t), std::ref(limit));
        co_await heddle::sleep(1s);
        h.cancel();
        co_await limit;
        stamp(t, "happened");
    }(log));
    CHECK(log.take() == lines{"cancelled: closed", "4s happened"});
}

TEST_CASE("timers that lost keep neither time nor a context going") {
    world w;
    heddle::channel<int> full(1);
    REQUIRE(full.try_send(1) == heddle::try_status::done);
    bool done = false;
    w.go(
        [](heddle::channel<int> c, bool& flag) -> task<> {
            std::optional<int> v;
            for (int i = 0; i < 100; ++i) {
                auto k = co_await heddle::select(c.receive(v), heddle::after(1h));
                CHECK(k == 0);
                go(give_after, c, 0s, i);
            }
            flag = true;
        },
        full, std::ref(done));
    w.ctx.run();  // an hour, if one of them were left
    CHECK(done);
}

TEST_CASE("a ticker ticks on a grid that is fixed when it is made") {
    trace log;
    run_virtual([](trace& t) -> task<> {
        co_await heddle::sleep(5s);
        heddle::ticker every(10s);
        for (int i = 0; i < 3; ++i) {
            co_await every.next();
            stamp(t, "tick");
            co_await heddle::sleep(3s);  // work does not shift the grid
        }
    }(log));
    CHECK(log.take() == lines{"15s tick", "25s tick", "35s tick"});
}

TEST_CASE("a tick nobody waited for is skipped, not queued") {
    trace log;
    run_virtual([](trace& t) -> task<> {
        heddle::ticker every(10s);
        co_await every.next();
        stamp(t, "tick");
        co_await heddle::sleep(35s);  // until 45 s: three ticks pass
        co_await every.next();
        stamp(t, "tick");
        co_await every.next();
        stamp(t, "tick");
    }(log));
    CHECK(log.take() == lines{"10s tick", "50s tick", "60s tick"});
}

TEST_CASE("on a point of the grid the next tick is the one after it") {
    run_virtual([]() -> task<> {
        heddle::ticker every(10s);
        co_await heddle::sleep(20s);
        co_await every.next();
        CHECK(heddle::now() == time_point(30s));
    }());
}

TEST_CASE("a tick named before a busy loop is late rather than skipped") {
    run_virtual([]() -> task<> {
        heddle::ticker every(10s);
        auto tick = every.next();
        co_await heddle::sleep(25s);
        auto i = co_await heddle::select(tick, heddle::otherwise);
        CHECK(i == 0);
    }());
}

TEST_CASE(
    "a period of zero or less is an invalid_argument; an endless one never ticks") {
    CHECK_THROWS_AS(heddle::ticker{0s}, std::invalid_argument);
    CHECK_THROWS_AS(heddle::ticker{-1ns}, std::invalid_argument);
    CHECK_THROWS_AS(heddle::ticker{duration::min()}, std::invalid_argument);
    run_virtual([]() -> task<> {
        co_await heddle::sleep(1s);
        heddle::ticker never(duration::max());
        auto i = co_await heddle::select(never.next(),
                                         heddle::after(std::chrono::hours(2'000'000)));
        CHECK(i == 1);
    }());
}

TEST_CASE("virtual time never goes back") {
    run_virtual([]() -> task<> {
        auto& ctx = static_cast<asio::io_context&>(
            asio::query(heddle::this_task::executor(), asio::execution::context));
        heddle::channel<int> from_there;
        auto passed = heddle::now() + 5s;
        // Another host of the context lets time pass; this one does not look.
        go(asio::make_strand(ctx), give_after, from_there, 10s, 1);
        (void)co_await from_there.receive();
        co_await heddle::sleep_until(passed);
        CHECK(heddle::now() == time_point(10s));
    }());
}

TEST_CASE(
    "outside a task, and on hosts without virtual time, now() is the steady clock") {
    auto before = std::chrono::steady_clock::now();
    time_point outside = heddle::now(), inside{};
    world w;
    w.go([](time_point& t) { t = heddle::now(); }, std::ref(inside));
    w.settle();
    CHECK(before <= outside);
    CHECK(outside <= inside);
    CHECK(inside <= std::chrono::steady_clock::now());
}

TEST_CASE("on the steady clock what has just passed is ready at once") {
    test::world w;
    std::size_t arm = 9;
    w.go(
        [](std::size_t& happened) -> task<> {
            time_point t = std::chrono::steady_clock::now();
            while (std::chrono::steady_clock::now() <= t) {
            }
            happened = co_await heddle::select(heddle::at(t), heddle::otherwise);
        },
        std::ref(arm));
    w.settle();
    CHECK(arm == 0);
}

TEST_CASE("on the steady clock a timer keeps its context running, and is never early") {
    world w;
    trace log;
    auto sleep = [](trace& t, duration d, std::string who) -> task<> {
        auto start = std::chrono::steady_clock::now();
        co_await heddle::sleep(d);
        CHECK(std::chrono::steady_clock::now() - start >= d);
        t(who);
    };
    w.go(sleep, std::ref(log), 9ms, "nine");
    w.go(sleep, std::ref(log), 3ms, "three");
    w.go(sleep, std::ref(log), 6ms, "six");
    w.ctx.run();
    CHECK(log.take() == lines{"three", "six", "nine"});
    CHECK(w.live() == 0);
}

TEST_SUITE_END();
