// SPDX-License-Identifier: BSL-1.0
// The promises of the operators that make one stream of several, that call functions in
// parallel, and of retry. One thread is stepped by hand.
#include <heddle/streams.hpp>

#include "support/notes.hpp"
#include "support/tasks.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using heddle::channel;
using heddle::receiver;
using heddle::stream;
using heddle::task;
using std::ref;
using test::lines;
using test::note_end;
using test::noted;
using test::numbers;
using test::trace;
using test::tracked;
using test::world;
namespace streams = heddle::streams;

// -- the streams of the tests -------------------------------------------------------

stream<int> count(int from, int n) {
    for (int i = from; i < from + n; ++i)
        co_yield i;
}

stream<int> every(heddle::duration d, int from, int n) {
    for (int i = from; i < from + n; ++i) {
        co_await heddle::sleep(d);
        co_yield i;
    }
}

stream<int> fails_after(int n) {
    for (int i = 0; i < n; ++i)
        co_yield i;
    throw std::runtime_error("failed");
}

/// Waits for ever; logs how that was ended, and the end of its frame.
stream<int> waits(trace& t, std::string name) {
    noted frame(t, name + " is gone");
    t(name + " begins");
    heddle::event never;
    t(name + ": " + co_await test::ending(never.wait()));
    co_await never.wait();
    co_yield 1;
}

template <class S>
std::vector<typename S::value_type> values_of(S from) {
    return test::run_virtual(std::move(from) | streams::to_vector());
}

template <class S>
task<> drain(trace& t, S from) {
    while (std::optional<typename S::value_type> v = co_await from.next())
        t(std::to_string(*v));
    t("end");
}

/// Counts how many calls run at a time.
struct meter {
    int now = 0;
    int most = 0;
};

task<int> square(meter& m, int n) {
    m.most = std::max(m.most, ++m.now);
    co_await heddle::sleep((7 - n % 4) * 1ms);  // they end in another order
    --m.now;
    co_return n* n;
}

int square_of(int n) { return n * n; }

std::vector<int> squares(int n) {
    std::vector<int> all = numbers(n);
    for (int& i : all)
        i *= i;
    return all;
}

}  // namespace

TEST_SUITE_BEGIN("streams.combine");

TEST_CASE("zip pairs the values of two streams, and ends with the first that ends") {
    using pair = std::pair<int, int>;
    CHECK(values_of(count(0, 3) | streams::zip(count(5, 2))) ==
          std::vector{pair(0, 5), pair(1, 6)});
    CHECK(values_of(count(0, 1) | streams::zip(streams::from(numbers(4)))) ==
          std::vector{pair(0, 0)});
}

namespace {

/// Gives n numbers, and logs when it is asked for each, and when it has ended.
stream<int> asked(trace& t, std::string name, int n) {
    noted frame(t, name + " is gone");
    for (int i = 0; i < n; ++i) {
        t(name + std::to_string(i));
        co_yield i;
    }
}

stream<std::string> words(int n) {
    for (int i = 0; i < n; ++i) {
        std::string word(static_cast<std::size_t>(i), 'x');
        co_yield std::move(word);
    }
}

template <class S>
task<> log_end(trace& t, S from) {
    using T = typename S::value_type;
    try {
        while (std::optional<T> v = co_await from.next())
            t("a value");
        t("end");
    } catch (...) {
        t(test::why(std::current_exception()));
    }
    std::optional<T> more = co_await from.next();
    CHECK(!more);
}

}  // namespace

TEST_CASE("zip of several gives tuples of a value of each") {
    test::run_virtual([]() -> task<> {
        channel<double> c(2);
        co_await c.send(0.5);
        co_await c.send(1.5);
        auto s = count(0, 9) | streams::zip(words(5), c, streams::from(numbers(9)));
        using row = std::tuple<int, std::string, double, int>;
        static_assert(std::is_same_v<decltype(s)::value_type, row>);
        auto first = co_await s.next();
        CHECK((first == row(0, "", 0.5, 0)));
        auto second = co_await s.next();
        CHECK((second == row(1, "x", 1.5, 1)));
        c.close();
        auto third = co_await s.next();
        CHECK(!third);
    }());
}

