// SPDX-License-Identifier: BSL-1.0
// The promises of a stream, and of the operators that have no frame of their own. One
// thread is stepped by hand.
#include <heddle/streams.hpp>

#include "support/notes.hpp"
#include "support/tasks.hpp"

#include <doctest/doctest.h>

#include <array>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <string>
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

/// Logs each step, and the end of its frame.
stream<int> noisy(trace& t, int n) {
    noted frame(t, "frame is gone");
    for (int i = 0; i < n; ++i) {
        t("yields " + std::to_string(i));
        co_yield i;
    }
    t("ends");
}

stream<int> fails_after(int n) {
    for (int i = 0; i < n; ++i)
        co_yield i;
    throw std::runtime_error("failed");
}

/// Yields what it receives, and waits in between.
stream<int> relay(receiver<int> in) {
    while (std::optional<int> v = co_await in.receive()) {
        co_await heddle::yield();
        co_yield *v;
    }
}

stream<tracked> count_tracked(int n) {
    for (int i = 0; i < n; ++i)
        co_yield tracked(i);
}

stream<int> climb(int depth) {
    if (depth == 0) {
        co_yield 0;
        co_return;
    }
    auto below = climb(depth - 1);
    while (std::optional<int> v = co_await below.next())
        co_yield *v + 1;
}

/// Reads a stream of any kind to its end.
template <class S>
task<std::vector<typename S::value_type>> all_of(S from) {
    std::vector<typename S::value_type> all;
    while (std::optional<typename S::value_type> v = co_await from.next())
        all.push_back(*std::move(v));
    co_return all;
}

template <class S>
std::vector<typename S::value_type> values_of(S from) {
    return test::run_virtual(all_of(std::move(from)));
}

task<> print(trace& t, stream<int> from) {
    while (std::optional<int> v = co_await from.next())
        t(std::to_string(*v));
    t("end");
}

bool is_even(int n) { return n % 2 == 0; }
int square(int n) { return n * n; }

}  // namespace

TEST_SUITE_BEGIN("stream");

TEST_CASE(
    "the reader gets the values one by one, and an empty optional at the end, for "
    "ever") {
    test::run_virtual([]() -> task<> {
        auto s = count(1, 2);
        std::optional<int> a = co_await s.next(), b = co_await s.next();
        CHECK(a == 1);
        CHECK(b == 2);
        for (int i = 0; i < 3; ++i) {
            std::optional<int> end = co_await s.next();
            CHECK(!end);
        }
    }());
}

TEST_CASE(
    "the body runs when next() is called, and no further than the value it gives") {
    test::run_virtual([]() -> task<> {
        trace t;
        {
            auto s = noisy(t, 3);
            CHECK(t.take().empty());
            (void)co_await s.next();
            CHECK(t.take() == lines{"yields 0"});
            (void)co_await s.next();
            CHECK(t.take() == lines{"yields 1"});
        }
        CHECK(t.take() == lines{"frame is gone"});
    }());
}

TEST_CASE("a stream that is dropped before it was read never runs") {
    trace t;
    (void)noisy(t, 3);
    CHECK(t.take().empty());
}

TEST_CASE("at its end the frame is destroyed before next() returns") {
    test::run_virtual([]() -> task<> {
        trace t;
        auto s = noisy(t, 1);
        (void)co_await s.next();
        std::optional<int> end = co_await s.next();
        t(end ? "value" : "end");
        CHECK(t.take() == lines{"yields 0", "ends", "frame is gone", "end"});
    }());
}

TEST_CASE("an exception of the body leaves next(), and the stream has ended") {
    test::run_virtual([]() -> task<> {
        auto s = fails_after(1);
        std::optional<int> v = co_await s.next();
        CHECK(v == 0);
        std::string how = co_await test::ending(s.next());
        CHECK(how == "failed");
        v = co_await s.next();
        CHECK(!v);
    }());
}

