// SPDX-License-Identifier: BSL-1.0
// The laws of timers, exact in virtual time; on the steady clock where a law is about
// it.
#include "support/ending.hpp"
#include "support/heap.hpp"
#include "support/world.hpp"

#include <doctest/doctest.h>

#include <asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <random>
#include <set>
#include <tuple>
#include <vector>

TEST_SUITE_BEGIN("laws.timer");

using namespace std::chrono_literals;
using heddle::done_source;
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

task<> sleep_and_check(duration d, bool is_virtual) {
    auto start = heddle::now();
    auto real = std::chrono::steady_clock::now();
    co_await heddle::sleep(d);
    CHECK(heddle::now() - start >= d);
    if (is_virtual)
        CHECK(heddle::now() - start == d);
    else
        CHECK(std::chrono::steady_clock::now() - real >= d);
}

task<> sleeps(bool is_virtual) {
    for (auto d :
         {duration(1), duration(1us), duration(100us), duration(1ms), duration(3ms)})
        co_await sleep_and_check(d, is_virtual);
}

task<> send_after(heddle::sender<int> out, duration d) {
    co_await heddle::sleep(d);
    (void)co_await ending(out.send(1));
}

using event = void (*)(heddle::channel<int>, done_source&);

task<> call_after(duration d, event f, heddle::channel<int> c, done_source& s) {
    co_await heddle::sleep(d);
    f(c, s);
}

/// Returns how a wait ends that a value, a close, a cancel and a timeout of one second
/// may end.
task<> log_end(trace& log, heddle::receiver<int> in) {
    std::optional<int> v;
    try {
        auto i = co_await heddle::select(in.receive(v), heddle::after(1s));
        log(i == 1 ? "timeout" : v ? "value" : "closed");
    } catch (const heddle::cancelled&) {
        log("cancelled");
    }
}

/// Returns digit i of `when` to base three: event i is absent, early, or on time.
task<> meet(trace& log, const event* events, unsigned when) {
    heddle::channel<int> c;
    done_source stop;
    heddle::wait_group all;
    all.go(heddle::with_done(stop.token(), log_end(log, c)));
    for (int i = 0; i < 3; ++i, when /= 3)
        if (when % 3 != 0)
            all.go(call_after, when % 3 == 1 ? 1s - 1ns : 1s, events[i], c,
                   std::ref(stop));
    co_await all.wait();
}

}  // namespace

TEST_CASE("law 60: a timer is never early, on the steady clock and in virtual time") {
    heddle::run(sleeps(false));
    run_virtual(sleeps(true));
}

