// SPDX-License-Identifier: BSL-1.0
// The promises of a notify and of a condition_variable.
#include <heddle/sync.hpp>

#include "support/ending.hpp"
#include "support/world.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <optional>
#include <stdexcept>
#include <string>

namespace {

using heddle::condition_variable;
using heddle::mutex;
using heddle::notify;
using heddle::task;
using std::ref;
using test::lines;
using test::trace;
using test::world;

task<> wait(notify& n, trace& t, std::string name) {
    std::string how = co_await test::ending(n.wait());
    t(name + ": " + how);
}

task<> wait_or(notify& n, heddle::event& other, trace& t) {
    t(co_await heddle::select(n.wait(), other.wait()) == 0 ? "notified" : "other");
}

struct shop {
    mutex m;
    condition_variable changed;
    int goods = 0;
    trace t;
};

task<> buy(shop& s, std::string name) {
    auto held = co_await s.m.lock();
    bool failed = false;
    try {
        co_await s.changed.wait(held, [&] { return s.goods > 0; });
    } catch (const heddle::cancelled&) {
        failed = true;
    }
    if (failed) {
        s.t(name + (held ? " cancelled, holding" : " cancelled"));
        co_return;
    }
    --s.goods;
    s.t(name + " bought");
}

task<> wait_once(shop& s, std::string name) {
    auto held = co_await s.m.lock();
    co_await s.changed.wait(held);
    s.t(name + (held ? " notified, holding" : " notified"));
}

task<> hold(shop& s, heddle::event& until) {
    auto held = co_await s.m.lock();
    co_await until.wait();
}

task<> wait_holding_nothing(shop& s) {
    mutex::guard held;
    std::string how = co_await test::ending(s.changed.wait(held));
    s.t(how);
}

}  // namespace

TEST_SUITE_BEGIN("notify");

TEST_CASE(
    "notify_one wakes the task that has waited longest; nobody resumes inside it") {
    world w;
    trace t;
    notify n;
    w.go(wait, ref(n), ref(t), "ann");
    w.go(wait, ref(n), ref(t), "bob");
    w.settle();
    n.notify_one();
    CHECK(t.take().empty());
    w.settle();
    CHECK(t.take() == lines{"ann: ok"});
    n.notify_one();
    w.settle();
    CHECK(t.take() == lines{"bob: ok"});
}

TEST_CASE("one notify_one is kept if nobody waits, however often it is called") {
    world w;
    trace t;
    notify n;
    n.notify_one();
    n.notify_one();
    w.go(wait, ref(n), ref(t), "ann");
    w.go(wait, ref(n), ref(t), "bob");
    w.settle();
    CHECK(t.take() == lines{"ann: ok"});
}

TEST_CASE("notify_all wakes all that wait, in order, and is not kept") {
    world w;
    trace t;
    notify n;
    n.notify_all();
    w.go(wait, ref(n), ref(t), "ann");
    w.go(wait, ref(n), ref(t), "bob");
    w.settle();
    CHECK(t.take().empty());
    n.notify_all();
    w.go(wait, ref(n), ref(t), "cid");
    w.settle();
    CHECK(t.take() == lines{"ann: ok", "bob: ok"});
}

TEST_CASE("a wait that is cancelled, or loses its select, has used no notification") {
    world w;
    trace t;
    notify n;
    heddle::event other;
    SUBCASE("cancelled") {
        auto h = w.go(wait, ref(n), ref(t), "ann");
        w.settle();
        h.cancel();
        w.settle();
        CHECK(t.take() == lines{"ann: cancelled: closed"});
    }
    SUBCASE("loses") {
        w.go(wait_or, ref(n), ref(other), ref(t));
        w.settle();
        other.set();
        w.settle();
        CHECK(t.take() == lines{"other"});
    }
    n.notify_one();
    heddle::event never;
    w.go(wait_or, ref(n), ref(never), ref(t));
    w.settle();
    CHECK(t.take() == lines{"notified"});
}

