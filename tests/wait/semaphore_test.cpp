// SPDX-License-Identifier: BSL-1.0
// The promises of a semaphore. One thread is stepped by hand.
#include <heddle/sync.hpp>

#include "support/ending.hpp"
#include "support/world.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <functional>
#include <stdexcept>

namespace {

using heddle::semaphore;
using heddle::task;
using std::ref;
using test::lines;
using test::trace;
using test::world;

task<> acquire(semaphore& s, trace& t, std::string name) {
    std::string how = co_await test::ending(s.acquire());
    t(name + ": " + how);
}

task<> acquire_or_other(semaphore& s, heddle::event& other, trace& t) {
    t(co_await heddle::select(s.acquire(), other.wait()) == 0 ? "permit" : "other");
}

task<> acquire_again_and_again(semaphore& s) {
    for (;;)
        co_await s.acquire();
}

task<> select_again_and_again(semaphore& s, heddle::event& never) {
    for (;;)
        co_await heddle::select(s.acquire(), never.wait());
}

task<> user(heddle::receiver<semaphore*> where) {
    semaphore* s = *co_await where.receive();
    co_await s->acquire();
}

task<> owner(heddle::sender<semaphore*> where) {
    semaphore s(0);
    co_await where.send(&s);
    co_await where.send(&s);
    co_await heddle::event().wait();
}

task<> greedy_user(heddle::receiver<semaphore*> where) {
    co_await acquire_again_and_again(**co_await where.receive());
}

task<> greedy_selecting_user(heddle::receiver<semaphore*> where) {
    heddle::event never;
    co_await select_again_and_again(**co_await where.receive(), never);
}

task<> busy_owner(heddle::sender<semaphore*> where) {
    semaphore s(1 << 20);
    co_await where.send(&s);
    for (;;)
        co_await heddle::yield();
}

/// Returns how many permits are free.
int drain(semaphore& s) {
    int n = 0;
    while (s.try_acquire())
        ++n;
    s.release(n);
    return n;
}

}  // namespace

TEST_SUITE_BEGIN("semaphore");

TEST_CASE("acquire takes a permit, or waits for one in order of arrival") {
    world w;
    trace t;
    semaphore s(2);
    for (auto name : {"ann", "bob", "cid", "dan"})
        w.go(acquire, ref(s), ref(t), name);
    w.settle();
    CHECK(t.take() == lines{"ann: ok", "bob: ok"});
    s.release();
    CHECK(t.take().empty());  // no task resumes inside release()
    w.settle();
    CHECK(t.take() == lines{"cid: ok"});
    s.release();
    w.settle();
    CHECK(t.take() == lines{"dan: ok"});
    CHECK(drain(s) == 0);
}

TEST_CASE("release(n) serves up to n waiters, and keeps the other permits") {
    world w;
    trace t;
    semaphore s(0);
    w.go(acquire, ref(s), ref(t), "ann");
    w.go(acquire, ref(s), ref(t), "bob");
    w.settle();
    s.release(0);
    w.settle();
    CHECK(t.take().empty());
    s.release(5);
    w.settle();
    CHECK(t.take() == lines{"ann: ok", "bob: ok"});
    CHECK(drain(s) == 3);
}

TEST_CASE("no task overtakes a waiter, to which release hands the permit") {
    world w;
    trace t;
    semaphore s(0);
    w.go(acquire, ref(s), ref(t), "ann");
    w.settle();
    s.release();
    CHECK_FALSE(s.try_acquire());
    w.settle();
    CHECK(t.take() == lines{"ann: ok"});
}

TEST_CASE("try_acquire never waits") {
    semaphore s(1);
    CHECK(s.try_acquire());
    CHECK_FALSE(s.try_acquire());
    s.release();
    CHECK(s.try_acquire());
}

