// SPDX-License-Identifier: BSL-1.0
// The promises of a shared_mutex.
#include <heddle/sync.hpp>

#include "support/ending.hpp"
#include "support/world.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <stdexcept>
#include <string>

namespace {

using heddle::shared_mutex;
using heddle::task;
using std::ref;
using test::lines;
using test::trace;
using test::world;

struct book {
    shared_mutex m;
    heddle::event closed;
    trace t;
};

task<> reader(book& b, std::string name) {
    auto held = co_await b.m.lock_shared();
    b.t(name + " reads");
    co_await b.closed.wait();
}

task<> writer(book& b, std::string name) {
    auto held = co_await b.m.lock();
    b.t(name + " writes");
    co_await b.closed.wait();
}

task<> write_or(book& b, heddle::event& other) {
    shared_mutex::guard held;
    b.t(co_await heddle::select(b.m.lock(held), other.wait()) == 0 ? "locked"
                                                                   : "other");
    co_await b.closed.wait();
}

task<> read_or(book& b, heddle::event& other) {
    shared_mutex::shared_guard held;
    b.t(co_await heddle::select(b.m.lock_shared(held), other.wait()) == 0 ? "reading"
                                                                          : "other");
}

}  // namespace

TEST_SUITE_BEGIN("shared_mutex");

TEST_CASE("readers hold it together, a writer alone") {
    shared_mutex m;
    auto a = m.try_lock_shared(), b = m.try_lock_shared();
    CHECK(a);
    CHECK(b);
    CHECK_FALSE(m.try_lock());
    a.unlock();
    CHECK_FALSE(m.try_lock());
    b.unlock();
    auto w = m.try_lock();
    CHECK(w);
    CHECK_FALSE(m.try_lock());
    CHECK_FALSE(m.try_lock_shared());
}

TEST_CASE("no task overtakes another: a reader waits behind a writer that waits") {
    world w;
    book b;
    for (auto name : {"ann", "bob"})
        w.go(reader, ref(b), name);
    w.go(writer, ref(b), "cid");
    for (auto name : {"dan", "eve"})
        w.go(reader, ref(b), name);
    w.go(writer, ref(b), "fay");
    w.settle();
    CHECK(b.t.take() == lines{"ann reads", "bob reads"});
    CHECK_FALSE(b.m.try_lock_shared());
    b.closed.set();
    w.settle();
    CHECK(b.t.take() == lines{"cid writes", "dan reads", "eve reads", "fay writes"});
    CHECK(b.m.try_lock());
}

TEST_CASE("readers go on when the writer before them is cancelled, or destroyed") {
    world w;
    book b;
    auto reading = b.m.try_lock_shared();
    SUBCASE("cancelled") {
        auto cid = w.go(writer, ref(b), "cid");
        w.settle();
        w.go(reader, ref(b), "dan");
        w.settle();
        CHECK(b.t.take().empty());
        cid.cancel();
        w.settle();
    }
    SUBCASE("destroyed") {
        {
            world other;
            other.go(writer, ref(b), "cid");
            other.settle();
            w.go(reader, ref(b), "dan");
            w.settle();
            CHECK(b.t.take().empty());
        }
        w.settle();
    }
    CHECK(b.t.take() == lines{"dan reads"});
}

TEST_CASE("locks are arms; one that loses has taken nothing") {
    world w;
    book b;
    heddle::event other, never;
    {
        auto writing = b.m.try_lock();
        w.go(write_or, ref(b), ref(other));
        w.go(read_or, ref(b), ref(other));
        w.settle();
        other.set();
        w.settle();
        CHECK(b.t.take() == lines{"other", "other"});
    }
    CHECK(b.m.try_lock());
    w.go(read_or, ref(b), ref(never));
    w.go(write_or, ref(b), ref(never));
    w.settle();
    CHECK(b.t.take() == lines{"reading", "locked"});
    CHECK_FALSE(b.m.try_lock_shared());
}

TEST_CASE("a lock handed to a task that is destroyed before it runs is given on") {
    book b;
    world survivor;
    {
        auto writing = b.m.try_lock();
        world w;
        SUBCASE("a writer") { w.go(writer, ref(b), "ann"); }
        SUBCASE("a reader") { w.go(reader, ref(b), "ann"); }
        w.settle();
        survivor.go(writer, ref(b), "bob");
        survivor.settle();
        writing.unlock();
    }
    survivor.settle();
    CHECK(b.t.take() == lines{"bob writes"});
}

TEST_CASE("assigning to a guard unlocks what it held; unlocking nothing is a logic_"
          "error") {
    shared_mutex a, b;
    auto held = a.try_lock();
    held = b.try_lock();
    CHECK(a.try_lock());
    CHECK_FALSE(b.try_lock());
    held.unlock();
    CHECK_THROWS_WITH_AS(held.unlock(), doctest::Contains("holds nothing"),
                         std::logic_error);
    shared_mutex::shared_guard none;
    CHECK_THROWS_AS(none.unlock(), std::logic_error);
}

TEST_CASE("a context may destroy the mutex, who holds it and who waits in any order") {
    world w;
    heddle::channel<shared_mutex*> where(3);
    auto user = [](heddle::receiver<shared_mutex*> from, bool writes) -> task<> {
        shared_mutex* m = *co_await from.receive();
        if (writes) {
            auto held = co_await m->lock();
            co_await heddle::event().wait();
        } else {
            auto held = co_await m->lock_shared();
            co_await heddle::event().wait();
        }
    };
    for (bool writes : {false, true, false})
        w.go(user, where, writes);
    w.go(
        [](heddle::sender<shared_mutex*> to) -> task<> {
            shared_mutex m;
            for (int i = 0; i < 3; ++i)
                co_await to.send(&m);
            co_await heddle::event().wait();
        },
        where);
    w.settle();
    CHECK(w.live() == 4);
}

TEST_SUITE_END();