TEST_CASE("zip asks from left to right, and after one that has ended asks none") {
    trace t;
    values_of(asked(t, "a", 3) | streams::zip(asked(t, "b", 1), asked(t, "c", 3)) |
              streams::map([](const std::tuple<int, int, int>&) { return 0; }));
    CHECK(t.take() ==
          lines{"a0", "b0", "c0", "a1", "b is gone", "a is gone", "c is gone"});
    values_of(asked(t, "a", 3) | streams::zip(asked(t, "b", 3), asked(t, "c", 1)) |
              streams::map([](const std::tuple<int, int, int>&) { return 0; }));
    lines got = t.take();
    CHECK(std::count(got.begin(), got.end(), "b1") == 1);
    CHECK(std::count(got.begin(), got.end(), "a2") == 0);
}

TEST_CASE("zip that is cancelled while one of its streams waits has ended") {
    world w;
    trace t;
    auto reads = w.go(
        [](trace& log) {
            return log_end(log, asked(log, "a", 3) |
                                    streams::zip(waits(log, "b"), asked(log, "c", 3)));
        },
        ref(t));
    w.settle();
    CHECK(t.take() == lines{"a0", "b begins"});
    reads.cancel();
    w.settle();
    lines then = t.take();
    CHECK(then.front() == "b: cancelled: closed");
    CHECK(std::count(then.begin(), then.end(), "cancelled: closed") == 1);
    CHECK(std::count(then.begin(), then.end(), "a value") == 0);
    CHECK(w.live() == 0);
}

TEST_CASE("zip hands on values that can only be moved") {
    test::run_virtual([]() -> task<> {
        auto number = [](int n) { return tracked(n); };
        auto s = count(0, 1) | streams::map(number) |
                 streams::zip(count(1, 1) | streams::map(number),
                              count(2, 1) | streams::map(number));
        auto row = co_await s.next();
        CHECK(std::get<0>(*row).value() == 0);
        CHECK(std::get<1>(*row).value() == 1);
        CHECK(std::get<2>(*row).value() == 2);
    }());
    CHECK(tracked::alive() == 0);
}

TEST_CASE("concat reads one stream after the other: streams, receivers and ranges") {
    channel<int> c(1);
    CHECK(c.try_send(5) == heddle::try_status::done);
    c.close();
    CHECK(
        values_of(count(0, 2) | streams::concat(streams::from(std::vector{2, 3, 4}), c,
                                                count(6, 1) | streams::map(square_of),
                                                count(0, 0), count(7, 1))) ==
        std::vector{0, 1, 2, 3, 4, 5, 36, 7});
    trace t;
    values_of(asked(t, "a", 1) | streams::concat(asked(t, "b", 1), asked(t, "c", 1)));
    CHECK(t.take() == lines{"a0", "a is gone", "b0", "b is gone", "c0", "c is gone"});
}

TEST_CASE(
    "concat reads no further when one of its streams has failed or is cancelled") {
    world w;
    trace t;
    w.go(
        [](trace& log) {
            return log_end(log, fails_after(1) | streams::concat(asked(log, "b", 1),
                                                                 asked(log, "c", 1)));
        },
        ref(t));
    w.settle();
    lines got = t.take();
    CHECK(std::count(got.begin(), got.end(), "failed") == 1);
    CHECK(std::count(got.begin(), got.end(), "b0") == 0);
    auto reads = w.go(
        [](trace& log) {
            return log_end(log,
                           asked(log, "a", 1) |
                               streams::concat(waits(log, "b"), asked(log, "c", 1)));
        },
        ref(t));
    w.settle();
    reads.cancel();
    w.settle();
    got = t.take();
    CHECK(std::count(got.begin(), got.end(), "cancelled: closed") == 1);
    CHECK(std::count(got.begin(), got.end(), "c0") == 0);
    CHECK(w.live() == 0);
}

