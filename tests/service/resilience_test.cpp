// SPDX-License-Identifier: BSL-1.0
// The promises of rate_limiter, retry, circuit_breaker and single_flight, in virtual time.
#include <heddle/resilience.hpp>

#include "support/ending.hpp"
#include "support/world.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using heddle::breaker_options;
using heddle::circuit_breaker;
using heddle::keyed_rate_limiter;
using heddle::rate_limiter;
using heddle::retry_policy;
using heddle::single_flight;
using heddle::task;
using std::ref;
using test::ending;
using test::ending_of_call;
using test::lines;
using test::run_virtual;
using test::trace;

using moments = std::vector<std::chrono::milliseconds>;

/// The time since the start of a test, in virtual time.
struct stopwatch {
    heddle::time_point start = heddle::now();
    std::chrono::milliseconds operator()() const {
        return std::chrono::duration_cast<std::chrono::milliseconds>(heddle::now() -
                                                                     start);
    }
};

task<moments> come(rate_limiter limit, int n) {
    stopwatch clock;
    moments at;
    for (int i = 0; i < n; ++i) {
        co_await limit.acquire();
        at.push_back(clock());
    }
    co_return at;
}

task<> come_once(rate_limiter& limit, stopwatch clock, moments& at, std::size_t n = 1) {
    co_await limit.acquire(n);
    at.push_back(clock());
}

}  // namespace

TEST_SUITE_BEGIN("rate_limiter");

TEST_CASE("callers go on evenly, the first at once") {
    CHECK(run_virtual(come(rate_limiter(5, 1s), 4)) ==
          moments{0ms, 200ms, 400ms, 600ms});
}

TEST_CASE("after a pause a burst goes on at once, and then the rate") {
    CHECK(run_virtual(come(rate_limiter(5, 1s, 3), 6)) ==
          moments{0ms, 0ms, 0ms, 200ms, 400ms, 600ms});
    auto paused = []() -> task<moments> {
        rate_limiter limit(5, 1s, 2);
        (void)co_await come(limit, 2);
        co_await heddle::sleep(200ms);
        co_return co_await come(limit, 3);
    };
    CHECK(run_virtual(paused()) == moments{0ms, 200ms, 400ms});
}

TEST_CASE("tasks get their turns in order of acquire(), and n take the time of n") {
    auto main = []() -> task<moments> {
        rate_limiter limit(10, 1s, 4);
        stopwatch clock;
        moments at;
        heddle::wait_group all;
        for (std::size_t n : {4u, 1u, 3u, 1u})
            all.go(come_once, ref(limit), clock, ref(at), n);
        co_await all.wait();
        co_return at;
    };
    CHECK(run_virtual(main()) == moments{0ms, 100ms, 400ms, 500ms});
}

TEST_CASE("try_acquire never waits, and takes nothing if it is too early") {
    auto main = []() -> task<> {
        rate_limiter limit(10, 1s, 2);
        CHECK(limit.try_acquire());
        CHECK(limit.try_acquire());
        CHECK_FALSE(limit.try_acquire());
        co_await heddle::sleep(99ms);
        CHECK_FALSE(limit.try_acquire());
        co_await heddle::sleep(1ms);
        CHECK(limit.try_acquire());
        CHECK_FALSE(limit.try_acquire(2));
    };
    run_virtual(main());
}

TEST_CASE(
    "a turn that is cancelled, or loses its select, is given back if nobody stands "
    "behind it") {
    auto main = [](bool cancelled) -> task<> {
        rate_limiter limit(10, 1s);
        stopwatch clock;
        moments at;
        co_await limit.acquire();
        if (cancelled) {
            auto h = heddle::go(come_once, ref(limit), clock, ref(at), 1u);
            co_await heddle::sleep(10ms);
            h.cancel();
            std::string how = co_await ending(h);
            CHECK(how == "cancelled: closed");
        } else {
            auto won = co_await heddle::select(limit.acquire(), heddle::after(10ms));
            CHECK(won == 1);
        }
        co_await limit.acquire();
        CHECK(clock() == 100ms);
    };
    run_virtual(main(true));
    run_virtual(main(false));
}