TEST_CASE("misuse is a logic_error that changes nothing") {
    CHECK_THROWS_AS(semaphore(-1), std::invalid_argument);
    semaphore s(1);
    CHECK_THROWS_WITH_AS(s.release(-1), doctest::Contains("must be 0 or more"),
                         std::logic_error);
    CHECK_THROWS_WITH_AS(s.release(PTRDIFF_MAX), doctest::Contains("largest"),
                         std::logic_error);
    CHECK(drain(s) == 1);
    CHECK(s.try_acquire());
    s.release(PTRDIFF_MAX);
    CHECK_THROWS_AS(s.release(), std::logic_error);
}

TEST_CASE("an acquire is an arm, and one that loses has taken nothing") {
    world w;
    trace t;
    semaphore s(1);
    heddle::event other;
    w.go(acquire_or_other, ref(s), ref(other), ref(t));
    w.go(acquire_or_other, ref(s), ref(other), ref(t));
    w.settle();
    CHECK(t.take() == lines{"permit"});
    other.set();
    s.release();
    w.settle();
    CHECK(t.take() == lines{"other"});
    CHECK(drain(s) == 1);
}

TEST_CASE("a cancelled acquire has taken nothing") {
    world w;
    trace t;
    semaphore s(1);
    SUBCASE("before it was tried") {
        auto ann = w.go(acquire, ref(s), ref(t), "ann");
        ann.cancel();
        w.settle();
    }
    SUBCASE("while it waited") {
        REQUIRE(s.try_acquire());
        auto ann = w.go(acquire, ref(s), ref(t), "ann");
        w.settle();
        ann.cancel();
        s.release();
        w.settle();
    }
    CHECK(t.take() == lines{"ann: cancelled: closed"});
    CHECK(drain(s) == 1);
}

TEST_CASE(
    "a permit given to a task that is destroyed before it runs goes to the next") {
    semaphore s(0);
    trace t;
    heddle::event never;
    world survivor;
    {
        world w;
        SUBCASE("a wait") { w.go(acquire, ref(s), ref(t), "ann"); }
        SUBCASE("an arm") { w.go(acquire_or_other, ref(s), ref(never), ref(t)); }
        w.settle();
        survivor.go(acquire, ref(s), ref(t), "bob");
        survivor.settle();
        s.release();
    }
    survivor.settle();
    CHECK(t.take() == lines{"bob: ok"});
    CHECK(drain(s) == 0);
}

TEST_CASE("a task that is destroyed while it waits leaves the queue") {
    semaphore s(0);
    trace t;
    {
        world w;
        w.go(acquire, ref(s), ref(t), "ann");
        w.settle();
    }
    s.release();
    CHECK(t.take().empty());
    CHECK(drain(s) == 1);
}

TEST_CASE("a permit taken at the end of the budget is returned if its task never runs "
          "again") {
    constexpr int plenty = 1 << 20;
    heddle::event never;
    semaphore s(plenty);
    int taken = 0;
    {
        world w;
        SUBCASE("a wait") { w.go(acquire_again_and_again, ref(s)); }
        SUBCASE("an arm") { w.go(select_again_and_again, ref(s), ref(never)); }
        w.ctx.run_one();
        taken = plenty - drain(s);
        REQUIRE(taken > 0);
        REQUIRE(taken < plenty);
    }
    // All but the last permit had reached the task.
    CHECK(plenty - drain(s) == taken - 1);
}

TEST_CASE("a context may destroy the semaphore and its waiters in any order") {
    // The youngest task is destroyed first, and its frame has the semaphore. If the
    // others touched it, the address sanitizer would report it.
    world w;
    heddle::channel<semaphore*> where;
    w.go(user, where);
    w.go(user, where);
    w.go(owner, where);
    w.settle();
    CHECK(w.live() == 3);
}

TEST_CASE("a context may destroy in any order the semaphore and a task that took a "
          "permit at the end of its budget") {
    // Ready tasks are destroyed in the order of the queue, where the owner is before
    // the user. The user has spent its budget and has a permit, but never went on.
    world w;
    heddle::channel<semaphore*> where;
    SUBCASE("a wait") { w.go(greedy_user, where); }
    SUBCASE("an arm") { w.go(greedy_selecting_user, where); }
    w.go(busy_owner, where);
    w.ctx.run_one();
    CHECK(w.live() == 2);
}

TEST_SUITE_END();