TEST_CASE("concat reads the second stream after the first, and not before") {
    trace t;
    CHECK(values_of(count(0, 2) | streams::concat(count(7, 2)) | streams::take(3)) ==
          std::vector{0, 1, 7});
    CHECK(values_of(count(0, 2) | streams::concat(waits(t, "ann")) |
                    streams::take(2)) == numbers(2));
    CHECK(t.take().empty());
}

TEST_CASE("flatten reads streams, receivers and ranges one after the other") {
    auto counts = [](int n) { return count(0, n); };
    CHECK(values_of(count(0, 4) | streams::map(counts) | streams::flatten()) ==
          std::vector{0, 0, 1, 0, 1, 2});
    CHECK(values_of(count(0, 4) | streams::map(numbers) | streams::flatten()) ==
          std::vector{0, 0, 1, 0, 1, 2});
    test::run_virtual([]() -> task<> {
        channel<int> c(2);
        co_await c.send(1);
        co_await c.send(2);
        c.close();
        std::vector<receiver<int>> both{c, c};
        auto s = streams::from(both) | streams::flatten();
        auto got_1 = co_await (std::move(s) | streams::to_vector());
        CHECK(got_1 == std::vector{1, 2});
    }());
}

TEST_CASE("merge gives values as they come, keeps the order of each, and ends with the "
          "last") {
    trace t;
    test::run_virtual([](trace& to) -> task<> {
        channel<int> c(1);
        co_await c.send(9);
        c.close();
        co_await drain(to, every(2ms, 0, 3) | streams::merge(every(3ms, 5, 2), c));
    }(t));
    // At 6 ms both are due: the timer that was set first is the first.
    CHECK(t.take() == lines{"9", "0", "5", "1", "6", "2", "end"});
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        auto all = test::run_virtual(
            count(0, 20) | streams::merge(count(100, 20)) | streams::to_vector(), seed);
        CHECK(all.size() == 40);
        int next[] = {0, 100};
        for (int v : all)
            CHECK(v == next[v / 100]++);
    }
}

TEST_CASE("the first exception of an input cancels the others, and leaves next() when "
          "they have ended") {
    world w;
    trace t;
    w.go(note_end, ref(t), "merge",
         drain(t, waits(t, "ann") | streams::merge(fails_after(1), waits(t, "bob"))));
    w.settle();
    CHECK(t.take() == lines{"ann begins", "bob begins", "bob: cancelled: failed",
                            "bob is gone", "0", "ann: cancelled: failed", "ann is gone",
                            "merge: failed"});
    CHECK(w.live() == 0);
}

TEST_CASE(
    "a merge that is dropped, cancelled, or whose context ends cancels its tasks") {
    for (int how : {0, 1, 2}) {
        trace t;
        {
            world w;
            heddle::event drop;
            auto read = [](trace& to, heddle::event& end) -> task<> {
                auto s = count(0, 1) | streams::merge(waits(to, "ann"));
                (void)co_await s.next();
                if (!end.is_set()) {
                    std::optional<int> v;
                    v = co_await s.next();
                }
            };
            if (how == 0)
                drop.set();
            auto h = w.go(note_end, ref(t), "reader", read(t, drop));
            w.settle();
            if (how == 1)
                h.cancel();
            w.settle();
            CHECK(w.live() == (how == 2 ? 2 : 0));
        }
        lines all = t.take();
        CHECK(std::ranges::count(all, "ann is gone") == 1);
    }
}