TEST_CASE("a turn that others stand behind passes unused: the rate is not exceeded") {
    auto main = []() -> task<> {
        rate_limiter limit(10, 1s);
        stopwatch clock;
        moments at;
        co_await limit.acquire();
        auto first = heddle::go(come_once, ref(limit), clock, ref(at), 1u);
        auto second = heddle::go(come_once, ref(limit), clock, ref(at), 1u);
        co_await heddle::sleep(10ms);
        first.cancel();
        co_await second;
        CHECK(at == moments{200ms});
        std::string how = co_await ending(first);
        CHECK(how == "cancelled: closed");
    };
    run_virtual(main());
}

TEST_CASE("a turn is an arm that wins at its time") {
    auto main = []() -> task<> {
        rate_limiter limit(10, 1s);
        stopwatch clock;
        heddle::event never;
        for (int i = 0; i < 3; ++i) {
            auto won = co_await heddle::select(never.wait(), limit.acquire());
            CHECK(won == 1);
        }
        CHECK(clock() == 200ms);
    };
    run_virtual(main());
}

TEST_CASE("a rate, a burst or a number that makes no sense is an invalid_argument that "
          "names them") {
    for (auto make : {+[] { rate_limiter(0, 1s); }, +[] { rate_limiter(1, 0s); },
                      +[] { rate_limiter(1, -1s); }, +[] { rate_limiter(1, 1s, 0); },
                      +[] { rate_limiter(2, 1ns); }})
        CHECK_THROWS_AS(make(), std::invalid_argument);
    rate_limiter limit(10, 1s, 2);
    CHECK(test::contains(ending_of_call([&] { (void)limit.acquire(3); }),
                         "acquire(3) with a burst of 2"));
    CHECK_THROWS_AS((void)limit.try_acquire(0), std::invalid_argument);
    CHECK(limit.try_acquire(2));
}

TEST_CASE("the largest burst, and the longest time, do not overflow") {
    rate_limiter slow(1, heddle::duration::max());
    CHECK(slow.try_acquire());
    CHECK_FALSE(slow.try_acquire());
    std::vector<heddle::rate_turn> turns;  // each is after all that came before
    for (int i = 0; i < 20; ++i)
        turns.push_back(slow.acquire());
    CHECK_FALSE(slow.try_acquire());
    rate_limiter wide(1, 1h, std::numeric_limits<std::size_t>::max());
    CHECK(wide.try_acquire(1000));
    CHECK(wide.try_acquire());
}

