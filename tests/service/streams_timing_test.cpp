// SPDX-License-Identifier: BSL-1.0
// The promises of the operators that look at the time, in virtual time.
#include <heddle/streams.hpp>

#include "support/notes.hpp"
#include "support/tasks.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using heddle::channel;
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

/// Yields 0, 1, ... after each of these pauses; then fails, or ends.
stream<int> pauses(std::vector<int> ms, bool fails = false) {
    for (int i = 0; int pause : ms) {
        co_await heddle::sleep(pause * 1ms);
        co_yield i++;
    }
    if (fails)
        throw std::runtime_error("failed");
}

/// Waits for ever; logs its end.
stream<int> silent(trace& t) {
    noted frame(t, "frame is gone");
    heddle::event never;
    co_await never.wait();
    co_yield 1;
}

stream<tracked> track(int n) {
    for (int i = 0; i < n; ++i) {
        co_await heddle::sleep(1ms);
        co_yield tracked(i);
    }
}

std::string text(int n) { return std::to_string(n); }
std::string text(const std::vector<int>& chunk) {
    std::string all = "[";
    for (int n : chunk)
        all += std::to_string(n);
    return all + "]";
}

/// Logs each value, and when it came.
template <class S>
task<> log(trace& t, S from) {
    auto begin = heddle::now();
    auto at = [begin] {
        return " at " + std::to_string((heddle::now() - begin) / 1ms);
    };
    try {
        while (std::optional<typename S::value_type> v = co_await from.next())
            t(text(*v) + at());
        t("end" + at());
    } catch (...) {
        t(test::why(std::current_exception()) + at());
    }
}

template <class S>
lines log_of(S from) {
    trace t;
    test::run_virtual(log(t, std::move(from)));
    return t.take();
}

}  // namespace

TEST_SUITE_BEGIN("streams.timing");

TEST_CASE("chunks gives vectors of n values; the last one may be shorter") {
    auto of = [](int n) { return streams::from(numbers(n)) | streams::chunks(2); };
    CHECK(log_of(of(5)) == lines{"[01] at 0", "[23] at 0", "[4] at 0", "end at 0"});
    CHECK(log_of(of(4)) == lines{"[01] at 0", "[23] at 0", "end at 0"});
    CHECK(log_of(of(0)) == lines{"end at 0"});
}

TEST_CASE(
    "chunks with a time gives what there is when the time since the first is over") {
    CHECK(log_of(pauses({1, 1, 1, 9, 4, 9}) | streams::chunks(3, 5ms)) ==
          lines{"[012] at 3", "[34] at 17", "[5] at 25", "end at 25"});
    CHECK(log_of(pauses({}) | streams::chunks(3, 5ms)) == lines{"end at 0"});
}

TEST_CASE("values that came before an exception come before it") {
    CHECK(log_of(pauses({1, 1, 1}, true) | streams::chunks(2)) ==
          lines{"[01] at 2", "[2] at 3", "failed at 3"});
    CHECK(log_of(pauses({1, 1, 1}, true) | streams::chunks(2, 9ms)) ==
          lines{"[01] at 2", "[2] at 3", "failed at 3"});
    CHECK(log_of(pauses({1}, true) | streams::debounce(9ms)) ==
          lines{"0 at 1", "failed at 1"});
    CHECK(log_of(pauses({1, 9}, true) | streams::sample(4ms)) ==
          lines{"0 at 4", "failed at 10"});
}

TEST_CASE(
    "debounce gives a value when no other has followed it for so long, and the last") {
    CHECK(log_of(pauses({1, 1, 1, 9, 2, 9, 1}) | streams::debounce(5ms)) ==
          lines{"2 at 8", "4 at 19", "6 at 24", "end at 24"});
    CHECK(log_of(pauses({}) | streams::debounce(5ms)) == lines{"end at 0"});
}

TEST_CASE("throttle gives values at least so far apart, and loses none") {
    CHECK(log_of(pauses({0, 0, 0, 20, 1}) | streams::throttle(5ms)) ==
          lines{"0 at 0", "1 at 5", "2 at 10", "3 at 30", "4 at 35", "end at 35"});
}

TEST_CASE("sample gives the latest value at each tick, if there is a new one") {
    CHECK(log_of(pauses({1, 1, 1, 14, 1}) | streams::sample(4ms)) ==
          lines{"2 at 4", "end at 18"});
    CHECK(log_of(pauses({1, 2, 2, 9}) | streams::sample(4ms)) ==
          lines{"1 at 4", "2 at 8", "end at 14"});
}