TEST_CASE("the body may wait, under the token and on the host of the task that reads") {
    world w;
    trace t;
    channel<int> in;
    auto h = w.go(note_end, ref(t), "reader", print(t, relay(in)));
    w.settle();
    CHECK(w.live() == 1);
    w.go([](channel<int> to) -> task<> {
        co_await to.send(1);
        co_await to.send(2);
    }(in));
    w.settle();
    CHECK(t.take() == lines{"1", "2"});
    h.cancel(test::cause("stop"));
    w.settle();
    CHECK(t.take() == lines{"reader: cancelled: stop"});
    CHECK(w.live() == 0);
    CHECK(in.try_send(3) == heddle::try_status::would_block);  // nobody waits there
}

TEST_CASE(
    "next() itself does not throw `cancelled`; a body that does not wait goes on") {
    test::run_virtual([]() -> task<> {
        heddle::done_source stop;
        stop.close();
        auto s = count(0, 3);
        auto all = [](stream<int>& from) -> task<int> {
            int n = 0;
            while (std::optional<int> v = co_await from.next())
                ++n;
            co_return n;
        };
        CHECK(co_await heddle::with_done(stop.token(), all(s)) == 3);
    }());
}

TEST_CASE("a stream that is cancelled in its body has ended, with its frame") {
    world w;
    trace t;
    heddle::done_source stop;
    auto waits = [](trace& to) -> stream<int> {
        noted frame(to, "frame is gone");
        heddle::event never;
        co_yield 1;
        co_await never.wait();
    };
    w.go([](trace& to, stream<int> s, heddle::done_token token) -> task<> {
        auto two = [](stream<int>& from) -> task<> {
            (void)co_await from.next();
            (void)co_await from.next();
        };
        to(co_await test::ending(heddle::with_done(token, two(s))));
        std::optional<int> end = co_await s.next();
        to(end ? "value" : "end");
    }(t, waits(t), stop.token()));
    w.settle();
    CHECK(t.take().empty());
    stop.close();
    w.settle();
    CHECK(t.take() == lines{"frame is gone", "cancelled: closed", "end"});
}

TEST_CASE("a context that ends destroys a stream where it waits, where it yields, and "
          "where its reader waits") {
    for (int at : {0, 1, 2}) {
        trace t;
        {
            world w;
            channel<int> never;
            auto body = [](trace& to, channel<int> in, bool waits) -> stream<int> {
                noted frame(to, "frame");
                auto inner = noisy(to, 2);
                (void)co_await inner.next();
                if (waits)
                    (void)co_await in.receive();
                co_yield 1;
            };
            w.go([](trace& to, stream<int> s, channel<int> in, bool waits) -> task<> {
                noted frame(to, "reader");
                auto over = std::move(s) | streams::map(square);
                (void)co_await over.next();
                if (waits)
                    (void)co_await in.receive();
                (void)co_await over.next();
                (void)co_await in.receive();
            }(t, body(t, never, at == 0), never, at == 1));
            w.settle();
            CHECK(w.live() == 1);
            t.take();
        }
        lines ends = t.take();
        CHECK(ends.size() == (at == 2 ? 1 : 3));  // at the end only the reader is left
        CHECK(ends.back() == "reader");
    }
}

TEST_CASE(
    "a stream may be handed to another task, on another host, between two next()") {
    world a, b;
    trace t;
    channel<int> in(4);
    for (int i = 0; i < 4; ++i)
        (void)in.try_send(i);
    stream<int> s = relay(in);
    auto read = [](stream<int>& from, trace& to, std::string name) -> task<> {
        for (int i = 0; i < 2; ++i) {
            std::optional<int> v = co_await from.next();
            to(name + std::to_string(*v));
        }
    };
    a.go(read(s, t, "a"));
    a.settle();
    stream<int> moved = std::move(s);
    b.go(read(moved, t, "b"));
    b.settle();
    CHECK(t.take() == lines{"a0", "a1", "b2", "b3"});
    CHECK(a.live() + b.live() == 0);
}