TEST_CASE(
    "each key has a rate of its own, and keys that pause take no memory for ever") {
    auto main = []() -> task<> {
        keyed_rate_limiter<std::string> limit(1, 1s);
        CHECK(limit.try_acquire("ann"));
        CHECK(limit.try_acquire("bob"));
        CHECK_FALSE(limit.try_acquire("ann"));
        stopwatch clock;
        co_await limit.acquire("ann");
        CHECK(clock() == 1s);
        for (int i = 0; i < 1000; ++i) {
            CHECK(limit.try_acquire(std::to_string(i)));
            co_await heddle::sleep(500ms);
        }
        CHECK(limit.size() <= 40);
    };
    run_virtual(main());
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("retry");

namespace {

task<int> fail_twice(int& calls) {
    if (++calls < 3)
        throw std::runtime_error("attempt " + std::to_string(calls));
    co_return calls;
}

task<> fail_always(int& calls) {
    throw std::runtime_error("attempt " + std::to_string(++calls));
    co_return;
}

task<> wait_always(int& calls) {
    ++calls;
    co_await heddle::event().wait();
}

}  // namespace

TEST_CASE("retry calls again until the function does not throw, and gives its result") {
    auto main = []() -> task<> {
        int calls = 0;
        int result = co_await heddle::retry({}, fail_twice, ref(calls));
        CHECK(result == 3);
        CHECK(calls == 3);
    };
    run_virtual(main());
}

TEST_CASE(
    "after the last attempt, or one that `again` refuses, its exception is thrown") {
    auto main = []() -> task<> {
        int calls = 0;
        std::string how =
            co_await ending(heddle::retry({.attempts = 4}, fail_always, ref(calls)));
        CHECK(how == "attempt 4");
        calls = 0;
        retry_policy once{.again = [](const std::exception_ptr& e) {
            return test::why(e) != "attempt 2";
        }};
        how = co_await ending(heddle::retry(once, fail_always, ref(calls)));
        CHECK(how == "attempt 2");
    };
    run_virtual(main());
}

TEST_CASE(
    "a pause is drawn from nothing to a bound that grows, up to the longest; a seed "
    "gives the same pauses again") {
    auto main = [](int attempts) -> task<moments> {
        moments at;
        stopwatch clock;
        retry_policy p{.attempts = static_cast<std::size_t>(attempts),
                       .first = 100ms,
                       .factor = 3,
                       .longest = 500ms,
                       .again = [&](const std::exception_ptr&) {
                           at.push_back(clock());
                           return true;
                       }};
        int calls = 0;
        (void)co_await ending(heddle::retry(p, fail_always, ref(calls)));
        co_return at;
    };
    bool differ = false;
    std::chrono::milliseconds longest{0};
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        auto at = run_virtual(main(4), seed);
        CHECK(at == run_virtual(main(4), seed));
        differ |= at != run_virtual(main(4), seed + 1);
        REQUIRE(at.size() == 3);
        CHECK(at[1] - at[0] <= 100ms);
        CHECK(at[2] - at[1] <= 300ms);
        longest = std::max(longest, at[2] - at[1]);
    }
    CHECK(differ);
    CHECK(longest > 200ms);  // it misses that in one of 10^8 draws
    for (auto at = run_virtual(main(20), 1); at.size() > 1; at.pop_back())
        CHECK(at.back() - at[at.size() - 2] <= 500ms);
}

TEST_CASE(
    "a deadline bounds all attempts and pauses together; `cancelled` is not tried "
    "again") {
    auto main = []() -> task<> {
        int calls = 0;
        stopwatch clock;
        retry_policy for_ever{
            .attempts = static_cast<std::size_t>(-1), .first = 10ms, .longest = 10ms};
        std::string how = co_await ending(
            heddle::with_timeout(1s, heddle::retry(for_ever, fail_always, ref(calls))));
        CHECK(how == "timed out");
        CHECK(clock() == 1s);
        CHECK(calls > 50);
        calls = 0;
        how = co_await ending(
            heddle::with_timeout(1s, heddle::retry({}, wait_always, ref(calls))));
        CHECK(how == "timed out");
        CHECK(calls == 1);
    };
    run_virtual(main());
}