TEST_CASE("timeout ends the wait for a value that takes too long, with timed_out") {
    CHECK(log_of(pauses({3, 3, 9}) | streams::timeout(5ms)) ==
          lines{"0 at 3", "1 at 6", "timed out at 11"});
    CHECK(log_of(pauses({3, 3}) | streams::timeout(5ms)) ==
          lines{"0 at 3", "1 at 6", "end at 6"});
    trace t;
    test::run_virtual(log(t, silent(t) | streams::timeout(5ms)));
    CHECK(t.take() == lines{"frame is gone", "timed out at 5"});
}

TEST_CASE("times that are not above zero, and sizes below one, are refused by name") {
    CHECK(test::ending_of_call([] { (void)streams::debounce(0ms); }) ==
          "heddle: debounce with a time of 0 ns: it must be above zero");
    CHECK(test::ending_of_call([] { (void)streams::sample(-1ns); }) ==
          "heddle: sample with a time of -1 ns: it must be above zero");
    CHECK(test::ending_of_call([] { (void)streams::throttle(0s); }) ==
          "heddle: throttle with a time of 0 ns: it must be above zero");
    CHECK(test::ending_of_call([] { (void)streams::timeout(0s); }) ==
          "heddle: timeout with a time of 0 ns: it must be above zero");
    CHECK(test::ending_of_call([] { (void)streams::chunks(0); }) ==
          "heddle: chunks with a limit of 0: it must be 1 or more");
    CHECK(test::ending_of_call([] { (void)streams::chunks(3, 0s); }) ==
          "heddle: chunks with a time of 0 ns: it must be above zero");
}

TEST_CASE("a stream that is read by a task is cancelled when the reader is, when it is "
          "dropped, and when the context ends") {
    auto read = []<class S>(S s) -> task<> {
        std::optional<typename S::value_type> v = co_await s.next();
        CHECK(!v);
    };
    for (int kind : {0, 1, 2})
        for (bool cancel : {true, false}) {
            trace t;
            {
                world w;
                auto h = kind == 0   ? w.go(read(silent(t) | streams::debounce(1h)))
                         : kind == 1 ? w.go(read(silent(t) | streams::chunks(2, 1h)))
                                     : w.go(read(silent(t) | streams::sample(1h)));
                w.settle();
                CHECK(w.live() == 2);
                if (cancel) {
                    h.cancel();
                    w.settle();
                    CHECK(w.live() == 0);
                }
            }
            CHECK(t.take() == lines{"frame is gone"});
        }
    trace t;
    test::run_virtual([](trace& to) -> task<> {
        {
            auto s = silent(to) | streams::merge(pauses({1})) | streams::debounce(1ms);
            std::optional<int> v = co_await s.next();
            to(text(*v));
        }
        for (int i = 0; i < 3; ++i)
            co_await heddle::yield();
        to("later");
    }(t));
    CHECK(t.take() == lines{"0", "frame is gone", "later"});
}

TEST_CASE("a stream that is first read in a scope, such as a time limit, outlives it") {
    test::run_virtual([]() -> task<> {
        auto one = []<class S>(S& s) -> task<int> {
            std::optional<int> v = co_await s.next();
            co_return v.value_or(-1);
        };
        auto s = pauses({1, 1, 1}) | streams::merge(pauses({9})) |
                 streams::debounce(5ms) |
                 streams::map_parallel(2, [](int n) { return n; });
        int first = co_await heddle::with_timeout(1h, one(s));
        CHECK(first == 2);
        int second = co_await heddle::with_timeout(1h, one(s));
        CHECK(second == 0);
        CHECK(co_await one(s) == -1);
    }());
}

TEST_CASE("operators of time destroy each value once") {
    test::run_virtual([]() -> task<> {
        auto a = co_await (track(5) | streams::debounce(3ms) | streams::to_vector());
        CHECK(a.size() == 1);
        auto b = co_await (track(5) | streams::sample(2ms) | streams::to_vector());
        CHECK(!b.empty());
        auto c = co_await (track(5) | streams::chunks(2, 9ms) | streams::flatten() |
                           streams::timeout(9ms) | streams::throttle(1ms) |
                           streams::to_vector());
        CHECK(c.size() == 5);
        auto d = co_await (track(5) | streams::chunks(2) | streams::take(1) |
                           streams::to_vector());
        CHECK(d.size() == 1);
    }());
    CHECK(tracked::alive() == 0);
}

TEST_SUITE_END();
