// SPDX-License-Identifier: BSL-1.0
// The promises of a once. One thread is stepped by hand.
#include <heddle/sync.hpp>

#include "support/ending.hpp"
#include "support/world.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <stdexcept>

namespace {

using heddle::once;
using heddle::task;
using std::ref;
using test::lines;
using test::trace;
using test::world;

task<> work(trace& t, std::string name, heddle::event& done) {
    t(name + " begins");
    co_await done.wait();
    t(name + " ends");
}

task<> call(once& o, trace& t, std::string name, heddle::event& done) {
    std::string how = co_await test::ending(o.call(work, ref(t), name, ref(done)));
    t(name + ": " + how);
}

void work_in_place(trace& t) { t("done"); }

task<> call_plain(once& o, trace& t) {
    for (int i = 0; i < 3; ++i)
        co_await o.call(work_in_place, ref(t));
}

int throw_out(trace& t) {
    t("tried");
    throw std::runtime_error("could not");
}

task<> try_twice(once& o, trace& t) {
    for (int i = 0; i < 2; ++i)
        t(co_await test::ending(o.call(throw_out, ref(t))));
    co_await o.call(work_in_place, ref(t));
}

task<> call_inside(once& o, trace& t) { co_await o.call(work_in_place, ref(t)); }

task<> recurse(once& o, trace& t) {
    t(co_await test::ending(o.call(call_inside, ref(o), ref(t))));
    co_await o.call(work_in_place, ref(t));
}

task<> take(std::unique_ptr<int> n, trace& t) {
    t(std::to_string(*n));
    co_return;
}

task<> call_with_value(once& o, trace& t) {
    auto n = std::make_unique<int>(7);
    co_await o.call(take, std::move(n), ref(t));
}

task<> own_and_share(heddle::channel<once*> where, trace& t, heddle::event& never) {
    once o;
    co_await where.send(&o);
    co_await where.send(&o);
    co_await never.wait();
    t("not reached");
}

task<> call_shared(heddle::receiver<once*> where, trace& t, heddle::event& never) {
    once* o = *co_await where.receive();
    co_await o->call(work, ref(t), "ann", ref(never));
}

}  // namespace

TEST_SUITE_BEGIN("once");

TEST_CASE("a once runs one function once, and all callers wait for its end, in order "
          "of arrival") {
    world w;
    trace t;
    once o;
    heddle::event done;
    for (auto name : {"ann", "bob", "cid"})
        w.go(call, ref(o), ref(t), name, ref(done));
    w.settle();
    CHECK(t.take() == lines{"ann begins"});
    done.set();
    w.settle();
    CHECK(t.take() == lines{"ann ends", "ann: ok", "bob: ok", "cid: ok"});
    w.go(call, ref(o), ref(t), "dan", ref(done));
    w.settle();
    CHECK(t.take() == lines{"dan: ok"});
}

TEST_CASE("call takes plain functions, and moves arguments in") {
    trace t;
    once plain, moved;
    test::run_virtual(call_plain(plain, t));
    test::run_virtual(call_with_value(moved, t));
    CHECK(t.take() == lines{"done", "7"});
}

TEST_CASE("if the function throws, its caller gets the exception, and the next call "
          "tries again") {
    trace t;
    once o;
    test::run_virtual(try_twice(o, t));
    CHECK(t.take() == lines{"tried", "could not", "tried", "could not", "done"});
}

TEST_CASE(
    "if the running call is cancelled, the next in the queue runs its own function") {
    world w;
    trace t;
    once o;
    heddle::event done;
    auto ann = w.go(call, ref(o), ref(t), "ann", ref(done));
    auto bob = w.go(call, ref(o), ref(t), "bob", ref(done));
    auto cid = w.go(call, ref(o), ref(t), "cid", ref(done));
    w.settle();
    bob.cancel();  // bob only waits, so he has run nothing
    w.settle();
    ann.cancel();
    w.settle();
    CHECK(t.take() == lines{"ann begins", "bob: cancelled: closed",
                            "ann: cancelled: closed", "cid begins"});
    done.set();
    w.settle();
    CHECK(t.take() == lines{"cid ends", "cid: ok"});
}

TEST_CASE("under a closed token call throws, even if the once is done") {
    world w;
    trace t;
    once o;
    heddle::event done(true);
    w.go(call, ref(o), ref(t), "ann", ref(done));
    w.settle();
    auto bob = w.go(call, ref(o), ref(t), "bob", ref(done));
    bob.cancel();
    w.settle();
    CHECK(t.take() ==
          lines{"ann begins", "ann ends", "ann: ok", "bob: cancelled: closed"});
}

TEST_CASE(
    "a call inside the function is a logic_error, and the once can still be done") {
    trace t;
    once o;
    test::run_virtual(recurse(o, t));
    CHECK(t.take() ==
          lines{"heddle: once: call() inside what it calls would wait for itself; call "
                "that function directly",
                "done"});
}

TEST_CASE("if the running task is destroyed, the next runs its own function") {
    trace t;
    once o;
    heddle::event never, done(true);
    world survivor;
    {
        world w;
        w.go(call, ref(o), ref(t), "ann", ref(never));
        w.settle();
        survivor.go(call, ref(o), ref(t), "bob", ref(done));
        survivor.settle();
    }
    survivor.settle();
    CHECK(t.take() == lines{"ann begins", "bob begins", "bob ends", "bob: ok"});
}

TEST_CASE("a context may destroy the once, its runner and its waiters in any order") {
    // The task that has the once is the youngest, so it is destroyed first.
    trace t;
    heddle::event never;
    world w;
    heddle::channel<once*> where;
    w.go(call_shared, where, ref(t), ref(never));
    w.go(call_shared, where, ref(t), ref(never));
    w.go(own_and_share, where, ref(t), ref(never));
    w.settle();
    CHECK(t.take() == lines{"ann begins"});
    CHECK(w.live() == 3);
}

TEST_SUITE_END();