TEST_CASE(
    "a notify_one for a task that is destroyed before it runs goes to the next; a "
    "notify_all does not") {
    trace t;
    notify n;
    world survivor;
    bool all = false;
    {
        world w;
        w.go(wait, ref(n), ref(t), "ann");
        w.settle();
        SUBCASE("one") { n.notify_one(); }
        SUBCASE("all") {
            n.notify_all();
            all = true;
        }
        survivor.go(wait, ref(n), ref(t), "bob");
        survivor.settle();
    }
    survivor.settle();
    CHECK(t.take() == (all ? lines{} : lines{"bob: ok"}));
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("condition_variable");

TEST_CASE("wait gives the mutex up, and has it again when the predicate is true") {
    world w;
    shop s;
    for (auto name : {"ann", "bob", "cid"})
        w.go(buy, ref(s), name);
    w.settle();
    CHECK(s.m.try_lock());  // it is free
    s.goods = 1;
    s.changed.notify_one();
    CHECK(s.t.take().empty());
    w.settle();
    CHECK(s.t.take() == lines{"ann bought"});
    s.changed.notify_one();  // there is nothing
    w.settle();
    CHECK(s.t.take().empty());
    s.goods = 2;
    s.changed.notify_all();
    w.settle();
    CHECK(s.t.take() == lines{"cid bought", "bob bought"});
}

TEST_CASE("a notification is for one task that waits, in order, and is not kept") {
    world w;
    shop s;
    s.changed.notify_one();
    s.changed.notify_all();
    w.go(wait_once, ref(s), "ann");
    w.go(wait_once, ref(s), "bob");
    w.settle();
    CHECK(s.t.take().empty());
    s.changed.notify_one();
    w.settle();
    CHECK(s.t.take() == lines{"ann notified, holding"});
    s.changed.notify_one();
    w.settle();
    CHECK(s.t.take() == lines{"bob notified, holding"});
}

TEST_CASE("the task that was notified waits for the mutex") {
    world w;
    shop s;
    heddle::event until;
    w.go(wait_once, ref(s), "ann");
    w.settle();
    w.go(hold, ref(s), ref(until));
    w.settle();
    s.changed.notify_one();
    w.settle();
    CHECK(s.t.take().empty());
    until.set();
    w.settle();
    CHECK(s.t.take() == lines{"ann notified, holding"});
}

TEST_CASE("a cancelled wait has the mutex again, and passes on a notification") {
    world w;
    shop s;
    heddle::event until;
    auto ann = w.go(buy, ref(s), "ann");
    w.go(wait_once, ref(s), "bob");
    w.settle();
    SUBCASE("not notified") {
        ann.cancel();
        w.settle();
        CHECK(s.t.take() == lines{"ann cancelled, holding"});
        s.changed.notify_one();
    }
    SUBCASE("cancelled, and then notified before it runs") {
        ann.cancel();
        s.changed.notify_one();
    }
    w.settle();
    auto got = s.t.take();
    REQUIRE(!got.empty());
    CHECK(got.back() == "bob notified, holding");
    CHECK(s.m.try_lock());
}

TEST_CASE(
    "a notified task that is destroyed before it runs passes the notification on") {
    shop s;
    world survivor;
    {
        world w;
        w.go(wait_once, ref(s), "ann");
        w.settle();
        survivor.go(wait_once, ref(s), "bob");
        survivor.settle();
        s.changed.notify_one();
    }
    survivor.settle();
    CHECK(s.t.take() == lines{"bob notified, holding"});
}

TEST_CASE("a task that is destroyed while it waits leaves the queue") {
    shop s;
    {
        world w;
        w.go(wait_once, ref(s), "ann");
        w.settle();
    }
    world w;
    w.go(wait_once, ref(s), "bob");
    w.settle();
    s.changed.notify_one();
    w.settle();
    CHECK(s.t.take() == lines{"bob notified, holding"});
}

TEST_CASE("to wait with a guard that holds nothing is a logic_error") {
    world w;
    shop s;
    w.go(wait_holding_nothing, ref(s));
    w.settle();
    CHECK(test::contains(s.t.take().at(0), "guard that holds nothing"));
}

TEST_CASE("a context may destroy the mutex, the condition and who waits in any order") {
    world w;
    heddle::channel<shop*> where(2);
    auto waiter = [](heddle::receiver<shop*> from) -> task<> {
        shop* s = *co_await from.receive();
        co_await wait_once(*s, "ann");
    };
    w.go(waiter, where);
    w.go(waiter, where);
    w.go(
        [](heddle::sender<shop*> to) -> task<> {
            shop s;
            co_await to.send(&s);
            co_await to.send(&s);
            co_await heddle::event().wait();
        },
        where);
    w.settle();
    CHECK(w.live() == 3);
}

TEST_SUITE_END();
