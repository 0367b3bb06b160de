// SPDX-License-Identifier: BSL-1.0
// The promises of generate, merge and unbounded. One thread is stepped by hand.
#include <heddle/patterns.hpp>

#include "support/notes.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>

namespace {

using namespace std::chrono_literals;
using heddle::channel;
using heddle::generate;
using heddle::merge;
using heddle::receiver;
using heddle::sender;
using heddle::task;
using heddle::unbounded;
using std::ref;
using test::leave;
using test::lines;
using test::note_end;
using test::note_unhandled;
using test::noted;
using test::trace;
using test::tracked;
using test::world;

/// It can neither be copied nor assigned, and send() would warn of an aggregate like
/// it.
struct crate {
    std::unique_ptr<int> n;
    const int tag = 0;
};

// -- the tasks of the tests ---------------------------------------------------------

task<> count(sender<int> out, int from, int n) {
    for (int i = from; i < from + n; ++i)
        co_await out.send(i);
}

task<> count_tracked(sender<tracked> out, int n) {
    for (int i = 0; i < n; ++i)
        co_await out.emplace(i);
}

task<> print(trace& t, receiver<int> in) {
    while (auto v = co_await in.receive())
        t(std::to_string(*v));
    t("closed");
}

/// Calls `f`, which makes a receiver, in a task on the host of `w`.
template <class F>
auto made_in(world& w, F f) {
    decltype(f()) made;
    w.go([&] { made = f(); });
    w.settle();
    return made;
}

std::string status(receiver<int> in) {
    std::optional<int> v;
    switch (in.try_receive(v)) {
    case heddle::try_status::done:
        return std::to_string(*v);
    case heddle::try_status::would_block:
        return "would block";
    default:
        return "closed";
    }
}

}  // namespace

TEST_SUITE_BEGIN("generate");

TEST_CASE(
    "the reader receives the values that f sends, and then the channel is closed") {
    world w;
    trace t;
    w.go([&] { heddle::go(print, ref(t), generate<int>(count, 1, 3)); });
    w.settle();
    CHECK(t.take() == lines{"1", "2", "3", "closed"});
    CHECK(w.live() == 0);
}

TEST_CASE("the channel of generate is unbuffered, or has the capacity that was given") {
    world w;
    auto plain = made_in(w, [] { return generate<int>(count, 1, 9); });
    auto buffered = made_in(w, [] { return generate<int>(4u, count, 1, 9); });
    CHECK(plain.capacity() == 0);
    CHECK(buffered.capacity() == 4);
    CHECK(buffered.size() == 4);
}

TEST_CASE(
    "the task of generate gets its first turn after the tasks that are ready now") {
    world w;
    trace t;
    w.go([&] {
        heddle::go([&] { t("first"); });
        (void)generate<int>([&](sender<int>) { t("generator"); });
        t("go on");
    });
    w.settle();
    CHECK(t.take() == lines{"go on", "first", "generator"});
}

TEST_CASE(
    "generate takes coroutines, lambdas and plain functions, with arguments as in go") {
    world w;
    int shared = 0;
    auto add = [&shared, by = std::string("a long string that is allocated")](
                   sender<int> out, std::unique_ptr<int> n, int& to) -> task<> {
        co_await heddle::yield();
        to = *n + static_cast<int>(by.size());
        co_await out.send(shared);
    };
    auto a = made_in(
        w, [&] { return generate<int>(add, std::make_unique<int>(1), ref(shared)); });
    auto b = made_in(w, [] {
        return generate<int>(1, [](sender<int> out) { (void)out.try_send(7); });
    });
    auto c = made_in(w, [] {
        return generate<int>(1, [](sender<int> out) -> task<int> {
            co_await out.send(8);
            out.close();  // f may close the channel itself
            co_return 1;
        });
    });
    CHECK(status(a) == "32");
    CHECK(status(b) == "7");
    CHECK(status(b) == "closed");
    CHECK(status(c) == "8");
    CHECK(status(c) == "closed");
}

TEST_CASE("an exception of f closes the channel, and is a detached task's") {
    world w;
    trace t;
    note_unhandled(w, t);
    w.go([&] {
        heddle::go(print, ref(t), generate<int>([](sender<int> out) -> task<> {
                       co_await out.send(1);
                       throw std::runtime_error("no more");
                   }));
    });
    w.settle();
    CHECK(t.take() == lines{"1", "unhandled: no more", "closed"});
}

