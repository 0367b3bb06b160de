// SPDX-License-Identifier: BSL-1.0
// The promises of a mutex. One thread is stepped by hand.
#include <heddle/sync.hpp>

#include "support/ending.hpp"
#include "support/world.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <optional>
#include <stdexcept>

namespace {

using heddle::mutex;
using heddle::task;
using std::ref;
using test::lines;
using test::trace;
using test::world;

task<> hold(mutex& m, heddle::event& until, trace& t, std::string name) {
    t(name + " comes");
    auto held = co_await m.lock();
    t(name + " has it");
    co_await until.wait();
    t(name + " unlocks");
}

task<> lock_and_note(mutex& m, trace& t, std::string name) {
    std::string how = co_await test::ending(m.lock());
    t(name + ": " + how);
}

task<> lock_for_ever(mutex& m) {
    auto held = co_await m.lock();
    co_await heddle::event().wait();
}

/// Locks again and again until its budget is spent; it holds the lock then.
task<> lock_again_and_again(mutex& m) {
    for (;;)
        auto held = co_await m.lock();
}

task<> select_again_and_again(mutex& m) {
    for (;;) {
        mutex::guard held;
        co_await heddle::select(m.lock(held));
    }
}

task<> let_cid_in(mutex& m, trace& t) {
    auto mine = co_await m.lock();
    heddle::go(lock_and_note, ref(m), ref(t), "cid");
    co_await heddle::yield();
    mine.unlock();
    mine = co_await m.lock();
    t("dan again");
}

task<> lock_into(mutex& m, mutex::guard& to) { co_await m.lock(to); }

task<> lock_or_other(mutex& m, heddle::event& other, trace& t) {
    mutex::guard held;
    switch (co_await heddle::select(m.lock(held), other.wait())) {
    case 0:
        t(held ? "locked" : "locked, with an empty guard");
        break;
    case 1:
        t(held ? "other, with a guard" : "other");
    }
}

task<> user(heddle::receiver<mutex*> where, bool select) {
    mutex* m = *co_await where.receive();
    mutex::guard held;
    if (select)
        co_await heddle::select(m->lock(held), heddle::event().wait());
    else
        held = co_await m->lock();
    co_await heddle::event().wait();
}

task<> owner(heddle::sender<mutex*> where, int users) {
    mutex m;
    for (int i = 0; i < users; ++i)
        co_await where.send(&m);
    co_await heddle::event().wait();
}

task<> lock_twice() {
    mutex m;
    auto one = co_await m.lock();
    auto two = co_await m.lock();
}

bool is_free(mutex& m) { return static_cast<bool>(m.try_lock()); }

}  // namespace

TEST_SUITE_BEGIN("mutex");

TEST_CASE("one task at a time has the mutex, and waiters get it in order of arrival") {
    world w;
    trace t;
    mutex m;
    heddle::event go_on;
    for (auto name : {"ann", "bob", "cid"})
        w.go(hold, ref(m), ref(go_on), ref(t), name);
    w.settle();
    CHECK(t.take() == lines{"ann comes", "ann has it", "bob comes", "cid comes"});
    go_on.set();
    CHECK(t.take().empty());
    w.settle();
    CHECK(t.take() == lines{"ann unlocks", "bob has it", "bob unlocks", "cid has it",
                            "cid unlocks"});
    CHECK(is_free(m));
}

TEST_CASE("unlock resumes no task inside the call, and works outside a task") {
    world w;
    trace t;
    mutex m;
    auto held = m.try_lock();
    w.go(lock_and_note, ref(m), ref(t), "ann");
    w.settle();
    held.unlock();
    CHECK(t.take().empty());
    w.settle();
    CHECK(t.take() == lines{"ann: ok"});
}

TEST_CASE("no task overtakes a waiter: unlock() hands the mutex over") {
    world w;
    trace t;
    mutex m;
    auto held = m.try_lock();
    w.go(lock_and_note, ref(m), ref(t), "ann");
    w.settle();
    held.unlock();
    CHECK_FALSE(m.try_lock());  // ann has it already, though she has not run
    w.go(lock_and_note, ref(m), ref(t), "bob");
    w.settle();
    CHECK(t.take() == lines{"ann: ok", "bob: ok"});

    w.go(let_cid_in, ref(m), ref(t));
    w.settle();
    CHECK(t.take() == lines{"cid: ok", "dan again"});
}

TEST_CASE("a guard unlocks early, when it is assigned to, and when it is destroyed") {
    mutex a, b;
    mutex::guard g = a.try_lock();
    CHECK(g);
    g.unlock();
    CHECK_FALSE(g);
    CHECK(is_free(a));

    g = a.try_lock();
    g = b.try_lock();
    CHECK(is_free(a));
    CHECK_FALSE(b.try_lock());
    {
        mutex::guard moved(std::move(g));
        CHECK_FALSE(g);
        CHECK(moved);
        CHECK_FALSE(b.try_lock());
    }
    CHECK(is_free(b));
}

TEST_CASE("unlocking through an empty guard is a logic_error") {
    mutex m;
    mutex::guard none;
    CHECK_THROWS_AS(none.unlock(), std::logic_error);
    auto g = m.try_lock();
    g.unlock();
    CHECK_THROWS_WITH_AS(g.unlock(), doctest::Contains("mutex that is not locked"),
                         std::logic_error);
    CHECK(is_free(m));
}