TEST_CASE("law 61: zero and negative durations fire promptly, a million times over") {
    run_virtual([]() -> task<> {
        for (int i = 0; i < 500'000; ++i) {
            co_await heddle::sleep(0s);
            co_await heddle::sleep(-1ns * i);
        }
        CHECK(heddle::now() == time_point());
    }());
    heddle::run([]() -> task<> {
        for (int i = 0; i < 100'000; ++i)
            co_await heddle::sleep(0s);
    }());
}

TEST_CASE("law 61: a task that sleeps for zero time lets other tasks run") {
    world w;
    bool seen = false;
    w.go(
        [](bool& flag) -> task<> {
            while (!flag)
                co_await heddle::sleep(0s);
        },
        std::ref(seen));
    asio::post(w.ctx, [&] { seen = true; });
    w.ctx.run();
    CHECK(w.live() == 0);
}

TEST_CASE("law 62: huge durations neither wrap nor disturb others") {
    trace log;
    run_virtual([](trace& t) -> task<> {
        co_await heddle::sleep(1s);  // so that now + max would wrap
        auto sleep = [](trace& u, duration d, std::string who) -> task<> {
            co_await heddle::sleep(d);
            u(who);
        };
        auto forever = go(sleep, std::ref(t), duration::max(), "max");
        auto almost = go(sleep, std::ref(t), duration::max() - 1ns, "max - 1");
        go(sleep, std::ref(t), 1s, "one");
        go(sleep, std::ref(t), 2s, "two");
        co_await heddle::sleep(3s);
        forever.cancel();
        almost.cancel();
    }(log));
    CHECK(log.take() == lines{"one", "two"});
}

TEST_CASE("law 63: 1 000 timers expire in order of deadline, and equal deadlines in "
          "order of arrival") {
    std::vector<std::pair<int, int>> fired;
    std::mt19937 random(63);
    run_virtual([](std::vector<std::pair<int, int>>& to, std::mt19937& r) -> task<> {
        heddle::wait_group all;
        for (int i = 0; i < 1000; ++i)
            all.go(
                [](std::vector<std::pair<int, int>>& f, int d, int n) -> task<> {
                    co_await heddle::sleep(std::chrono::seconds(d));
                    f.emplace_back(d, n);
                },
                std::ref(to), static_cast<int>(r() % 100 + 1), i);
        co_await all.wait();
    }(fired, random));
    CHECK(fired.size() == 1000);
    CHECK(std::is_sorted(fired.begin(), fired.end()));
}

TEST_CASE("law 64: a timer that was withdrawn before its deadline never wakes a task") {
    trace log;
    run_virtual([](trace& t) -> task<> {
        auto wait = [](trace& u, heddle::channel<> in) -> task<> {
            auto i =
                co_await heddle::select(in.receive(std::ignore), heddle::after(2s));
            u("arm " + std::to_string(i));
            heddle::channel<> never;  // a stale timer would wake this second wait
            u(co_await ending(never.receive()));
        };
        heddle::channel<> c;
        auto h = go(wait, std::ref(t), c);
        co_await heddle::sleep(1s);
        c.close();
        co_await heddle::sleep(10s);
        t("ten seconds later");
        h.cancel();
        co_await heddle::yield();
    }(log));
    CHECK(log.take() == lines{"arm 0", "ten seconds later", "cancelled: closed"});
}

TEST_CASE("law 64: a timer expires once, and cannot be withdrawn afterwards") {
    run_virtual([]() -> task<> {
        heddle::channel<int> c(1);
        auto once = heddle::after(1s);
        // Both are due at the same instant: whichever happens, the other is unchanged.
        go(send_after, c, 1s);
        std::optional<int> v;
        int values = 0, timeouts = 0;
        for (int i = 0; i < 2; ++i)
            ++(co_await heddle::select(c.receive(v), once) == 0 ? values : timeouts);
        CHECK(values == 1);
        CHECK(timeouts == 1);
        auto third = co_await heddle::select(c.receive(v), once, heddle::otherwise);
        CHECK(third == 2);
    }());
}

TEST_CASE("law 65: changing deadlines, earlier and later, drop and delay no timer") {
    std::mt19937 random(65);
    run_virtual([](std::mt19937& r) -> task<> {
        for (int i = 0; i < 2000; ++i) {
            // Far, near, far, near: each arms the timer anew, and the nearest must
            // count.
            auto near = duration(1 + r() % 1000);
            auto start = heddle::now();
            auto k =
                co_await heddle::select(heddle::after(near + duration(r() % 1000 + 1)),
                                        heddle::after(near), heddle::after(1h));
            CHECK(k == 1);
            CHECK(heddle::now() == start + near);
        }
    }(random));
}

TEST_CASE("law 65: the same holds with one Asio timer of the steady clock under all of "
          "them") {
    world w;
    int fired = 0;
    w.go(
        [](int& n) -> task<> {
            std::vector<heddle::join_handle<>> far;
            for (int i = 0; i < 20; ++i) {
                far.push_back(go([]() -> task<> { co_await heddle::sleep(1h); }));
                co_await heddle::yield();
                auto start = std::chrono::steady_clock::now();
                co_await heddle::sleep(200us);
                CHECK(std::chrono::steady_clock::now() - start >= 200us);
                far.back().cancel();
                co_await heddle::yield();
                ++n;
            }
        },
        std::ref(fired));
    // This would take an hour if the near deadlines were lost or a far one were left.
    w.ctx.run();
    CHECK(fired == 20);
}

TEST_CASE(
    "law 66: one of value, close, cancel and timeout wins, in every combination") {
    // Each event is absent, a nanosecond before the timeout, or at the same instant;
    // the seed orders events of one instant.
    const event events[] = {
        [](heddle::channel<int> c, done_source&) { (void)c.try_send(1); },
        [](heddle::channel<int> c, done_source&) { (void)c.try_close(); },
        [](heddle::channel<int>, done_source& s) { s.close(); },
    };
    std::set<std::string> seen;
    for (unsigned when = 0; when < 27; ++when)
        for (std::uint64_t seed = 0; seed < 8; ++seed) {
            trace log;
            run_virtual(meet(log, events, when), seed);
            auto outcome = log.take();
            REQUIRE(outcome.size() == 1);
            bool any_before = when % 3 == 1 || when / 3 % 3 == 1 || when / 9 == 1;
            CHECK((outcome[0] == "timeout") == !any_before);
            seen.insert(outcome[0]);
        }
    CHECK(seen.size() == 4);
}

TEST_CASE("law 66: 100 000 selects whose timeout loses leave no timer behind") {
    world w;
    heddle::channel<int> c(1);
    heddle::channel<> round(1);
    w.go(
        [](heddle::channel<int> data, heddle::channel<> next) -> task<> {
            while (co_await next.receive()) {
                std::optional<int> v;
                for (int i = 0; i < 50'000; ++i) {
                    go([](heddle::channel<int> to) { (void)to.try_send(1); }, data);
                    auto k =
                        co_await heddle::select(data.receive(v), heddle::after(1h));
                    CHECK(k == 0);
                }
            }
        },
        c, round);
    auto bytes_after_round = [&] {
        (void)round.try_send();
        w.settle();
        return test::heap_in_use();
    };
    auto warm = bytes_after_round();
    CHECK(bytes_after_round() <= warm + 4096);
    round.close();
    w.ctx.restart();
    w.ctx.run();  // would take an hour if a timer were left
    CHECK(w.live() == 0);
}

TEST_CASE("law 67: a busy pair of tasks does not starve a timer") {
    world w;
    long items = 0;
    w.go(
        [](long& n) -> task<> {
            heddle::channel<int> c;
            auto producer = go(
                [](heddle::sender<int> out) -> task<> {
                    for (int i = 0;; ++i)
                        co_await out.send(i);
                },
                c);
            auto consumer = go(
                [](heddle::receiver<int> in, long& m) -> task<> {
                    while (co_await in.receive())
                        ++m;
                },
                c, std::ref(n));
            for (int i = 0; i < 10; ++i)
                co_await heddle::sleep(500us);
            producer.cancel();
            consumer.cancel();
        },
        std::ref(items));
    w.ctx.run();  // would run for ever if the sleeper did not get its turns
    CHECK(items > 0);
    CHECK(w.live() == 0);
}

TEST_CASE("law 67: a busy pair of tasks does not starve the handlers of the context") {
    world w;
    bool stop = false;
    auto spin = [](bool& flag, heddle::channel<int> c) -> task<> {
        std::optional<int> v;
        while (!flag) {
            (void)co_await heddle::select(c.send(1), c.receive(v));
        }
    };
    w.go(spin, std::ref(stop), heddle::channel<int>(1));
    w.go(
        [](bool& flag) -> task<> {
            while (!flag)
                co_await heddle::yield();
        },
        std::ref(stop));
    int handlers = 0;
    std::function<void()> next = [&] {
        if (++handlers == 100)
            stop = true;
        else
            asio::post(w.ctx, next);
    };
    asio::post(w.ctx, next);
    w.ctx.run();
    CHECK(handlers == 100);
}

TEST_SUITE_END();