TEST_CASE("a generator that is cancelled closes its channel, while it waits or before "
          "its first run") {
    world w;
    heddle::done_source stop;
    auto made = [&](bool run_first) {
        receiver<int> out;
        w.go([&] {
            auto in_scope = [](receiver<int>& o) -> task<> {
                o = generate<int>(count, 1, 9);
                co_return;
            };
            heddle::go(heddle::with_done(stop.token(), in_scope(out)));
            if (!run_first)
                heddle::go([&] { stop.close(); });
        });
        w.settle();
        return out;
    };
    auto parked = made(true);
    CHECK(!parked.closed());
    CHECK(w.live() == 1);  // no task reads, so it waits
    stop.close();
    w.settle();
    CHECK(status(parked) == "closed");
    CHECK(w.live() == 0);
    CHECK(status(made(false)) == "closed");
    CHECK(w.live() == 0);
}

TEST_CASE("the channel is closed after f's frame was destroyed") {
    world w;
    trace t;
    w.go([&] {
        heddle::go(print, ref(t), generate<int>([&t](sender<int> out) -> task<> {
                       noted scope(t, out.closed() ? "too late" : "frame");
                       co_await out.send(1);
                   }));
    });
    w.settle();
    CHECK(t.take() == lines{"1", "frame", "closed"});
}

TEST_CASE("a context that is destroyed closes the channel, even before the first run") {
    trace t;
    world reader;
    {
        world w;
        reader.go(print, ref(t), made_in(w, [] { return generate<int>(count, 1, 9); }));
        receiver<int> never_run;
        w.go([&] { never_run = generate<int>(count, 1, 9); });
        leave(w);
        reader.go(print, ref(t), never_run);
        reader.settle();
        CHECK(t.take() == lines{"1"});
    }
    reader.settle();
    CHECK(t.take() == lines{"closed", "closed"});
    CHECK(reader.live() == 0);
}

TEST_CASE("generate throws outside a task, and for a capacity that is too large") {
    CHECK_THROWS_AS((void)generate<int>(count, 1, 1), heddle::not_in_task);
    world w;
    std::string how;
    w.go([&] {
        how = test::ending_of_call([] { (void)generate<int>(-1, count, 1, 1); });
    });
    w.settle();
    CHECK(how ==
          "heddle: a channel of this capacity cannot be had: it must be 0 or more, "
          "and its values must fit into memory");
    CHECK(w.live() == 0);
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("merge");

TEST_CASE("merge passes on all values, and keeps the order of each input") {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        std::vector<int> got = test::run_virtual(
            []() -> task<std::vector<int>> {
                std::vector<receiver<int>> in;
                for (int i = 0; i < 3; ++i)
                    in.push_back(generate<int>(count, 100 * i, 20));
                auto all = merge(std::move(in));
                std::vector<int> values;
                while (auto v = co_await all.receive())
                    values.push_back(*v);
                co_return values;
            }(),
            seed);
        int next[] = {0, 100, 200};
        for (int v : got)
            CHECK(v == next[v / 100]++);
        CHECK(got.size() == 60);
    }
}

TEST_CASE("merge takes receivers and channels, as lvalues or rvalues") {
    world w;
    channel<int> a(1), b(1);
    receiver<int> c(b);
    (void)a.try_send(1);
    a.close();
    (void)b.try_send(2);
    b.close();
    auto all = made_in(w, [&] { return merge(a, c, receiver<int>(a)); });
    trace t;
    w.go(print, ref(t), all);
    w.settle();
    CHECK(t.take() == lines{"1", "2", "closed"});
}

TEST_CASE(
    "merge closes its output when all inputs are closed and drained, and not before") {
    world w;
    channel<int> a(2), b;
    auto all = made_in(w, [&] { return merge(a, b); });
    (void)a.try_send(1);
    (void)a.try_send(2);
    a.close();
    w.settle();
    b.close();
    w.settle();
    CHECK(!all.closed());
    CHECK(status(all) == "1");
    w.settle();
    CHECK(status(all) == "2");
    w.settle();
    CHECK(status(all) == "closed");
    CHECK(w.live() == 0);
}

TEST_CASE("merge of no inputs closes at once; a nil input never ends") {
    world w;
    CHECK(made_in(w, [] { return merge(std::vector<receiver<int>>()); }).closed());
    channel<int> a;
    a.close();
    auto all = made_in(w, [&] { return merge(receiver<int>(), a); });
    CHECK(!all.closed());
}

TEST_CASE("merge holds at most one value of each input") {
    world w;
    channel<int> a(3), b(3);
    for (int i = 0; i < 3; ++i)
        (void)a.try_send(i), (void)b.try_send(i);
    auto all = made_in(w, [&] { return merge(a, b); });
    CHECK(a.size() == 2);
    CHECK(b.size() == 2);
}