TEST_CASE(
    "a policy that makes no sense is an invalid_argument, and nothing is called") {
    auto main = []() -> task<> {
        int calls = 0;
        for (const retry_policy& p :
             {retry_policy{.attempts = 0}, retry_policy{.first = -1ms},
              retry_policy{.factor = 0.5}, retry_policy{.longest = -1ms}}) {
            std::string how =
                co_await ending(heddle::retry(p, fail_always, ref(calls)));
            CHECK(test::contains(how, "retry_policy"));
        }
        CHECK(calls == 0);
    };
    run_virtual(main());
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("circuit_breaker");

namespace {

task<int> answer(bool works) {
    if (!works)
        throw std::runtime_error("down");
    co_return 7;
}

task<> slow(heddle::duration d, bool works) {
    co_await heddle::sleep(d);
    if (!works)
        throw std::runtime_error("down");
}

task<std::string> call(circuit_breaker& b, bool works) {
    try {
        (void)co_await b.call(answer, works);
    } catch (const heddle::circuit_open&) {
        co_return "refused";
    } catch (const std::exception& e) {
        co_return e.what();
    }
    co_return "ok";
}

task<> call_slowly(circuit_breaker& b, heddle::duration d, bool works, trace& t) {
    std::string how = co_await ending(b.call(slow, d, works));
    t(test::contains(how, "circuit_breaker") ? "refused" : how);
}

}  // namespace

TEST_CASE("so many failures, one after the other, open it; then calls are refused at "
          "once") {
    auto main = []() -> task<> {
        circuit_breaker b({.failures = 2, .open_for = 10s});
        lines how;
        for (bool works : {false, true, false, false, true, false}) {
            std::string one = co_await call(b, works);
            how.push_back(one);
        }
        CHECK(how == lines{"down", "ok", "down", "down", "refused", "refused"});
        CHECK(b.open());
    };
    run_virtual(main());
}

TEST_CASE(
    "after its time a probe decides: a success closes it, a failure opens it again") {
    auto main = []() -> task<> {
        circuit_breaker b({.failures = 1, .open_for = 10s});
        std::string how = co_await call(b, false);
        co_await heddle::sleep(9999ms);
        how = co_await call(b, true);
        CHECK(how == "refused");
        co_await heddle::sleep(1ms);
        CHECK_FALSE(b.open());
        how = co_await call(b, false);
        CHECK(how == "down");
        how = co_await call(b, true);
        CHECK(how == "refused");
        co_await heddle::sleep(10s);
        how = co_await call(b, true);
        CHECK(how == "ok");
        how = co_await call(b, true);
        CHECK(how == "ok");
    };
    run_virtual(main());
}

TEST_CASE("no more than `probes` calls try at the same time; a cancelled one frees its "
          "place, and counts as nothing") {
    auto main = []() -> task<> {
        trace t;
        circuit_breaker b({.failures = 1, .open_for = 1s, .probes = 2});
        std::string how = co_await call(b, false);
        co_await heddle::sleep(1s);
        auto first = heddle::go(call_slowly, ref(b), 5s, true, ref(t));
        auto second = heddle::go(call_slowly, ref(b), 5s, true, ref(t));
        auto third = heddle::go(call_slowly, ref(b), 5s, true, ref(t));
        co_await heddle::sleep(1s);
        CHECK(t.take() == lines{"refused"});
        first.cancel();
        co_await heddle::yield();
        co_await heddle::yield();
        CHECK(t.take() == lines{"cancelled: closed"});
        how = co_await call(b, true);  // in its place
        CHECK(how == "ok");
        how = co_await call(b, true);
        CHECK(how == "refused");  // one of two has succeeded, the other tries still
        co_await second;
        CHECK(t.take() == lines{"ok"});
        how = co_await call(b, false);
        CHECK(how == "down");  // it was closed
        co_await third;
    };
    run_virtual(main());
}

TEST_CASE("a result of a call that began before the circuit opened says nothing") {
    auto main = []() -> task<> {
        trace t;
        circuit_breaker b({.failures = 1, .open_for = 1s});
        auto late = heddle::go(call_slowly, ref(b), 1500ms, false, ref(t));
        co_await heddle::yield();
        std::string how = co_await call(b, false);
        co_await heddle::sleep(1s);
        how = co_await call(b, true);
        CHECK(how == "ok");
        co_await late;
        how = co_await call(b, true);
        CHECK(how == "ok");
    };
    run_virtual(main());
}

TEST_CASE("an exception that does not count leaves it closed") {
    auto main = []() -> task<> {
        circuit_breaker b({.failures = 1, .counts = [](const std::exception_ptr& e) {
                               return test::why(e) != "down";
                           }});
        for (int i = 0; i < 3; ++i) {
            std::string how = co_await call(b, false);
            CHECK(how == "down");
        }
    };
    run_virtual(main());
    CHECK_THROWS_AS(circuit_breaker({.failures = 0}), std::invalid_argument);
    CHECK_THROWS_AS(circuit_breaker({.probes = 0}), std::invalid_argument);
    CHECK_THROWS_AS(circuit_breaker({.open_for = -1s}), std::invalid_argument);
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("single_flight");

namespace {

task<int> fetch(int key, int& calls, bool fails) {
    ++calls;
    co_await heddle::sleep(100ms);
    if (fails)
        throw std::runtime_error("down");
    co_return key * 10;
}

task<> note_cancel(bool& gone) {
    try {
        co_await heddle::sleep(1h);
    } catch (const heddle::cancelled&) {
        gone = true;
        throw;
    }
}

task<int> fetch_for_ever(bool& gone) {
    co_await note_cancel(gone);
    co_return 0;
}

using flights = single_flight<int, int>;

task<> ask(flights& f, int key, int& calls, bool fails, trace& t) {
    try {
        int v = co_await f.call(key, fetch, key, ref(calls), fails);
        t(std::to_string(v));
    } catch (...) {
        t(test::why(std::current_exception()));
    }
}

}  // namespace

TEST_CASE(
    "calls for one key at the same time are one call, whose result all get; calls "
    "for another, and later ones, are their own") {
    auto main = []() -> task<> {
        flights f;
        trace t;
        int calls = 0;
        heddle::wait_group all;
        for (int key : {1, 1, 2, 1})
            all.go(ask, ref(f), key, ref(calls), false, ref(t));
        co_await heddle::yield();
        CHECK(f.size() == 2);
        co_await all.wait();
        CHECK(calls == 2);
        CHECK(t.take() == lines{"10", "10", "10", "20"});
        CHECK(f.size() == 0);
        co_await ask(f, 1, calls, false, t);
        CHECK(calls == 3);
    };
    run_virtual(main());
}

TEST_CASE("its exception goes to all callers") {
    auto main = []() -> task<> {
        flights f;
        trace t;
        int calls = 0;
        heddle::wait_group all;
        for (int i = 0; i < 2; ++i)
            all.go(ask, ref(f), 1, ref(calls), true, ref(t));
        co_await all.wait();
        CHECK(calls == 1);
        CHECK(t.take() == lines{"down", "down"});
    };
    run_virtual(main());
}

TEST_CASE("a cancelled caller, the first too, leaves the others alone") {
    auto main = []() -> task<> {
        flights f;
        trace t;
        int calls = 0;
        auto first = heddle::go(ask, ref(f), 1, ref(calls), false, ref(t));
        auto second = heddle::go(ask, ref(f), 1, ref(calls), false, ref(t));
        co_await heddle::sleep(10ms);
        first.cancel();
        co_await second;
        CHECK(t.take() == lines{"cancelled: closed", "10"});
        CHECK(calls == 1);
        co_await first;
    };
    run_virtual(main());
}

TEST_CASE("when the last caller has gone the function is cancelled, and the next call "
          "begins anew") {
    auto main = []() -> task<> {
        flights f;
        bool gone = false;
        auto only = heddle::go(f.call(1, fetch_for_ever, ref(gone)));
        co_await heddle::sleep(10ms);
        only.cancel();
        std::string how = co_await ending(only);
        CHECK(how == "cancelled: closed");
        CHECK(f.size() == 0);
        int calls = 0;
        trace t;
        co_await ask(f, 1, calls, false, t);
        CHECK(gone);
        CHECK(t.take() == lines{"10"});
    };
    run_virtual(main());
}

TEST_CASE("calls under way do not refer to the single_flight") {
    auto main = []() -> task<> {
        trace t;
        int calls = 0;
        heddle::join_handle<int> h;
        {
            flights f;
            h = heddle::go(f.call(1, fetch, 1, ref(calls), false));
            co_await heddle::sleep(10ms);
        }
        int v = co_await h;
        CHECK(v == 10);
    };
    run_virtual(main());
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("hedge");

namespace {

struct replica_log {
    stopwatch clock;
    lines said;
    void operator()(const std::string& who, const std::string& what) {
        said.push_back(std::to_string(clock().count()) + " " + who + " " + what);
    }
};

task<int> replica(replica_log& log, std::string who, heddle::duration d, bool fails) {
    log(who, "begins");
    try {
        co_await heddle::sleep(d);
    } catch (const heddle::cancelled&) {
        log(who, "cancelled");
        throw;
    }
    log(who, fails ? "fails" : "answers");
    if (fails)
        throw std::runtime_error(who);
    co_return static_cast<int>(who[0]);
}

}  // namespace

TEST_CASE("a quick replica is alone") {
    auto main = []() -> task<> {
        replica_log log;
        int who = co_await heddle::hedge(50ms, replica(log, "a", 40ms, false),
                                         replica(log, "b", 0ms, false));
        CHECK(who == 'a');
        CHECK(log.said == lines{"0 a begins", "40 a answers"});
    };
    run_virtual(main());
}

TEST_CASE(
    "the next replica begins when the delay has passed; the first result is given, "
    "and the others are cancelled and waited for") {
    auto main = []() -> task<> {
        replica_log log;
        int who = co_await heddle::hedge(50ms, replica(log, "a", 1s, false),
                                         replica(log, "b", 70ms, false),
                                         replica(log, "c", 1s, false));
        CHECK(who == 'b');
        CHECK(log.clock() == 120ms);
        REQUIRE(log.said.size() == 6);
        std::sort(log.said.end() - 2, log.said.end());  // in any order
        CHECK(log.said == lines{"0 a begins", "50 b begins", "100 c begins",
                                "120 b answers", "120 a cancelled", "120 c cancelled"});
    };
    run_virtual(main());
}

TEST_CASE("when one fails the next begins at once; if all fail, the first failure is "
          "thrown") {
    auto main = [](bool last_fails) -> task<> {
        replica_log log;
        std::vector<task<int>> all;
        all.push_back(replica(log, "a", 10ms, true));
        all.push_back(replica(log, "b", 10ms, true));
        all.push_back(replica(log, "c", 10ms, last_fails));
        std::string how = co_await ending(heddle::hedge(50ms, std::move(all)));
        CHECK(how == (last_fails ? "a" : "ok"));
        CHECK(log.said == lines{"0 a begins", "10 a fails", "10 b begins", "20 b fails",
                                "20 c begins",
                                last_fails ? "30 c fails" : "30 c answers"});
    };
    run_virtual(main(true));
    run_virtual(main(false));
}

TEST_CASE("a hedge that is cancelled cancels its replicas, and waits for them") {
    auto main = []() -> task<> {
        replica_log log;
        std::string how = co_await ending(
            heddle::with_timeout(70ms, heddle::hedge(50ms, replica(log, "a", 1s, false),
                                                     replica(log, "b", 1s, false))));
        CHECK(how == "timed out");
        CHECK(log.said.size() == 4);
        CHECK(log.clock() == 70ms);
    };
    run_virtual(main());
}

TEST_CASE("a hedge without a replica is an invalid_argument") {
    auto main = []() -> task<> {
        std::string how =
            co_await ending(heddle::hedge(50ms, std::vector<task<int>>()));
        CHECK(test::contains(how, "without a replica"));
        std::vector<task<>> one;
        one.push_back([]() -> task<> { co_return; }());
        co_await heddle::hedge(std::chrono::duration<double>(0.05), std::move(one));
    };
    run_virtual(main());
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("batcher");

namespace {

struct flushes {
    stopwatch clock;
    lines said;
    bool fails = false;
    heddle::duration takes{};
};

task<> flush_into(flushes& to, std::vector<std::string> batch) {
    std::string all = std::to_string(to.clock().count()) + ":";
    for (auto& text : batch)
        all += " " + text;
    to.said.push_back(all);
    co_await heddle::sleep(to.takes);
    if (to.fails)
        throw std::runtime_error("full");
}

using texts = heddle::batcher<std::string>;

texts batches(flushes& to, heddle::batch_options options,
              texts::weigh_function weigh = {}) {
    return texts(
        options,
        [&to](std::vector<std::string> b) { return flush_into(to, std::move(b)); },
        std::move(weigh));
}

task<> add_text(texts& to, std::string text, heddle::duration later, trace& t) {
    co_await heddle::sleep(later);
    std::string how = co_await ending(to.add(text));
    t(text + " " + how);
}

}  // namespace

TEST_CASE("a batch is complete with its last item, and who added goes on when it was "
          "handed over") {
    auto main = []() -> task<> {
        flushes f;
        f.takes = 20ms;
        trace t;
        texts b = batches(f, {.items = 3, .after = 1s});
        heddle::wait_group all;
        for (auto text : {"a", "b", "c", "d", "e", "f", "g"})
            all.go(add_text, ref(b), text, 0ms, ref(t));
        co_await heddle::sleep(10ms);
        CHECK(t.take().empty());
        CHECK(b.size() == 1);
        co_await all.wait();
        CHECK(f.said == lines{"0: a b c", "0: d e f", "1000: g"});
        CHECK(t.take() ==
              lines{"a ok", "b ok", "c ok", "d ok", "e ok", "f ok", "g ok"});
    };
    run_virtual(main());
}

TEST_CASE("a batch is complete when its time has passed since its first value") {
    auto main = []() -> task<> {
        flushes f;
        trace t;
        texts b = batches(f, {.items = 100, .after = 50ms});
        heddle::wait_group all;
        all.go(add_text, ref(b), "a", 0ms, ref(t));
        all.go(add_text, ref(b), "b", 40ms, ref(t));
        all.go(add_text, ref(b), "c", 60ms, ref(t));
        co_await all.wait();
        CHECK(f.said == lines{"50: a b", "110: c"});
    };
    run_virtual(main());
}

TEST_CASE("a batch is complete when its values weigh enough") {
    auto main = []() -> task<> {
        flushes f;
        trace t;
        texts b = batches(f, {.after = 1s, .weight = 5},
                          [](const std::string& s) { return s.size(); });
        heddle::wait_group all;
        for (auto text : {"abc", "d", "ef", "ghijklm", "n"})
            all.go(add_text, ref(b), text, 0ms, ref(t));
        co_await all.wait();
        CHECK(f.said == lines{"0: abc d ef", "0: ghijklm", "1000: n"});
    };
    run_virtual(main());
}

TEST_CASE("what flush throws goes to all who added to that batch") {
    auto main = []() -> task<> {
        flushes f;
        f.fails = true;
        trace t;
        texts b = batches(f, {.items = 2});
        heddle::wait_group all;
        for (auto text : {"a", "b"})
            all.go(add_text, ref(b), text, 0ms, ref(t));
        co_await all.wait();
        CHECK(t.take() == lines{"a full", "b full"});
        f.fails = false;
        co_await add_text(b, "c", 0ms, t);
        CHECK(t.take() == lines{"c ok"});
    };
    run_virtual(main());
}

TEST_CASE(
    "an add that is cancelled takes its value back, also if it was the first; after "
    "that its value goes with the batch") {
    auto main = []() -> task<> {
        flushes f;
        f.takes = 20ms;
        trace t;
        texts b = batches(f, {.items = 3, .after = 50ms});
        auto first = heddle::go(add_text, ref(b), "a", 0ms, ref(t));
        auto second = heddle::go(add_text, ref(b), "b", 0ms, ref(t));
        auto third = heddle::go(add_text, ref(b), "c", 0ms, ref(t));
        first.cancel();
        co_await heddle::sleep(10ms);
        CHECK(b.size() == 2);
        third.cancel();
        co_await heddle::sleep(1ms);
        CHECK(b.size() == 1);
        co_await heddle::sleep(45ms);  // the batch is being handed over
        second.cancel();
        co_await heddle::sleep(50ms);
        CHECK(f.said == lines{"50: b"});
        CHECK(t.take().size() == 2);
    };
    run_virtual(main());
}

TEST_CASE("a batch of which all was taken back is not handed over") {
    auto main = []() -> task<> {
        flushes f;
        trace t;
        texts b = batches(f, {.after = 50ms});
        auto only = heddle::go(add_text, ref(b), "a", 0ms, ref(t));
        co_await heddle::sleep(10ms);
        only.cancel();
        co_await heddle::sleep(100ms);
        CHECK(f.said.empty());
    };
    run_virtual(main());
}

TEST_CASE("options of a batch that make no sense are an invalid_argument") {
    flushes f;
    CHECK_THROWS_WITH_AS(batches(f, {.items = 0}), doctest::Contains("items"),
                         std::invalid_argument);
    CHECK_THROWS_AS(batches(f, {.after = -1ms}), std::invalid_argument);
    CHECK_THROWS_AS(batches(f, {.weight = 0}), std::invalid_argument);
}

TEST_SUITE_END();
