// SPDX-License-Identifier: BSL-1.0
// What generate, merge, unbounded, actor and run_group promise. One thread, stepped by
// hand.
#include <heddle/patterns.hpp>

#include "support/ending.hpp"
#include "support/world.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>

namespace {

using namespace std::chrono_literals;
using heddle::actor;
using heddle::channel;
using heddle::generate;
using heddle::merge;
using heddle::receiver;
using heddle::run_group;
using heddle::sender;
using heddle::task;
using heddle::unbounded;
using std::ref;
using test::lines;
using test::trace;
using test::tracked;
using test::world;

/// Notes its end, and the end of its scope.
class noted {
public:
    noted(trace& t, std::string what) : t_(&t), what_(std::move(what)) {}
    noted(noted&& o) noexcept
        : t_(std::exchange(o.t_, nullptr)), what_(std::move(o.what_)) {}
    ~noted() {
        if (t_)
            (*t_)(what_);
    }

private:
    trace* t_;
    std::string what_;
};

/// Neither copied nor assigned, and of a kind that send() would warn of.
struct crate {
    std::unique_ptr<int> n;
    const int tag = 0;
};

// -- what the tasks of a test do ----------------------------------------------------

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

/// What makes a receiver on the host of `w`, as a task there.
template <class F>
auto made_in(world& w, F f) {
    decltype(f()) made;
    w.go([&] { made = f(); });
    w.settle();
    return made;
}

/// Notes how `of` ended.
task<> note(trace& t, std::string what, task<> of) {
    std::string how = co_await test::ending(std::move(of));
    t(what + ": " + how);
}

/// What escapes the detached tasks of a world, by name.
void note_unhandled(world& w, trace& t) {
    heddle::on_unhandled(
        w.ctx, [&t](std::exception_ptr e) { t("unhandled: " + test::why(e)); });
}

/// Runs what is ready now, and nothing that it starts.
void leave(world& w) {
    w.go([] { throw std::runtime_error("left"); });
    w.ctx.restart();
    CHECK_THROWS_WITH_AS(w.ctx.poll(), "left", std::runtime_error);
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

TEST_CASE("the reader gets what f sends, and then closed") {
    world w;
    trace t;
    w.go([&] { heddle::go(print, ref(t), generate<int>(count, 1, 3)); });
    w.settle();
    CHECK(t.take() == lines{"1", "2", "3", "closed"});
    CHECK(w.live() == 0);
}

TEST_CASE("it is unbuffered, or buffers what it was given") {
    world w;
    auto plain = made_in(w, [] { return generate<int>(count, 1, 9); });
    auto buffered = made_in(w, [] { return generate<int>(4u, count, 1, 9); });
    CHECK(plain.capacity() == 0);
    CHECK(buffered.capacity() == 4);
    CHECK(buffered.size() == 4);
}

TEST_CASE("the task gets its first turn after the tasks that are ready now") {
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

TEST_CASE("coroutines, lambdas and plain functions, with arguments as by go") {
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
    auto b = made_in(
        w, [] { return generate<int>(1, [](sender<int> out) { out.try_send(7); }); });
    auto c = made_in(w, [] {
        return generate<int>(1, [](sender<int> out) -> task<int> {
            co_await out.send(8);
            out.close();  // it may
            co_return 1;
        });
    });
    CHECK(status(a) == "32");
    CHECK(status(b) == "7");
    CHECK(status(b) == "closed");
    CHECK(status(c) == "8");
    CHECK(status(c) == "closed");
}

TEST_CASE("an exception closes the channel, and is a detached task's") {
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

TEST_CASE("cancelled, it closes the channel: parked, or before its first run") {
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
    CHECK(w.live() == 1);  // nobody reads: it waits
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

TEST_CASE("a destroyed context closes it, also before the first run") {
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

TEST_CASE("outside a task, or of a capacity that cannot be had, it throws") {
    CHECK_THROWS_AS((void)generate<int>(count, 1, 1), heddle::not_in_task);
    world w;
    std::string how;
    w.go([&] {
        how = test::ending_of_call([] { (void)generate<int>(-1, count, 1, 1); });
    });
    w.settle();
    CHECK(how == "heddle: a channel of this capacity cannot be had");
    CHECK(w.live() == 0);
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("merge");

TEST_CASE("it gives all values, those of one input in order") {
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

TEST_CASE("receivers and channels, by name or not") {
    world w;
    channel<int> a(1), b(1);
    receiver<int> c(b);
    a.try_send(1);
    a.close();
    b.try_send(2);
    b.close();
    auto all = made_in(w, [&] { return merge(a, c, receiver<int>(a)); });
    trace t;
    w.go(print, ref(t), all);
    w.settle();
    CHECK(t.take() == lines{"1", "2", "closed"});
}

TEST_CASE("it closes after all inputs are closed and drained, and not before") {
    world w;
    channel<int> a(2), b;
    auto all = made_in(w, [&] { return merge(a, b); });
    a.try_send(1);
    a.try_send(2);
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

TEST_CASE("of no inputs it closes at once; a nil input never ends") {
    world w;
    CHECK(made_in(w, [] { return merge(std::vector<receiver<int>>()); }).closed());
    channel<int> a;
    a.close();
    auto all = made_in(w, [&] { return merge(receiver<int>(), a); });
    CHECK(!all.closed());
}

TEST_CASE("one value of each input may be under way, and no more") {
    world w;
    channel<int> a(3), b(3);
    for (int i = 0; i < 3; ++i)
        a.try_send(i), b.try_send(i);
    auto all = made_in(w, [&] { return merge(a, b); });
    CHECK(a.size() == 2);
    CHECK(b.size() == 2);
}

TEST_CASE("cancelled, or its context destroyed, it closes; what was under way dies") {
    for (bool destroy : {false, true}) {
        heddle::done_source stop;
        channel<tracked> in(2);
        receiver<tracked> all;
        in.try_send(tracked(1));
        in.try_send(tracked(2));
        {
            world w;
            auto in_scope = [](channel<tracked> from, receiver<tracked>& o) -> task<> {
                o = merge(from, receiver<tracked>());
                co_return;
            };
            w.go(heddle::with_done(stop.token(), in_scope(in, all)));
            w.settle();
            CHECK(w.live() == 2);  // nobody reads: they wait
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

TEST_CASE("outside a task it throws and takes nothing") {
    channel<int> a(1);
    a.try_send(1);
    CHECK_THROWS_AS((void)merge(a, a), heddle::not_in_task);
    CHECK_THROWS_AS((void)unbounded(a), heddle::not_in_task);
    CHECK(status(a) == "1");
    CHECK(!a.closed());
}

TEST_CASE("values need no copy and no assignment, for merge and unbounded") {
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

TEST_CASE("sends to the input never wait for a reader; order is kept; closes drained") {
    world w;
    trace t;
    channel<int> in;
    auto out = made_in(w, [&] { return unbounded(in); });
    w.go(note, ref(t), "sends", count(in, 0, 1000));
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

TEST_CASE("it hands on what it has before the input is closed") {
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

TEST_CASE("whatever runs first, order is kept and nothing lost") {
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

TEST_CASE("cancelled, or its context destroyed, it closes; what it kept dies") {
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
            CHECK(tracked::alive() == 3 + 1);  // one of them moved from
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

namespace {

// -- actors ---------------------------------------------------------------------------

int increment(int& n) { return ++n; }

struct account {
    explicit account(int n) : balance(n) {}
    int withdraw(int n) { return balance -= n; }
    void deposit(int n) { balance += n; }
    task<int> audit(heddle::event& go_on) {
        int before = balance;
        co_await go_on.wait();
        co_return balance - before;
    }
    int& open() { return balance; }
    int balance;
};

task<> keep(std::unique_ptr<actor<int>>& a) {
    a = std::make_unique<actor<int>>(0);
    co_return;
}

/// An actor on the host of `w`, with token `stop` in force.
std::unique_ptr<actor<int>> actor_in(world& w, heddle::done_token stop = {}) {
    std::unique_ptr<actor<int>> made;
    w.go(heddle::with_done(stop, keep(made)));
    w.settle();
    return made;
}

/// Steps of a function that waits in the middle.
task<int> slow(int& n, trace& t, std::string name, heddle::event& go_on) {
    t(name + " begins");
    noted scope(t, name + " ends");
    co_await go_on.wait();
    co_return ++n;
}

task<> call_slow(actor<int>& a, trace& t, std::string name, heddle::event& go_on) {
    std::string how = "?";
    try {
        how = std::to_string(co_await a.call(slow, ref(t), name, ref(go_on)));
    } catch (...) {
        how = test::why(std::current_exception());
    }
    t(name + ": " + how);
}

task<> cast_slow(actor<int>& a, trace& t, std::string name, heddle::event& go_on) {
    std::string how = co_await test::ending(a.cast(slow, ref(t), name, ref(go_on)));
    t(name + ": " + how);
}

const std::string refused = "heddle: send on a closed channel: `an actor`";

}  // namespace

TEST_SUITE_BEGIN("actor");

TEST_CASE("1000 calls at once: each gets a number of its own, 1000 in all") {
    for (std::uint64_t seed = 0; seed < 3; ++seed) {
        long sum = test::run_virtual(
            []() -> task<long> {
                actor<int> a;
                long replies = 0;
                heddle::wait_group callers;
                for (int i = 0; i < 1000; ++i)
                    callers.go(
                        [&]() -> task<> { replies += co_await a.call(increment); });
                co_await callers.wait();
                CHECK(co_await a.call([](int& n) { return n; }) == 1000);
                co_await a.stop();
                CHECK(heddle::live_tasks() == 1);
                co_return replies;
            }(),
            seed);
        CHECK(sum == 500500);
    }
}

TEST_CASE("functions: members, lambdas, coroutines; their results, none, or copies") {
    test::run_virtual([]() -> task<> {
        heddle::event ready(true);
        actor<account> a(100);
        CHECK(co_await a.call(&account::withdraw, 30) == 70);
        co_await a.call(&account::deposit, 5);
        CHECK(co_await a.call(&account::balance) == 75);
        CHECK(co_await a.call(&account::audit, ref(ready)) == 0);
        int own = co_await a.call(&account::open);
        own += 1;
        static_assert(std::is_same_v<decltype(a.call(&account::open)), task<int>>);
        CHECK(co_await a.call(&account::balance) == 75);
        auto text = [by = std::string("a string that is allocated, too")](
                        account& c, std::unique_ptr<int> n) -> task<std::string> {
            co_await heddle::yield();
            co_return by + std::to_string(c.balance + *n);
        };
        CHECK(co_await a.call(text, std::make_unique<int>(1)) ==
              "a string that is allocated, too76");
        co_await a.cast(&account::deposit, 5);
        CHECK(co_await a.call(&account::balance) == 80);
        co_await a.stop();
    }());
}

TEST_CASE("one function at a time, to its end, in the order of the calls") {
    world w;
    trace t;
    heddle::event go_on;
    auto a = actor_in(w);
    for (auto name : {"a", "b", "c"})
        w.go(call_slow, ref(*a), ref(t), name, ref(go_on));
    w.settle();
    CHECK(t.take() == lines{"a begins"});
    go_on.set();
    w.settle();
    auto steps = t.take();
    CHECK(steps.size() == 8);
    lines in_actor, answers;
    for (auto& s : steps)
        (s.find(':') == std::string::npos ? in_actor : answers).push_back(s);
    CHECK(in_actor == lines{"a ends", "b begins", "b ends", "c begins", "c ends"});
    CHECK(answers == lines{"a: 1", "b: 2", "c: 3"});
}

TEST_CASE("functions run on the actor's host, callers resume on their own") {
    world home, away;
    trace t;
    heddle::event ready(true);
    auto a = actor_in(home);
    away.go(call_slow, ref(*a), ref(t), "x", ref(ready));
    away.settle();
    CHECK(t.take().empty());
    home.settle();
    CHECK(t.take() == lines{"x begins", "x ends"});
    away.settle();
    CHECK(t.take() == lines{"x: 1"});
}

TEST_CASE("an exception is the caller's, and the actor goes on") {
    test::run_virtual([]() -> task<> {
        actor<int> a(0);
        auto plain = [](int&) -> int { throw std::runtime_error("plain"); };
        auto waits = [](int&) -> task<> {
            co_await heddle::yield();
            throw std::runtime_error("waits");
        };
        CHECK(co_await test::ending(a.call(plain)) == "plain");
        CHECK(co_await test::ending(a.call(waits)) == "waits");
        CHECK(co_await a.call(increment) == 1);
        co_await a.stop();
    }());
}

TEST_CASE("a cast waits until its function begins; what that throws is a detached "
          "task's") {
    world w;
    trace t;
    note_unhandled(w, t);
    heddle::event go_on;
    auto a = actor_in(w);
    w.go(cast_slow, ref(*a), ref(t), "a", ref(go_on));
    w.go(cast_slow, ref(*a), ref(t), "b", ref(go_on));
    w.settle();
    CHECK(t.take() == lines{"a: ok", "a begins"});
    go_on.set();
    w.settle();
    CHECK(t.take() == lines{"a ends", "b: ok", "b begins", "b ends"});
    w.go(a->cast([](int&) { throw std::runtime_error("cast"); }));
    w.settle();
    CHECK(t.take() == lines{"unhandled: cast"});
    w.go(call_slow, ref(*a), ref(t), "c", ref(go_on));
    w.settle();
    CHECK(t.take() == lines{"c begins", "c ends", "c: 3"});
}

TEST_CASE("stop refuses what has not begun, finishes what has, and then returns") {
    world w;
    trace t;
    heddle::event go_on;
    auto a = actor_in(w);
    for (auto name : {"a", "b"})
        w.go(call_slow, ref(*a), ref(t), name, ref(go_on));
    w.go(cast_slow, ref(*a), ref(t), "c", ref(go_on));
    w.settle();
    CHECK(t.take() == lines{"a begins"});
    w.go(note, ref(t), "stop", a->stop());
    w.go(note, ref(t), "stop again", a->stop());
    w.settle();
    CHECK(t.take() == lines{"b: " + refused, "c: " + refused});
    w.go(call_slow, ref(*a), ref(t), "d", ref(go_on));
    w.go(cast_slow, ref(*a), ref(t), "e", ref(go_on));
    w.settle();
    CHECK(t.take() == lines{"d: " + refused, "e: " + refused});
    go_on.set();
    w.settle();
    CHECK(t.take() == lines{"a ends", "a: 1", "stop: ok", "stop again: ok"});
    CHECK(w.live() == 0);
    w.go(note, ref(t), "stop", a->stop());
    w.go(call_slow, ref(*a), ref(t), "f", ref(go_on));
    w.settle();
    CHECK(t.take() == lines{"stop: ok", "f: " + refused});
}

TEST_CASE("a stop that is cancelled has told the actor all the same") {
    world w;
    trace t;
    heddle::event go_on;
    auto a = actor_in(w);
    w.go(call_slow, ref(*a), ref(t), "a", ref(go_on));
    w.settle();
    auto h = w.go(note, ref(t), "stop", a->stop());
    w.settle();
    h.cancel();
    w.settle();
    CHECK(t.take() == lines{"a begins", "stop: cancelled: closed"});
    go_on.set();
    w.settle();
    CHECK(t.take() == lines{"a ends", "a: 1"});
    CHECK(w.live() == 0);
}

TEST_CASE(
    "its destructor refuses what has not begun; what has goes on, with the state") {
    world w;
    trace t;
    heddle::event go_on;
    std::unique_ptr<actor<noted>> a;
    w.go([&] { a = std::make_unique<actor<noted>>(t, "state"); });
    auto f = [](noted&, trace& to, heddle::event& e) -> task<int> {
        co_await e.wait();
        to("f");
        co_return 5;
    };
    auto caller = [&](std::string name) -> task<> {
        std::string how = co_await test::ending(a->call(f, ref(t), ref(go_on)));
        t(name + ": " + how);
    };
    w.go(caller, "a");
    w.go(caller, "b");
    w.settle();
    a.reset();
    w.settle();
    CHECK(t.take() == lines{"b: " + refused});
    go_on.set();
    w.settle();
    CHECK(t.take() == lines{"f", "state", "a: ok"});
    CHECK(w.live() == 0);
}

TEST_CASE("a call that is not awaited does nothing") {
    world w;
    auto a = actor_in(w);
    {
        auto dropped = a->call(increment);
        auto too = a->cast(increment);
    }
    w.settle();
    int n = 0;
    w.go([](actor<int>& of, int& to) -> task<> {
        to = co_await of.call(increment);
    }(*a, n));
    w.settle();
    CHECK(n == 1);
}

TEST_CASE("a caller cancelled before its function began has done nothing; after that "
          "the function goes on") {
    world w;
    trace t;
    heddle::event go_on;
    auto a = actor_in(w);
    auto in_work = w.go(call_slow, ref(*a), ref(t), "a", ref(go_on));
    auto queued = w.go(call_slow, ref(*a), ref(t), "b", ref(go_on));
    w.settle();
    in_work.cancel();
    queued.cancel();
    w.settle();
    CHECK(t.take() ==
          lines{"a begins", "a: cancelled: closed", "b: cancelled: closed"});
    w.go(call_slow, ref(*a), ref(t), "c", ref(go_on));
    w.settle();
    CHECK(t.take().empty());
    go_on.set();
    w.settle();
    CHECK(t.take() == lines{"a ends", "c begins", "c ends", "c: 2"});
}

TEST_CASE("what a function throws that lost its caller is a detached task's") {
    for (bool answered : {false, true}) {  // cancelled before the answer, or with it
        world w;
        trace t;
        note_unhandled(w, t);
        heddle::event go_on;
        auto a = actor_in(w);
        auto f = [](int&, heddle::event& e) -> task<> {
            co_await e.wait();
            throw std::runtime_error("lost");
        };
        world away;
        auto h = away.go(note, ref(t), "call", a->call(f, ref(go_on)));
        away.settle();
        w.settle();
        if (answered) {
            go_on.set();
            w.settle();
            h.cancel();
        } else {
            h.cancel();
            away.settle();
            go_on.set();
        }
        away.settle();
        w.settle();
        CHECK(t.take() == lines{"call: cancelled: closed", "unhandled: lost"});
    }
}

TEST_CASE(
    "the end of the actor's token cancels what is in work, and refuses the rest") {
    world w, away;
    trace t;
    heddle::done_source stop;
    heddle::event never;
    auto a = actor_in(w, stop.token());
    away.go(call_slow, ref(*a), ref(t), "a", ref(never));
    away.go(call_slow, ref(*a), ref(t), "b", ref(never));
    for (int i = 0; i < 2; ++i)
        away.settle(), w.settle();
    stop.close();
    w.settle();
    away.settle();
    CHECK(t.take() ==
          lines{"a begins", "a ends", "a: cancelled: closed", "b: " + refused});
    away.go(call_slow, ref(*a), ref(t), "c", ref(never));
    away.go(note, ref(t), "stop", a->stop());
    away.settle();
    CHECK(t.take() == lines{"c: " + refused, "stop: ok"});
    CHECK(w.live() == 0);
}

TEST_CASE("the end of the actor's token reaches one that waits for calls") {
    world w;
    trace t;
    heddle::done_source stop;
    heddle::event ready(true);
    auto a = actor_in(w, stop.token());
    CHECK(w.live() == 1);
    stop.close();
    w.settle();
    CHECK(w.live() == 0);
    world away;
    away.go(call_slow, ref(*a), ref(t), "a", ref(ready));
    away.settle();
    CHECK(t.take() == lines{"a: " + refused});
}

TEST_CASE("stop waits for a function that cleans up after the actor's token closed") {
    world w, away;
    trace t;
    heddle::done_source stop;
    heddle::event clean;
    auto a = actor_in(w, stop.token());
    auto f = [](int&, heddle::event& e) -> task<> {
        auto wait = [](heddle::event& of) -> task<> { co_await of.wait(); };
        co_await heddle::shield(wait(e));
    };
    away.go(note, ref(t), "call", a->call(f, ref(clean)));
    away.settle();
    w.settle();
    stop.close();
    away.go(note, ref(t), "stop", a->stop());
    w.settle();
    away.settle();
    CHECK(t.take().empty());
    clean.set();
    w.settle();
    away.settle();
    CHECK(t.take() == lines{"call: ok", "stop: ok"});
}

TEST_CASE(
    "if its context is destroyed, callers elsewhere are told, and the state dies") {
    trace t;
    heddle::event never;
    world away;
    {
        std::unique_ptr<actor<noted>> a;
        world w;
        w.go([&] { a = std::make_unique<actor<noted>>(t, "state"); });
        w.settle();
        auto f = [](noted&, heddle::event& e) -> task<> { co_await e.wait(); };
        auto caller = [](actor<noted>& of, auto what, trace& to,
                         heddle::event& e) -> task<> {
            to(co_await test::ending(of.call(what, ref(e))));
        };
        away.go(caller, ref(*a), f, ref(t), ref(never));
        away.go(caller, ref(*a), f, ref(t), ref(never));
        away.settle();
        w.settle();
        CHECK(t.take().empty());
    }
    away.settle();
    auto steps = t.take();
    std::sort(steps.begin(), steps.end());
    CHECK(steps == lines{"abandoned", refused, "state"});
    CHECK(away.live() == 0);
}

TEST_CASE("if the context of its callers is destroyed, the actor goes on") {
    world w;
    trace t;
    heddle::event go_on;
    auto a = actor_in(w);
    {
        world away;
        away.go(call_slow, ref(*a), ref(t), "a", ref(go_on));
        away.go(call_slow, ref(*a), ref(t), "b", ref(go_on));
        away.settle();
        w.settle();
    }
    go_on.set();
    w.go(call_slow, ref(*a), ref(t), "c", ref(go_on));
    w.settle();
    CHECK(t.take() == lines{"a begins", "a ends", "c begins", "c ends", "c: 2"});
}

TEST_CASE("a context may be destroyed with actor, callers and stops in any state") {
    for (std::size_t state = 0; state < 5; ++state) {
        heddle::event never;
        trace t;
        std::unique_ptr<actor<tracked>> a;
        {
            world w;
            auto f = [](tracked&, heddle::event& e) -> task<> { co_await e.wait(); };
            w.go([&] { a = std::make_unique<actor<tracked>>(1); });
            if (state == 0)
                leave(w);
            else
                w.settle();
            for (std::size_t i = 1; i < state && i < 4; ++i)
                w.go(note, ref(t), "call", a->call(f, ref(never)));
            if (state > 0)
                w.settle();
            if (state == 4)
                w.go(note, ref(t), "stop", a->stop());
            if (state > 0)
                w.settle();
            // The loop; a call in work, its function, a call in the queue; the stop.
            CHECK(w.live() == std::vector<std::size_t>{1, 1, 3, 4, 4}[state]);
            if (state % 2)
                a.reset();
        }
        a.reset();
        CHECK(tracked::alive() == 0);
    }
}

TEST_CASE("outside a task it throws; so does what its state throws") {
    CHECK_THROWS_AS(actor<int>(1), heddle::not_in_task);
    world w;
    std::string how;
    struct failing {
        failing() { throw std::runtime_error("state"); }
    };
    w.go([&] { how = test::ending_of_call([] { actor<failing> a; }); });
    w.settle();
    CHECK(how == "state");
    CHECK(w.live() == 0);
}

TEST_SUITE_END();

namespace {

// -- run groups -----------------------------------------------------------------------

using error = std::exception_ptr;

std::string at(std::string what) {
    return std::to_string(heddle::now().time_since_epoch() / 1ms) + " ms: " + what;
}

/// A service that ends some time after its interrupt, by an exception if it is told one.
struct service {
    service(trace& to, std::string called) : t(to), name(std::move(called)) {}

    task<> run(heddle::duration winds_down, const char* fails) {
        t(name + " starts");
        noted scope(t, name + " ends");
        co_await heddle::shield(wind_down(winds_down));
        t(at(name + " returns"));
        if (fails)
            throw std::runtime_error(fails);
    }
    task<> wind_down(heddle::duration d) {
        co_await stop.wait();
        co_await heddle::sleep(d);
    }
    void add_to(run_group& g, heddle::duration winds_down,
                const char* fails = nullptr) {
        g.add([=, this] { return run(winds_down, fails); },
              [this](error why) {
                  t(at("interrupt " + name + ": " + test::why(why)));
                  stop.set();
              });
    }

    trace& t;
    std::string name;
    heddle::event stop;
};

task<> sleep_then_throw(heddle::duration d, const char* what) {
    co_await heddle::sleep(d);
    if (what)
        throw std::runtime_error(what);
}

task<> for_ever(trace& t, std::string name) {
    heddle::event never;
    std::string how = co_await test::ending(never.wait());
    t(name + ": " + how);
}

}  // namespace

TEST_SUITE_BEGIN("run_group");

TEST_CASE(
    "all start; the first to return interrupts all; run returns with the last, and "
    "throws what the first threw") {
    trace t;
    test::run_virtual([](trace& to) -> task<> {
        service a(to, "a"), b(to, "b");
        run_group g;
        a.add_to(g, 90ms, "dropped");
        b.add_to(g, 40ms);
        g.add([] { return sleep_then_throw(10ms, "disk full"); },
              [&](error why) { to(at("interrupt c: " + test::why(why))); });
        std::string how = co_await test::ending(g.run());
        to(at("run: " + how));
        CHECK(heddle::live_tasks() == 1);
    }(t));
    CHECK(t.take() == lines{"a starts", "b starts", "10 ms: interrupt a: disk full",
                            "10 ms: interrupt b: disk full",
                            "10 ms: interrupt c: disk full", "50 ms: b returns",
                            "b ends", "100 ms: a returns", "a ends",
                            "100 ms: run: disk full"});
}

TEST_CASE("if the first returns without an exception, interrupts get null, and run "
          "throws nothing") {
    trace t;
    test::run_virtual([](trace& to) -> task<> {
        service a(to, "a");
        run_group g;
        a.add_to(g, 0ms, "dropped");
        g.add([] { return sleep_then_throw(10ms, nullptr); });
        to("run: " + co_await test::ending(g.run()));
    }(t));
    CHECK(t.take() == lines{"a starts", "10 ms: interrupt a: none", "10 ms: a returns",
                            "a ends", "run: ok"});
}

TEST_CASE("a service without an interrupt is cancelled, for the same reason") {
    trace t;
    test::run_virtual([](trace& to) -> task<> {
        run_group g;
        g.add([&] { return for_ever(to, "a"); });
        g.add([] { return sleep_then_throw(10ms, "first"); });
        g.add([&] { return for_ever(to, "b"); });
        to("run: " + co_await test::ending(g.run()));
    }(t));
    CHECK(t.take() ==
          lines{"a: cancelled: first", "b: cancelled: first", "run: first"});
}

TEST_CASE("a cancelled run interrupts all, waits for every one, and then throws") {
    world w;
    trace t;
    heddle::event clean;
    run_group g;
    auto cleans_up = [&]() -> task<> {
        auto wait = [](heddle::event& e) -> task<> { co_await e.wait(); };
        co_await heddle::shield(wait(clean));
        t("clean");
    };
    g.add(cleans_up, [&](error why) { t("interrupt: " + test::why(why)); });
    auto h = w.go([&]() -> task<> {
        std::string how = co_await test::ending(g.run());
        t("run: " + how);
    });
    w.settle();
    h.cancel(test::cause("enough"));
    w.settle();
    CHECK(t.take() == lines{"interrupt: cancelled: enough"});
    clean.set();
    w.settle();
    CHECK(t.take() == lines{"clean", "run: cancelled: enough"});
    CHECK(w.live() == 0);
}

TEST_CASE("cancelled before it began, it runs nothing past the first wait") {
    world w;
    trace t;
    run_group g;
    g.add([&] { return for_ever(t, "a"); });
    auto h = w.go([&] { return note(t, "run", g.run()); });
    h.cancel();
    w.settle();
    CHECK(t.take() == lines{"a: cancelled: closed", "run: cancelled: closed"});
}

TEST_CASE("a cancellation at or after the first return changes nothing") {
    for (bool at_once : {false, true}) {
        world w;
        trace t;
        note_unhandled(w, t);
        heddle::event fail, clean;
        run_group g;
        heddle::join_handle<> h;
        g.add([&]() -> task<> {
            co_await fail.wait();
            if (at_once)
                heddle::go([&] { h.cancel(); });  // before run() has its turn
            throw std::runtime_error("first");
        });
        g.add(
            [&]() -> task<> {
                auto wait = [](heddle::event& e) -> task<> { co_await e.wait(); };
                co_await heddle::shield(wait(clean));
            },
            [](error) {});
        h = w.go([&] { return note(t, "run", g.run()); });
        w.settle();
        fail.set();
        w.settle();
        h.cancel();
        w.settle();
        CHECK(t.take().empty());
        clean.set();
        w.settle();
        CHECK(t.take() == lines{"run: first"});
    }
}

TEST_CASE(
    "what an interrupt throws stops nothing, and counts if the first threw none") {
    for (const char* first : {"first", static_cast<const char*>(nullptr)}) {
        trace t;
        test::run_virtual([](trace& to, const char* what) -> task<> {
            service a(to, "a");
            run_group g;
            g.add([what] { return sleep_then_throw(1ms, what); },
                  [](error) { throw std::runtime_error("interrupt"); });
            a.add_to(g, 0ms);
            to("run: " + co_await test::ending(g.run()));
        }(t, first));
        CHECK(t.take() ==
              lines{"a starts",
                    std::string("1 ms: interrupt a: ") + (first ? first : "none"),
                    "1 ms: a returns", "a ends",
                    std::string("run: ") + (first ? first : "interrupt")});
    }
}

TEST_CASE("an execute that throws instead of making a task counts as the first") {
    trace t;
    test::run_virtual([](trace& to) -> task<> {
        service a(to, "a");
        run_group g;
        a.add_to(g, 0ms);
        g.add([]() -> task<> { throw std::runtime_error("not even a task"); });
        to("run: " + co_await test::ending(g.run()));
    }(t));
    CHECK(t.take() == lines{"a starts", "0 ms: interrupt a: not even a task",
                            "0 ms: a returns", "a ends", "run: not even a task"});
}

TEST_CASE("a run of nothing returns at once; a group can be run again") {
    trace t;
    test::run_virtual([](trace& to) -> task<> {
        run_group g;
        to("run: " + co_await test::ending(g.run()));
        g.add([&] { return for_ever(to, "a"); });
        g.add([] { return sleep_then_throw(10ms, "first"); });
        to("run: " + co_await test::ending(g.run()));
        to("run: " + co_await test::ending(g.run()));
    }(t));
    CHECK(t.take() == lines{"run: ok", "a: cancelled: first", "run: first",
                            "a: cancelled: first", "run: first"});
}

TEST_CASE("a context may be destroyed while it runs, in any state") {
    for (std::size_t state = 0; state < 3; ++state) {
        heddle::event first, never;
        trace t;
        auto waits = [](tracked, heddle::event& e) -> task<> { co_await e.wait(); };
        auto g = std::make_unique<run_group>();
        g->add([&] { return waits(tracked(1), first); });
        g->add([&] { return waits(tracked(2), never); }, [](error) {});
        g->add([&] { return waits(tracked(3), never); }, [](error) {});
        {
            world w;
            w.go(g->run());
            if (state == 0)
                leave(w);
            else
                w.settle();
            if (state == 2)
                first.set(), w.settle();
            CHECK(w.live() == (state == 2 ? 3 : 4));
            CHECK(tracked::alive() == std::vector{0, 3, 2}[state]);
        }
        CHECK(tracked::alive() == 0);
    }
}

TEST_SUITE_END();