TEST_CASE("a merge that is cancelled, or whose context ends, closes and destroys the "
          "values it holds") {
    for (bool destroy : {false, true}) {
        heddle::done_source stop;
        channel<tracked> in(2);
        receiver<tracked> all;
        (void)in.try_send(tracked(1));
        (void)in.try_send(tracked(2));
        {
            world w;
            auto in_scope = [](channel<tracked> from, receiver<tracked>& o) -> task<> {
                o = merge(from, receiver<tracked>());
                co_return;
            };
            w.go(heddle::with_done(stop.token(), in_scope(in, all)));
            w.settle();
            CHECK(w.live() == 2);  // no task reads, so they wait
            CHECK(tracked::alive() == 2);
            if (!destroy) {
                stop.close();
                w.settle();
                CHECK(w.live() == 0);
            }
        }
        CHECK(all.closed());
        CHECK(in.size() == 1);
        CHECK(tracked::alive() == 1);
    }
    CHECK(tracked::alive() == 0);
}

TEST_CASE("merge outside a task throws and takes nothing") {
    channel<int> a(1);
    (void)a.try_send(1);
    CHECK_THROWS_AS((void)merge(a, a), heddle::not_in_task);
    CHECK_THROWS_AS((void)unbounded(a), heddle::not_in_task);
    CHECK(status(a) == "1");
    CHECK(!a.closed());
}

TEST_CASE("merge and unbounded take values that are neither copyable nor assignable") {
    world w;
    int sum = 0;
    w.go([](int& to) -> task<> {
        auto crates = generate<crate>([](sender<crate> out) -> task<> {
            for (int i = 1; i <= 3; ++i)
                co_await out.emplace(std::make_unique<int>(i), i);
        });
        auto all = unbounded(merge(crates));
        while (std::optional<crate> c = co_await all.receive())
            to += *c->n * c->tag;
    }(sum));
    w.settle();
    CHECK(sum == 14);
    CHECK(w.live() == 0);
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("unbounded");

TEST_CASE("sends to an unbounded input never wait, keep their order, and arrive before "
          "the close") {
    world w;
    trace t;
    channel<int> in;
    auto out = made_in(w, [&] { return unbounded(in); });
    w.go(note_end, ref(t), "sends", count(in, 0, 1000));
    w.settle();
    CHECK(t.take() == lines{"sends: ok"});
    in.close();
    w.settle();
    CHECK(!out.closed());
    int next = 0;
    w.go([](receiver<int> from, int& n) -> task<> {
        while (auto v = co_await from.receive())
            n += *v == n;
    }(out, next));
    w.settle();
    CHECK(next == 1000);
    CHECK(out.closed());
    CHECK(w.live() == 0);
}

TEST_CASE("unbounded passes values on before its input is closed") {
    world w;
    channel<int> in;
    auto out = made_in(w, [&] { return unbounded(receiver<int>(in)); });
    for (int round = 0; round < 3; ++round) {
        CHECK(status(out) == "would block");
        w.go(count(in, 5, 2));
        w.settle();
        CHECK(status(out) == "5");
        w.settle();
        CHECK(status(out) == "6");
        w.settle();
    }
    in.close();
    w.settle();
    CHECK(status(out) == "closed");
}

TEST_CASE("unbounded keeps the order and loses nothing, whichever task runs first") {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        int next = test::run_virtual(
            []() -> task<int> {
                auto out = unbounded(unbounded(generate<int>(count, 0, 100)));
                int n = 0;
                while (auto v = co_await out.receive())
                    n += *v == n;
                co_return n;
            }(),
            seed);
        CHECK(next == 100);
    }
}

TEST_CASE("an unbounded buffer that is cancelled, or whose context ends, closes and "
          "destroys its values") {
    for (int way = 0; way < 4; ++way) {
        bool destroy = way & 1, drain = way & 2;  // drain: the input has been closed
        heddle::done_source stop;
        receiver<tracked> out;
        {
            world w;
            channel<tracked> in;
            auto in_scope = [](channel<tracked> from, receiver<tracked>& o) -> task<> {
                o = unbounded(from);
                co_return;
            };
            w.go(heddle::with_done(stop.token(), in_scope(in, out)));
            w.go(count_tracked(in, 3));
            w.settle();
            CHECK(tracked::alive() == 3 + 1);  // one of them was moved from
            if (drain)
                in.close();
            w.settle();
            CHECK(w.live() == 1);
            CHECK(!out.closed());
            if (!destroy) {
                stop.close();
                w.settle();
                CHECK(w.live() == 0);
            }
        }
        CHECK(out.closed());
        CHECK(tracked::alive() == 0);
    }
}

TEST_SUITE_END();