TEST_CASE("a stream that was moved from has ended; assignment drops the old one") {
    test::run_virtual([]() -> task<> {
        trace t;
        auto s = noisy(t, 2);
        (void)co_await s.next();
        t.take();
        s = count(5, 1);
        CHECK(t.take() == lines{"frame is gone"});
        auto moved = std::move(s);
        std::optional<int> v = co_await moved.next();
        CHECK(v == 5);
        std::optional<int> none = co_await s.next();
        CHECK(!none);
    }());
}

TEST_CASE("an rvalue is moved once, an lvalue is copied; each is destroyed once") {
    test::run_virtual([]() -> task<> {
        auto s = count_tracked(3);
        int before = tracked::moved();
        std::optional<tracked> v = co_await s.next();
        CHECK(v->value() == 0);
        CHECK(tracked::moved() == before + 1);
        auto copies = []() -> stream<std::string> {
            std::string kept = "a string that does not fit into itself";
            co_yield kept;
            CHECK(!kept.empty());
            co_yield std::move(kept);
            co_yield "converted";
        }();
        std::vector<std::string> all = co_await all_of(std::move(copies));
        CHECK(all.size() == 3);
        CHECK(all[0] == all[1]);
        CHECK(all[2] == "converted");
    }());
    CHECK(tracked::alive() == 0);
}