TEST_CASE("a combined stream that is dropped before it is read starts nothing") {
    trace t;
    (void)(waits(t, "ann") | streams::merge(waits(t, "bob")) |
           streams::map_parallel(2, [](int n) { return n; }));
    CHECK(t.take().empty());
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("streams.parallel");

TEST_CASE(
    "map_parallel gives results in the order of the values, with a limit of calls") {
    for (int limit : {1, 3, 50}) {
        meter m;
        auto call = [&m](int n) { return square(m, n); };
        CHECK(values_of(count(0, 20) | streams::map_parallel(limit, call)) ==
              squares(20));
        CHECK(m.most == std::min(limit, 20));
    }
}

TEST_CASE("map_unordered gives results as the calls end, with a limit of calls") {
    for (int limit : {1, 3, 50}) {
        meter m;
        auto call = [&m](int n) { return square(m, n); };
        auto all = values_of(count(0, 20) | streams::map_unordered(limit, call));
        CHECK((all == squares(20)) == (limit == 1));
        std::ranges::sort(all);
        CHECK(all == squares(20));
        CHECK(m.most == std::min(limit, 20));
    }
}

TEST_CASE("a slow source does not hold results back, and f may be a plain function") {
    trace t;
    test::run_virtual([](trace& to) -> task<> {
        auto begin = heddle::now();
        auto s = every(10ms, 0, 2) |
                 streams::map_parallel(5, [](int n) { return n + 1; }) |
                 streams::map_unordered(5, [](int n) { return n * 2; });
        while (std::optional<int> v = co_await s.next())
            to(std::to_string(*v) + " at " +
               std::to_string((heddle::now() - begin) / 1ms));
    }(t));
    CHECK(t.take() == lines{"2 at 10", "4 at 20"});
}

TEST_CASE("calls that have ended and were not read count for the limit") {
    for (bool ordered : {true, false}) {
        world w;
        trace t;
        heddle::event go_on;
        auto call = [&t](int n) {
            t("call " + std::to_string(n));
            return n;
        };
        auto read = [&]<class S>(S s) -> task<> {
            (void)co_await s.next();
            co_await go_on.wait();
        };
        if (ordered)
            w.go(read(count(0, 9) | streams::map_parallel(2, call)));
        else
            w.go(read(count(0, 9) | streams::map_unordered(2, call)));
        w.settle();
        CHECK(t.take() == lines{"call 0", "call 1", "call 2"});
        go_on.set();
        w.settle();
        CHECK(w.live() == 0);
    }
}

TEST_CASE("an exception of a call, or of the source, comes in its place in the order") {
    trace t;
    auto call = [](int n) -> task<int> {
        co_await heddle::sleep(n == 1 ? 1ms : 5ms);
        if (n == 1)
            throw std::runtime_error("one");
        co_return n;
    };
    test::run_virtual(
        note_end(t, "call", drain(t, count(0, 9) | streams::map_parallel(3, call))));
    CHECK(t.take() == lines{"0", "call: one"});
    auto slow = [](int n) -> task<int> {
        co_await heddle::sleep(5ms);
        co_return n;
    };
    test::run_virtual(note_end(
        t, "source", drain(t, fails_after(2) | streams::map_parallel(9, slow))));
    CHECK(t.take() == lines{"0", "1", "source: failed"});
}

TEST_CASE(
    "without an order the first exception cancels all, and is thrown when they have "
    "ended") {
    world w;
    trace t;
    heddle::event go_on;
    auto call = [&](int n) -> task<int> {
        noted frame(t, std::to_string(n) + " is gone");
        if (n == 1) {
            co_await go_on.wait();
            throw std::runtime_error("one");
        }
        heddle::event never;
        co_await never.wait();
        co_return n;
    };
    w.go(note_end, ref(t), "reader",
         drain(t, count(0, 9) | streams::map_unordered(3, call)));
    w.settle();
    CHECK(t.take().empty());
    go_on.set();
    w.settle();
    CHECK(t.take() == lines{"1 is gone", "2 is gone", "0 is gone", "reader: one"});
    CHECK(w.live() == 0);
}

TEST_CASE(
    "calls are cancelled when the reader is, when the stream is dropped, and when "
    "the context ends") {
    for (bool ordered : {true, false})
        for (int how : {0, 1, 2}) {
            trace t;
            heddle::event drop;
            {
                world w;
                auto call = [&t](int n) -> task<int> {
                    noted frame(t, std::to_string(n) + " is gone");
                    heddle::event never;
                    if (n > 0)
                        co_await never.wait();
                    co_return n;
                };
                auto read = [&]<class S>(S s) -> task<> {
                    (void)co_await s.next();
                    if (how == 0)
                        co_await drop.wait();
                    else
                        (void)co_await s.next();
                };
                heddle::join_handle<> h;
                if (ordered)
                    h = w.go(note_end, ref(t), "reader",
                             read(count(0, 9) | streams::map_parallel(2, call)));
                else
                    h = w.go(note_end, ref(t), "reader",
                             read(count(0, 9) | streams::map_unordered(2, call)));
                w.settle();
                CHECK(t.take() == lines{"0 is gone"});
                if (how == 0)
                    drop.set();
                if (how == 1)
                    h.cancel();
                w.settle();
                CHECK((w.live() == 0) == (how != 2));
            }
            lines all = t.take();
            CHECK(std::ranges::count(all, "1 is gone") == 1);
            CHECK(std::ranges::count(all, "2 is gone") == 1);
        }
}

TEST_CASE("a limit below one is refused when the operator is made, by name") {
    auto same = [](int n) { return n; };
    CHECK(test::ending_of_call([&] { (void)streams::map_parallel(0, same); }) ==
          "heddle: map_parallel with a limit of 0: it must be 1 or more");
    CHECK(test::ending_of_call([&] { (void)streams::map_unordered(-3, same); }) ==
          "heddle: map_unordered with a limit of -3: it must be 1 or more");
}

TEST_CASE(
    "values that can only be moved go through calls, and each is destroyed once") {
    auto tracked_of = [](int n) { return tracked(n); };
    auto pass = [](tracked v) -> task<tracked> {
        co_await heddle::yield();
        co_return v;
    };
    {
        auto all =
            values_of(count(0, 5) | streams::map(tracked_of) |
                      streams::map_parallel(2, pass) | streams::map_unordered(2, pass));
        CHECK(all.size() == 5);
        CHECK(tracked::alive() == 5);
    }
    (void)values_of(count(0, 5) | streams::map(tracked_of) |
                    streams::map_parallel(3, pass) | streams::take(1));
    CHECK(tracked::alive() == 0);
}

TEST_CASE("whichever task runs first, the results are the same") {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        meter m;
        auto call = [&m](int n) { return square(m, n); };
        auto all =
            test::run_virtual(count(0, 20) | streams::map_parallel(4, call) |
                                  streams::map_parallel(2, [](int n) { return n; }) |
                                  streams::to_vector(),
                              seed);
        CHECK(all == squares(20));
        CHECK(m.most <= 4);
    }
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("streams.retry");

TEST_CASE("retry begins anew when a stream has failed, so many times") {
    int made = 0;
    auto make = [&made] { return fails_after(++made); };
    trace t;
    test::run_virtual(note_end(t, "retry", drain(t, streams::retry(2, make))));
    CHECK(t.take() == lines{"0", "0", "1", "0", "1", "2", "retry: failed"});
    CHECK(made == 3);
    auto once = [&t] {
        return fails_after(1) | streams::inspect([&t](int) { t("see"); });
    };
    test::run_virtual(note_end(t, "retry", drain(t, streams::retry(0, once))));
    CHECK(t.take() == lines{"see", "0", "retry: failed"});
    CHECK(values_of(streams::retry(5, [] { return count(0, 2); })) == numbers(2));
    CHECK(test::ending_of_call([&] { (void)streams::retry(-1, make); }) ==
          "heddle: retry of -1: it must be 0 or more");
}

TEST_CASE("a stream that failed is gone before the next one begins; `cancelled` is not "
          "tried again") {
    world w;
    trace t;
    int made = 0;
    auto make = [&]() {
        t("made");
        return ++made == 1 ? fails_after(0) : waits(t, "ann");
    };
    auto h = w.go(note_end, ref(t), "retry", drain(t, streams::retry(9, make)));
    w.settle();
    h.cancel();
    w.settle();
    CHECK(t.take() == lines{"made", "made", "ann begins", "ann: cancelled: closed",
                            "ann is gone", "retry: cancelled: closed"});
    CHECK(w.live() == 0);
}

TEST_SUITE_END();
