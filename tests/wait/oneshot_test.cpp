// SPDX-License-Identifier: BSL-1.0
// The promises of a oneshot.
#include <heddle/oneshot.hpp>

#include "support/ending.hpp"
#include "support/joined_thread.hpp"
#include "support/world.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace {

using heddle::oneshot;
using heddle::task;
using std::ref;
using test::lines;
using test::trace;
using test::tracked;
using test::world;

task<> get(heddle::future<int> f, trace& t) {
    try {
        int v = co_await f.get();
        t("got " + std::to_string(v));
    } catch (...) {
        t(test::why(std::current_exception()));
    }
}

task<> get_twice(heddle::future<int> f, trace& t) {
    int v = co_await f.get();
    t("got " + std::to_string(v));
    std::string how = co_await test::ending(f.get());
    t(how);
}

task<> get_or(heddle::future<int>& f, heddle::event& other, trace& t) {
    std::optional<int> v;
    try {
        bool won = co_await heddle::select(f.get(v), other.wait()) == 0;
        t(won ? "got " + std::to_string(*v) : "other");
    } catch (...) {
        t(test::why(std::current_exception()));
    }
}

task<> until_abandoned(heddle::promise<int>& p, trace& t) {
    std::string how = co_await test::ending(p.abandoned());
    t("abandoned: " + how);
}

}  // namespace

TEST_SUITE_BEGIN("oneshot");

TEST_CASE("a value that was set is got, whichever comes first; nobody resumes inside "
          "set()") {
    world w;
    trace t;
    auto [promise, future] = oneshot<int>();
    SUBCASE("get first") {
        w.go(get, std::move(future), ref(t));
        w.settle();
        CHECK(promise.set(7));
        CHECK(t.take().empty());
    }
    SUBCASE("set first") {
        CHECK_FALSE(future.ready());
        CHECK(promise.set(7));
        CHECK(future.ready());
        w.go(get, std::move(future), ref(t));
    }
    SUBCASE("set first, and the promise is gone") {
        CHECK(promise.set(7));
        promise = {};
        w.go(get, std::move(future), ref(t));
    }
    w.settle();
    CHECK(t.take() == lines{"got 7"});
}

TEST_CASE("a promise that is gone and gave nothing says so") {
    world w;
    trace t;
    auto [promise, future] = oneshot<int>();
    w.go(get, std::move(future), ref(t));
    w.settle();
    promise = {};
    w.settle();
    CHECK(test::contains(t.take().at(0), "the promise of this future is gone"));
}

TEST_CASE("a promise may give an exception, once") {
    world w;
    trace t;
    auto [promise, future] = oneshot<int>();
    CHECK(promise.fail(test::cause("no route")));
    CHECK_FALSE(promise.fail(test::cause("again")));
    CHECK_FALSE(promise.set(1));
    w.go(get, std::move(future), ref(t));
    w.settle();
    CHECK(t.take() == lines{"no route"});
}

TEST_CASE("a value that nobody can get is still the giver's") {
    oneshot<tracked> o;
    tracked v(3);
    SUBCASE("the future is gone") { o.future = {}; }
    SUBCASE("another was given") { CHECK(o.promise.set(tracked(1))); }
    SUBCASE("the promise is nil") { o.promise = {}; }
    CHECK_FALSE(o.promise.set(std::move(v)));
    CHECK(v.value() == 3);
}

TEST_CASE("abandoned() waits until the future is gone, or has been given something") {
    world w;
    trace t;
    auto [promise, future] = oneshot<int>();
    w.go(until_abandoned, ref(promise), ref(t));
    w.settle();
    CHECK(t.take().empty());
    SUBCASE("gone") { future = {}; }
    SUBCASE("given, while it is waited for") {
        w.go(get, std::move(future), ref(t));
        w.settle();
        CHECK(promise.set(1));
        w.settle();
        CHECK(t.take() == lines{"got 1", "abandoned: ok"});
        w.go(until_abandoned, ref(promise), ref(t));
    }
    SUBCASE("given, and got later") {
        CHECK(promise.set(1));
        w.settle();
        CHECK(t.take() == lines{"abandoned: ok"});
        w.go(get, std::move(future), ref(t));
        w.settle();
        CHECK(t.take() == lines{"got 1"});
        w.go(until_abandoned, ref(promise), ref(t));
    }
    w.settle();
    CHECK(t.take() == lines{"abandoned: ok"});
}

TEST_CASE("get is an arm; one that loses, or is cancelled, has taken nothing") {
    world w;
    trace t;
    auto [promise, future] = oneshot<int>();
    heddle::event other;
    auto h = w.go(get_or, ref(future), ref(other), ref(t));
    w.settle();
    SUBCASE("loses") {
        other.set();
        w.settle();
        CHECK(t.take() == lines{"other"});
    }
    SUBCASE("cancelled") {
        h.cancel();
        w.settle();
        CHECK(t.take() == lines{"cancelled: closed"});
    }
    heddle::event never;
    CHECK(promise.set(4));
    w.go(get_or, ref(future), ref(never), ref(t));
    w.settle();
    CHECK(t.take() == lines{"got 4"});
}

TEST_CASE("an arm throws what get would") {
    world w;
    trace t;
    auto [promise, future] = oneshot<int>();
    heddle::event never;
    w.go(get_or, ref(future), ref(never), ref(t));
    w.settle();
    CHECK(promise.fail(test::cause("no route")));
    w.settle();
    CHECK(t.take() == lines{"no route"});
}

TEST_CASE("a second get is already_joined") {
    world w;
    trace t;
    auto [promise, future] = oneshot<int>();
    CHECK(promise.set(4));
    w.go(get_twice, std::move(future), ref(t));
    w.settle();
    CHECK(t.take() == lines{"got 4", "already joined"});
}

TEST_CASE("a signal needs no value, and a nil future waits for ever") {
    world w;
    trace t;
    auto [promise, future] = oneshot<>();
    CHECK(promise.set());
    CHECK(future.ready());
    heddle::future<int> nil;
    CHECK_FALSE(nil.ready());
    w.go(get, std::move(nil), ref(t));
    w.settle();
    CHECK(t.take().empty());
}

TEST_CASE("a value that is never got is destroyed with the last end") {
    int before = tracked::alive();
    {
        oneshot<tracked> o;
        CHECK(o.promise.set(tracked(1)));
        o.promise = {};
        CHECK(tracked::alive() == before + 1);
    }
    CHECK(tracked::alive() == before);
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("oneshot.threads");

TEST_CASE(
    "a callback on another thread gives the value, and a thread may wait for it") {
    auto [promise, future] = oneshot<std::string>();
    test::joined_thread giver([&p = promise] { CHECK(p.set("from a thread")); });
    CHECK(future.get_blocking() == "from a thread");
}

TEST_SUITE_END();
