// SPDX-License-Identifier: BSL-1.0
// The promises of timers, tickers and the clock (time.hpp). Time is virtual, so it is
// exact.
#include "support/ending.hpp"
#include "support/world.hpp"

#include <doctest/doctest.h>

#include <asio/strand.hpp>

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <ratio>
#include <stdexcept>
#include <string>

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

/// Logs the time of the clock, in seconds.
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

TEST_CASE("any chrono duration is accepted, and rounded up so that no timer is early") {
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

TEST_CASE(
    "duration::max() and longer durations never expire, and do not disturb others") {
    run_virtual([]() -> task<> {
        auto infinite = std::numeric_limits<double>::infinity();
        heddle::timer never[] = {
            heddle::after(duration::max()),
            heddle::after(std::chrono::hours::max()),
            heddle::after(std::chrono::duration<double>(1e300)),
            heddle::after(std::chrono::duration<double>(infinite)),
            heddle::after(std::chrono::duration<std::uint64_t, std::nano>(~0ull)),
            heddle::at(time_point::max()),
        };
        auto start = heddle::now();
        for (auto& t : never) {
            auto i = co_await heddle::select(t, heddle::after(1s));
            CHECK(i == 1);
        }
        CHECK(heddle::now() == start + 6s);
        // The last moment that can be counted is still in the future.
        co_await heddle::sleep_until(time_point::max() - duration(1));
        CHECK(heddle::now() == time_point::max() - duration(1));
        auto i = co_await heddle::select(heddle::after(1h), heddle::otherwise);
        CHECK(i == 1);  // it saturates, and does not wrap into the past
    }());
}

namespace {

/// Number classes: one converts to a real number, one only explicitly to a whole
/// number.
struct counts_reals {
    constexpr operator double() const { return n; }
    double n;
};
struct counts_whole {
    constexpr explicit operator std::int64_t() const { return n; }
    std::int64_t n;
};

template <class Rep, class Period = std::nano>
constexpr duration of(Rep n) {
    return heddle::detail::nanoseconds(std::chrono::duration<Rep, Period>(n));
}

using heddle::detail::wide_int;
using heddle::detail::wide_unsigned;

constexpr auto never = duration::max();
constexpr auto long_ago = duration::min();
template <class T>
constexpr T most = std::numeric_limits<T>::max();
template <class T>
constexpr T least = std::numeric_limits<T>::min();
template <class T>
constexpr T infinity = std::numeric_limits<T>::infinity();

using ages = std::ratio<31556952LL * 1'000'000>;  // a million years

}  // namespace

TEST_CASE("a duration of any rep and period is rounded up and saturates") {
    using std::atto, std::exa, std::femto, std::milli, std::nano, std::ratio;
    // Unsigned.
    static_assert(of<std::uint8_t, milli>(255) == 255ms);
    static_assert(of<std::uint8_t, std::ratio<3600>>(255) == 255h);
    static_assert(of<std::uint16_t, ages>(0) == 0ns);
    static_assert(of<std::uint16_t, ages>(1) == never);
    static_assert(of<std::uint32_t, ratio<1>>(most<std::uint32_t>) == 4294967295s);
    static_assert(of<std::uint32_t, ratio<60>>(most<std::uint32_t>) == never);
    static_assert(of<std::uint64_t>(most<std::int64_t>) == never);
    static_assert(of<std::uint64_t>(most<std::int64_t> - 1ull) == never - 1ns);
    static_assert(of<std::uint64_t>(most<std::int64_t> + 1ull) == never);
    static_assert(of<std::uint64_t>(~0ull) == never);
    static_assert(of<std::uint64_t, std::pico>(~0ull).count() == 18446744073709552);
    static_assert(of<std::uint64_t, femto>(1'000'001) == 2ns);
    static_assert(of<std::uint64_t, exa>(1) == never);
    // Signed.
    static_assert(of<std::int8_t, milli>(-128) == -128ms);
    static_assert(of<std::int64_t, ratio<1>>(9'223'372'036) == 9'223'372'036s);
    static_assert(of<std::int64_t, ratio<1>>(9'223'372'037) == never);
    static_assert(of<std::int64_t, ratio<1>>(-9'223'372'037) == long_ago);
    static_assert(of<std::int64_t, ratio<1>>(least<std::int64_t>) == long_ago);
    static_assert(of<std::int64_t, atto>(most<std::int64_t>) == 9'223'372'037ns);
    static_assert(of<std::int64_t, atto>(1) == 1ns);
    static_assert(of<std::int64_t, atto>(-1) == 0ns);  // up
    static_assert(of<std::int64_t, ratio<1, 3>>(1) == 333'333'334ns);
    static_assert(of<std::int64_t, ratio<2, 3>>(-1) == -666'666'666ns);
    static_assert(of<std::int64_t, ratio<1, INTMAX_MAX>>(most<std::int64_t>) == 1s);
    static_assert(of<std::int64_t, ratio<INTMAX_MAX>>(1) == never);
    static_assert(of<std::int64_t, ratio<INTMAX_MAX>>(-1) == long_ago);
    static_assert(of<std::int64_t>(least<std::int64_t>) == long_ago);
    static_assert(of<char>(7) == 7ns);
    static_assert(of<bool, ratio<1>>(true) == 1s);
#ifdef __SIZEOF_INT128__
    // Wide.
    static_assert(of<wide_int>(wide_int{1} << 100) == never);
    static_assert(of<wide_int>(-(wide_int{1} << 100)) == long_ago);
    static_assert(of<wide_int, atto>((wide_int{1} << 64) + 1) == 18'446'744'074ns);
    static_assert(of<wide_unsigned>(~wide_unsigned{0}) == never);
    static_assert(of<wide_unsigned, atto>(~wide_unsigned{0}) == never);
    static_assert(of<wide_unsigned, milli>(3) == 3ms);
#endif
    // Floating.
    static_assert(of<float, milli>(2.5F) == 2'500'000ns);
    static_assert(of<float>(0x1p63F) == never);
    static_assert(of<float>(-0x1p63F) == long_ago);
    static_assert(of<float, ages>(most<float>) == never);
    static_assert(of<double>(0.25) == 1ns);
    static_assert(of<double>(-0.25) == 0ns);
    static_assert(of<double>(0x1p62) == duration(1ll << 62));
    static_assert(of<double>(0x1p63) == never);
    static_assert(of<double, ratio<1>>(1e300) == never);
    static_assert(of<double, ratio<1>>(-1e300) == long_ago);
    static_assert(of<double, ratio<1>>(infinity<double>) == never);
    static_assert(of<double, ratio<1>>(-infinity<double>) == long_ago);
    static_assert(of<double, ratio<1>>(least<double>) == 1ns);
    static_assert(of<long double, exa>(most<long double>) == never);
    static_assert(of<long double, atto>(-most<long double>) == long_ago);
    static_assert(of<long double>(0x1p63L - 0.5L) == never);
    // Some durations convert.
    static_assert(of<counts_reals, ratio<1>>({0.5}) == 500ms);
    static_assert(of<counts_reals, ratio<1>>({infinity<double>}) == never);
    static_assert(of<counts_whole, ratio<1>>({2}) == 2s);
    static_assert(of<counts_whole, ratio<1>>({most<std::int64_t>}) == never);
    // Whole numbers are never refused.
    constexpr std::chrono::seconds whole(1);
    constexpr std::chrono::duration<double> real(1);
    static_assert(noexcept(heddle::after(whole)) && !noexcept(heddle::after(real)));
}

TEST_CASE("a duration that is calculated at run time saturates, too") {
    // The same as above, but at run time, where sanitizers detect an undefined
    // conversion.
    for (double given : {0x1p63, 1e300, infinity<double>, most<double>}) {
        volatile double n = given;
        CHECK(of<double>(n) == never);
        CHECK(of<double>(-n) == long_ago);
        CHECK(of<double, ages>(n) == never);
        CHECK(of<double, std::atto>(-n) ==
              (given == 0x1p63 ? -9'223'372'036ns : long_ago));
        CHECK(of<long double, std::exa>(n) == never);
        CHECK(of<long double, std::exa>(-n) == long_ago);
    }
    for (float given : {0x1p63F, most<float>, infinity<float>}) {
        volatile float n = given;
        CHECK(of<float, std::ratio<1>>(n) == never);
        CHECK(of<float, ages>(-n) == long_ago);
    }
    volatile std::uint64_t huge = ~0ull;
    CHECK(of<std::uint64_t>(huge) == never);
    CHECK(of<std::uint64_t, ages>(huge) == never);
    CHECK(of<std::uint64_t, std::atto>(huge) == 18'446'744'074ns);
    for (std::int64_t given : {most<std::int64_t>, least<std::int64_t>}) {
        volatile std::int64_t n = given;
        CHECK(of<std::int64_t, ages>(n) == (given > 0 ? never : long_ago));
        CHECK(of<std::int64_t, std::milli>(n) == (given > 0 ? never : long_ago));
    }
}

TEST_CASE("a duration of more nanoseconds than can be counted lasts for ever, in each "
          "function") {
    using most_unsigned = std::chrono::duration<std::uint64_t, std::nano>;
    constexpr most_unsigned huge(~0ull);
    run_virtual([huge]() -> task<> {
        heddle::done_token none;
        heddle::done_source timed(none, huge),
            elsewhere(heddle::this_task::executor(), none, huge);
        std::chrono::time_point<std::chrono::steady_clock, most_unsigned> end(huge);
        heddle::done_source dated(none, end),
            dated_elsewhere(heddle::this_task::executor(), none, end);
        heddle::timer after = heddle::after(huge), sleep = heddle::sleep(huge),
                      at = heddle::at(end), until = heddle::sleep_until(end);
        heddle::ticker every(huge);
        auto tick = every.next();
        auto i = co_await heddle::select(after, sleep, at, until, tick, timed.token(),
                                         elsewhere.token(), dated.token(),
                                         dated_elsewhere.token(), heddle::after(1h));
        CHECK(i == 9);
        CHECK(co_await heddle::with_timeout(huge, []() -> task<int> {
                  co_await heddle::sleep(1h);
                  co_return 3;
              }()) == 3);
        CHECK(heddle::now() == time_point(2h));
    }());
}

TEST_CASE("points of the clock in other units saturate, too, and are never early") {
    run_virtual([]() -> task<> {
        using std::chrono::steady_clock;
        using hours = std::chrono::time_point<steady_clock, std::chrono::hours>;
        using reals =
            std::chrono::time_point<steady_clock, std::chrono::duration<double>>;
        auto far = heddle::at(hours::max());
        auto farther = heddle::at(heddle::now() + std::chrono::duration<double>(1e300));
        auto i = co_await heddle::select(far, farther, heddle::after(1s));
        CHECK(i == 2);
        co_await heddle::sleep_until(hours::min());
        CHECK(heddle::now() == time_point(1s));
        co_await heddle::sleep_until(reals(std::chrono::duration<double>(1.5)));
        CHECK(heddle::now() == time_point(1500ms));
        co_await heddle::sleep_until(hours(1h));
        CHECK(heddle::now() == time_point(1h));
    }());
}

TEST_CASE(
    "a duration that is not a number is refused with a message, in each function") {
    constexpr std::chrono::duration<double> nan(
        std::numeric_limits<double>::quiet_NaN());
    constexpr std::chrono::duration<float, std::milli> nan_too(
        std::numeric_limits<float>::quiet_NaN());
    const std::string what =
        "heddle: a duration that is not a number (NaN): how was it "
        "calculated? "
        "duration::max() stands for one that never ends";
    world world;
    auto refused = [&what](auto use) {
        CHECK_THROWS_WITH_AS(use(), what.c_str(), std::invalid_argument);
    };
    using point = std::chrono::time_point<std::chrono::steady_clock,
                                          std::chrono::duration<double>>;
    heddle::done_token none;
    refused([&] { (void)heddle::after(nan); });
    refused([&] { (void)heddle::after(-nan); });
    refused([&] { (void)heddle::after(nan_too); });
    refused([&] { (void)heddle::sleep(nan); });
    refused([&] { (void)heddle::at(point(nan)); });
    refused([&] { (void)heddle::sleep_until(point(nan)); });
    refused([&] { (void)heddle::with_timeout(nan, []() -> task<> { co_return; }()); });
    refused([&] { heddle::done_source(world.ctx, none, nan); });
    refused([&] { heddle::done_source(world.ctx, none, point(nan)); });
    refused([&] { heddle::ticker every(nan); });
    world.go([](auto refuse, auto n) -> task<> {
        refuse([&] { heddle::done_source(heddle::done_token(), n); });
        refuse([&] { heddle::done_source(heddle::done_token(), point(n)); });
        co_return;
    }(refused, nan));
    world.settle();
}

TEST_CASE("a ticker refuses a period that is not positive, in any unit") {
    auto infinite = std::chrono::duration<double>(infinity<double>);
    CHECK_THROWS_AS(heddle::ticker(-infinite), std::invalid_argument);
    CHECK_THROWS_AS(heddle::ticker(std::chrono::duration<double>(0)),
                    std::invalid_argument);
    CHECK_THROWS_AS(heddle::ticker(std::chrono::duration<double>(-0.0)),
                    std::invalid_argument);
    CHECK_THROWS_AS(heddle::ticker{std::chrono::hours::min()}, std::invalid_argument);
    CHECK_THROWS_AS((heddle::ticker(std::chrono::duration<std::uint8_t, std::atto>(0))),
                    std::invalid_argument);
    run_virtual([infinite]() -> task<> {
        heddle::ticker never_ticks(infinite),
            shortest(std::chrono::duration<double>(1e-300));
        auto tick = never_ticks.next();
        co_await shortest.next();
        CHECK(heddle::now() == time_point(1ns));
        auto i = co_await heddle::select(tick, heddle::after(1h));
        CHECK(i == 1);
    }());
}

TEST_CASE("timers expire in order of deadline, not of construction") {
    trace log;
    run_virtual([](trace& t) -> task<> {
        go(sleeper<long, std::ratio<1>>, std::ref(t), 3s, "three");
        go(sleeper<long, std::ratio<1>>, std::ref(t), 1s, "one");
        go(sleeper<long, std::ratio<1>>, std::ref(t), 2s, "two");
        co_await heddle::sleep(4s);
    }(log));
    CHECK(log.take() == lines{"1s one", "2s two", "3s three"});
}

TEST_CASE("equal deadlines expire in order of arrival") {
    trace log;
    run_virtual([](trace& t) -> task<> {
        for (auto who : {"a", "b", "c", "d"})
            go(sleeper<long, std::ratio<1>>, std::ref(t), 1s, who);
        // This timer was enlisted first, so this task runs before the four.
        co_await heddle::sleep(1s);
        stamp(t, "main");
        co_await heddle::sleep(1s);
    }(log));
    CHECK(log.take() == lines{"1s main", "1s a", "1s b", "1s c", "1s d"});
}

TEST_CASE("the deadline of after() is fixed when it is called, so it can bound a whole "
          "loop") {
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

TEST_CASE("a named timer is ready once, and a nil arm afterwards") {
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

TEST_CASE("a timer that loses is unchanged, and happens later, at its own deadline") {
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

TEST_CASE("a cancelled wait leaves a named timer unchanged") {
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

TEST_CASE("timers that lost keep neither virtual time nor a context going") {
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
    w.ctx.run();  // would take an hour if one of them were left
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

TEST_CASE("a tick that no task waited for is skipped, not queued") {
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

TEST_CASE("at a point of the grid, the next tick is the one after it") {
    run_virtual([]() -> task<> {
        heddle::ticker every(10s);
        co_await heddle::sleep(20s);
        co_await every.next();
        CHECK(heddle::now() == time_point(30s));
    }());
}

TEST_CASE("a tick that was named before a busy loop is late, not skipped") {
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
        heddle::ticker endless(duration::max());
        auto i = co_await heddle::select(endless.next(),
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
        // Another host of the context lets time pass, and this one does not read the
        // clock.
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

TEST_CASE("on the steady clock, a deadline that has just passed is ready at once") {
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

TEST_CASE(
    "on the steady clock, a timer keeps its context running, and is never early") {
    world w;
    trace log;
    const time_point start = std::chrono::steady_clock::now();
    auto sleep = [](trace& t, time_point until, std::string who) -> task<> {
        co_await heddle::sleep_until(until);
        CHECK(std::chrono::steady_clock::now() >= until);
        t(who);
    };
    w.go(sleep, std::ref(log), start + 9ms, "nine");
    w.go(sleep, std::ref(log), start + 3ms, "three");
    w.go(sleep, std::ref(log), start + 6ms, "six");
    w.ctx.run();
    CHECK(log.take() == lines{"three", "six", "nine"});
    CHECK(w.live() == 0);
}

TEST_SUITE_END();