TEST_CASE("streams may nest to any depth, and yield any number of values") {
    CHECK(values_of(climb(1000)) == std::vector{1000});
    CHECK(values_of(count(0, 100'000)).size() == 100'000);
}

TEST_CASE("a stream in a task<T> is given on like any value") {
    test::run_virtual([]() -> task<> {
        auto make = []() -> task<stream<int>> {
            co_await heddle::yield();
            co_return count(0, 2);
        };
        stream<int> s = co_await make();
        channel<stream<int>> c(1);
        co_await c.send(std::move(s));
        std::optional<stream<int>> got = co_await c.receive();
        CHECK(co_await all_of(*std::move(got)) == numbers(2));
    }());
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("streams.transform");

TEST_CASE(
    "map, filter, filter_map, inspect, scan and enumerate handle value by value") {
    CHECK(values_of(count(0, 4) | streams::map(square)) == std::vector{0, 1, 4, 9});
    CHECK(values_of(count(0, 5) | streams::filter(is_even)) == std::vector{0, 2, 4});
    auto half = [](int n) {
        return is_even(n) ? std::optional<int>(n / 2) : std::nullopt;
    };
    CHECK(values_of(count(0, 5) | streams::filter_map(half)) == numbers(3));
    CHECK(values_of(count(1, 4) | streams::scan(0, std::plus<>())) ==
          std::vector{1, 3, 6, 10});
    std::vector<int> seen;
    auto see = [&seen](const int& n) { seen.push_back(n); };
    CHECK(values_of(count(0, 3) | streams::inspect(see)) == seen);
    using pair = std::pair<std::size_t, int>;
    CHECK(values_of(count(7, 2) | streams::enumerate()) ==
          std::vector{pair(0, 7), pair(1, 8)});
}

TEST_CASE("take, take_while and skip count, and read no value that they do not give") {
    CHECK(values_of(count(0, 9) | streams::take(3u)) == numbers(3));
    CHECK(values_of(count(0, 2) | streams::take(3)) == numbers(2));
    CHECK(values_of(count(0, 9) | streams::skip(7)) == std::vector{7, 8});
    CHECK(values_of(count(0, 2) | streams::skip(7L)).empty());
    auto small = [](int n) { return n < 2; };
    CHECK(values_of(count(0, 9) | streams::take_while(small)) == numbers(2));
    trace t;
    CHECK(values_of(noisy(t, 9) | streams::take(0)).empty());
    CHECK(t.take().empty());
    CHECK(values_of(noisy(t, 9) | streams::take(1)) == numbers(1));
    CHECK(t.take() == lines{"yields 0", "frame is gone"});
    // A filter after take drops the last value: the stream has ended all the same.
    CHECK(values_of(count(1, 9) | streams::take(3) | streams::filter(is_even)) ==
          std::vector{2});
    CHECK(values_of(count(1, 9) | streams::filter(is_even) | streams::take(2)) ==
          std::vector{2, 4});
}

TEST_CASE("numbers below zero are refused at once, by name") {
    CHECK(test::ending_of_call([] { (void)streams::take(-1); }) ==
          "heddle: take of -1: it must be 0 or more");
    CHECK(test::ending_of_call([] { (void)streams::skip(-7L); }) ==
          "heddle: skip of -7: it must be 0 or more");
    (void)streams::take(~std::size_t(0));
}

TEST_CASE("a function may be a coroutine, for map, filter, fold and for_each") {
    test::run_virtual([]() -> task<> {
        auto slow = [](int n) -> task<int> {
            co_await heddle::sleep(1ms);
            co_return square(n);
        };
        auto even = [](const int& n) -> task<bool> {
            co_await heddle::yield();
            co_return is_even(n);
        };
        auto s = count(0, 5) | streams::map(slow) | streams::filter(even);
        auto got_1 = co_await all_of(std::move(s));
        CHECK(got_1 == std::vector{0, 4, 16});
        auto add = [](int sum, int n) -> task<int> {
            co_await heddle::yield();
            co_return sum + n;
        };
        CHECK(co_await (count(0, 5) | streams::fold(0, add)) == 10);
        int sum = 0;
        auto see = [&sum](int n) -> task<> {
            co_await heddle::yield();
            sum += n;
        };
        co_await (count(0, 5) | streams::for_each(see));
        CHECK(sum == 10);
    }());
}

TEST_CASE(
    "an exception of a function leaves next(), is not seen by the source, and the "
    "next call goes on") {
    for (bool over_range : {false, true}) {
        trace t;
        auto refuse_two = [](int n) {
            if (n == 2)
                throw std::runtime_error("two");
            return n;
        };
        auto read = [&]<class S>(S s) -> task<> {
            for (int i = 0; i < 5; ++i) {
                try {
                    std::optional<int> v = co_await s.next();
                    t(v ? std::to_string(*v) : "end");
                } catch (const std::runtime_error& e) {
                    t(e.what());
                }
            }
        };
        auto guarded = []() -> stream<int> {
            for (int i = 0; i < 4; ++i) {
                try {
                    co_yield i;
                } catch (...) {
                    FAIL("the source has seen it");
                }
            }
        };
        if (over_range)
            test::run_virtual(
                read(streams::from(numbers(4)) | streams::map(refuse_two)));
        else
            test::run_virtual(read(guarded() | streams::map(refuse_two)));
        CHECK(t.take() == lines{"0", "1", "two", "3", "end"});
    }
}

TEST_CASE("an exception of the source ends the pipeline") {
    trace t;
    test::run_virtual([](trace& to) -> task<> {
        auto s = fails_after(1) | streams::map(square);
        for (int i = 0; i < 3; ++i) {
            try {
                std::optional<int> v = co_await s.next();
                to(v ? std::to_string(*v) : "end");
            } catch (const std::runtime_error& e) {
                to(e.what());
            }
        }
    }(t));
    CHECK(t.take() == lines{"0", "failed", "end"});
}

TEST_CASE("pipelines carry values that can only be moved, and destroy each once") {
    auto v = values_of(count_tracked(5) |
                       streams::filter([](const tracked& n) { return n.value() > 1; }) |
                       streams::skip(1) | streams::map([](tracked n) { return n; }) |
                       streams::inspect([](const tracked&) {}) | streams::enumerate());
    REQUIRE(v.size() == 2);
    CHECK(v[1].second.value() == 4);
    CHECK(tracked::alive() == 2);
    v.clear();
    CHECK(tracked::alive() == 0);
}

TEST_CASE("a receiver, a channel and a range are streams, too") {
    test::run_virtual([]() -> task<> {
        channel<int> c(3);
        for (int i = 0; i < 3; ++i)
            co_await c.send(i);
        c.close();
        auto s = receiver<int>(c) | streams::map(square) | streams::take(2);
        auto got_2 = co_await all_of(std::move(s));
        CHECK(got_2 == std::vector{0, 1});
        CHECK(c.size() == 1);
        auto got_3 = co_await all_of(streams::from(c));
        CHECK(got_3 == std::vector{2});
        CHECK(co_await all_of(c | streams::map(square)) == std::vector<int>());
    }());
    std::vector<int> named = numbers(4);
    CHECK(values_of(streams::from(named)) == named);
    CHECK(values_of(streams::from(std::list{1, 2})) == std::vector{1, 2});
    CHECK(values_of(streams::from(std::views::iota(0, 4))) == named);
    CHECK(values_of(streams::from(named) | streams::filter(is_even)) ==
          std::vector{0, 2});
    std::vector<std::unique_ptr<int>> owned;
    owned.push_back(std::make_unique<int>(7));
    auto got = values_of(streams::from(std::move(owned)));
    CHECK(*got[0] == 7);
}

TEST_CASE("a pipeline becomes a stream<T> where that is asked for") {
    stream<int> plain = count(0, 3) | streams::map(square);
    CHECK(values_of(std::move(plain)) == std::vector{0, 1, 4});
    stream<int> of_range = streams::from(numbers(3));
    CHECK(values_of(std::move(of_range)) == numbers(3));
}

TEST_CASE("an operator that is named can be used again") {
    auto evens = streams::filter(is_even);
    CHECK(values_of(count(0, 3) | evens) == std::vector{0, 2});
    CHECK(values_of(count(3, 3) | evens) == std::vector{4});
}

TEST_CASE("to_vector, fold, for_each, into and to_channel read a stream to its end") {
    test::run_virtual([]() -> task<> {
        CHECK(co_await (count(0, 3) | streams::to_vector()) == numbers(3));
        CHECK(co_await (streams::from(numbers(3)) | streams::to_vector()) ==
              numbers(3));
        CHECK(co_await (count(1, 4) | streams::fold(0, std::plus<>())) == 10);
        int sum = 0;
        auto add = [&sum](int n) { sum += n; };
        co_await (count(1, 4) | streams::take(3) | streams::for_each(add));
        CHECK(sum == 6);
        channel<int> c(9);
        co_await (count(0, 3) | streams::into(c));
        CHECK(!c.closed());
        CHECK(c.size() == 3);
        c.close();
        std::string how = co_await test::ending(count(0, 1) | streams::into(c));
        CHECK(test::contains(how, "heddle: send on a closed channel"));
        receiver<int> in = count(0, 3) | streams::to_channel(1);
        std::optional<int> v;
        std::size_t first = co_await heddle::select(in.receive(v), heddle::after(1h));
        CHECK(first == 0);
        CHECK(v == 0);
        auto got_4 = co_await all_of(streams::from(in));
        CHECK(got_4 == std::vector{1, 2});
        CHECK(in.closed());
    }());
}

TEST_CASE("an exception, of the stream or of a function, leaves what reads the stream, "
          "which is gone then") {
    test::run_virtual([]() -> task<> {
        trace t;
        CHECK(co_await test::ending(fails_after(2) | streams::to_vector()) == "failed");
        auto refuse = [](int n) {
            if (n == 1)
                throw std::runtime_error("one");
        };
        CHECK(co_await test::ending(noisy(t, 3) | streams::for_each(refuse)) == "one");
        CHECK(t.take() == lines{"yields 0", "yields 1", "frame is gone"});
        CHECK(co_await test::ending(streams::from(numbers(3)) |
                                    streams::for_each(refuse)) == "one");
    }());
}

TEST_CASE("a loop over a stream is cancelled in the waits of the stream") {
    world w;
    trace t;
    channel<int> never;
    auto h =
        w.go(note_end, ref(t), "loop", relay(never) | streams::for_each([](int) {}));
    w.settle();
    h.cancel();
    w.settle();
    CHECK(t.take() == lines{"loop: cancelled: closed"});
    CHECK(w.live() == 0);
}

TEST_SUITE_END();