TEST_CASE("try_lock never waits, and returns an empty guard if the mutex is not free") {
    mutex m;
    auto g = m.try_lock();
    CHECK(g);
    CHECK_FALSE(m.try_lock());
}

TEST_CASE(
    "lock(guard) locks into the guard, which first unlocks the mutex that it held") {
    mutex a, b;
    mutex::guard g = a.try_lock();
    test::run_virtual(lock_into(b, g));
    CHECK(is_free(a));
    CHECK(g);
    CHECK_FALSE(b.try_lock());
}

TEST_CASE("a lock arm that happens puts the lock into its guard") {
    world w;
    trace t;
    mutex m;
    heddle::event other;
    w.go(lock_or_other, ref(m), ref(other), ref(t));
    w.settle();
    CHECK(t.take() == lines{"locked"});

    auto held = m.try_lock();
    w.go(lock_or_other, ref(m), ref(other), ref(t));
    w.settle();
    CHECK(t.take().empty());
    held.unlock();
    w.settle();
    CHECK(t.take() == lines{"locked"});
    CHECK(is_free(m));
}

TEST_CASE("a lock arm that loses its select has not taken the mutex") {
    world w;
    trace t;
    mutex m;
    heddle::event other;
    auto held = m.try_lock();
    w.go(lock_or_other, ref(m), ref(other), ref(t));
    w.go(lock_and_note, ref(m), ref(t), "bob");
    w.settle();
    other.set();    // claims the select
    held.unlock();  // so bob gets it
    w.settle();
    CHECK(t.take() == lines{"other", "bob: ok"});
    CHECK(is_free(m));
}

TEST_CASE("a lock under a closed token throws, and has not taken a free mutex") {
    world w;
    trace t;
    mutex m;
    auto h = w.go(lock_and_note, ref(m), ref(t), "ann");
    h.cancel();
    w.settle();
    CHECK(t.take() == lines{"ann: cancelled: closed"});
    CHECK(is_free(m));
}

TEST_CASE("a lock that is cancelled while it waits has not taken the mutex") {
    world w;
    trace t;
    mutex m;
    auto held = m.try_lock();
    auto ann = w.go(lock_and_note, ref(m), ref(t), "ann");
    auto bob = w.go(lock_and_note, ref(m), ref(t), "bob");
    w.settle();
    SUBCASE("and then the mutex is unlocked") {
        ann.cancel();
        held.unlock();
        w.settle();
        CHECK(t.take() == lines{"ann: cancelled: closed", "bob: ok"});
    }
    SUBCASE("but if the mutex was handed over first, the task has it") {
        held.unlock();
        ann.cancel();
        w.settle();
        CHECK(t.take() == lines{"ann: ok", "bob: ok"});
    }
    CHECK(is_free(m));
}

TEST_CASE("a task that is destroyed while it waits leaves the queue") {
    mutex m;
    trace t;
    world survivor;
    auto held = m.try_lock();
    {
        world w;
        w.go(lock_for_ever, ref(m));
        w.settle();
        survivor.go(lock_and_note, ref(m), ref(t), "bob");
        survivor.settle();
    }
    held.unlock();
    survivor.settle();
    CHECK(t.take() == lines{"bob: ok"});
    CHECK(is_free(m));
}

TEST_CASE("a task that is destroyed while it holds the mutex unlocks it") {
    mutex m;
    trace t;
    world survivor;
    {
        world w;
        w.go(lock_for_ever, ref(m));
        w.go(lock_for_ever, ref(m));
        w.settle();
        survivor.go(lock_and_note, ref(m), ref(t), "bob");
        survivor.settle();
    }
    survivor.settle();
    CHECK(t.take() == lines{"bob: ok"});
    CHECK(is_free(m));
}

TEST_CASE("a mutex that was handed to a task which is destroyed before it runs goes to "
          "the next") {
    mutex m;
    heddle::event never;
    trace t;
    world survivor;
    auto held = m.try_lock();
    {
        world w;
        SUBCASE("a wait") { w.go(lock_for_ever, ref(m)); }
        SUBCASE("an arm") { w.go(lock_or_other, ref(m), ref(never), ref(t)); }
        w.settle();
        survivor.go(lock_and_note, ref(m), ref(t), "bob");
        survivor.settle();
        held.unlock();
    }
    survivor.settle();
    CHECK(t.take() == lines{"bob: ok"});
    CHECK(is_free(m));
}

TEST_CASE(
    "a lock taken at the end of the budget is freed if its task never runs again") {
    mutex m;
    {
        world w;
        SUBCASE("a wait") { w.go(lock_again_and_again, ref(m)); }
        SUBCASE("an arm") { w.go(select_again_and_again, ref(m)); }
        w.ctx.run_one();
        REQUIRE_FALSE(m.try_lock());
    }
    CHECK(is_free(m));
}

TEST_CASE("a context may destroy the mutex, its holder and its waiters in any order") {
    // The youngest task is destroyed first. So the one with the mutex starts last, and
    // the address sanitizer checks whether a guard or a wait touches freed memory.
    world w;
    heddle::channel<mutex*> where;
    for (bool select : {false, true, false})
        w.go(user, where, select);
    w.go(owner, where, 3);
    w.settle();
    CHECK(w.live() == 4);
}

TEST_CASE("a task that locks twice waits for ever, which run reports") {
    CHECK_THROWS_WITH_AS(heddle::run(lock_twice()), doctest::Contains("mutex"),
                         heddle::deadlock);
}

TEST_SUITE_END();
