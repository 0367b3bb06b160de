// SPDX-License-Identifier: BSL-1.0
// The promises of events, latches, barriers and wait groups. One thread is stepped by
// hand.
#include <heddle/sync.hpp>

#include "support/ending.hpp"
#include "support/world.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <optional>
#include <stdexcept>

namespace {

using heddle::task;
using std::ref;
using test::lines;
using test::trace;
using test::world;

template <class Gate>
task<> wait_at(Gate& gate, trace& t, std::string name) {
    std::string how = co_await test::ending(gate.wait());
    t(name + ": " + how);
}

template <class Gate>
task<> wait_or_other(Gate& gate, heddle::event& other, trace& t) {
    t(co_await heddle::select(gate.wait(), other.wait()) == 0 ? "open" : "other");
}

template <class Gate>
task<> wait_in_another_frame(heddle::receiver<Gate*> where) {
    Gate* gate = *co_await where.receive();
    co_await gate->wait();
}

template <class Gate, class... Args>
task<> keep(heddle::sender<Gate*> where, Args... args) {
    Gate gate(args...);
    co_await where.send(&gate);
    co_await where.send(&gate);
    co_await heddle::event().wait();
}

/// The youngest task is destroyed first, so the frame that has the primitive is
/// destroyed before those that wait for it. If they touched the primitive, the address
/// sanitizer would report it.
template <class Gate, class... Args>
void destroy_before_its_waiters(Args... args) {
    world w;
    heddle::channel<Gate*> where;
    w.go(wait_in_another_frame<Gate>, where);
    w.go(wait_in_another_frame<Gate>, where);
    w.go(keep<Gate, Args...>, where, args...);
    w.settle();
    CHECK(w.live() == 3);
}

task<> arrive(heddle::barrier& b, trace& t, std::string name) {
    std::string how = co_await test::ending(b.arrive_and_wait());
    t(name + ": " + how);
}

task<> walk(heddle::barrier& b, trace& t, std::string name, int steps) {
    for (int i = 1; i <= steps; ++i) {
        t(name + " " + std::to_string(i));
        co_await b.arrive_and_wait();
    }
}

class noted {
public:
    noted(trace& t, std::string what) : trace_(&t), what_(std::move(what)) {}
    noted(noted&& o) noexcept
        : trace_(std::exchange(o.trace_, nullptr)), what_(std::move(o.what_)) {}
    ~noted() {
        if (trace_)
            (*trace_)(what_);
    }

private:
    trace* trace_;
    std::string what_;
};

task<> take_argument(noted) { co_await heddle::yield(); }

task<> wait_for_one(trace& t) {
    heddle::wait_group group;
    group.go(take_argument, noted(t, "argument destroyed"));
    co_await group.wait();
    t("waited");
}

task<> start_one_and_fail(heddle::wait_group& group, trace& t) {
    group.go(take_argument, noted(t, "argument destroyed"));
    throw std::runtime_error("left before the other ran");
    co_return;
}

}  // namespace

TEST_SUITE_BEGIN("event");

TEST_CASE("waiters go on when the event is set, in order of arrival; later waits end "
          "at once") {
    world w;
    trace t;
    heddle::event e;
    w.go(wait_at<heddle::event>, ref(e), ref(t), "ann");
    w.go(wait_at<heddle::event>, ref(e), ref(t), "bob");
    w.settle();
    CHECK_FALSE(e.is_set());
    e.set();
    e.set();
    CHECK(e.is_set());
    CHECK(t.take().empty());
    w.settle();
    CHECK(t.take() == lines{"ann: ok", "bob: ok"});
    w.go(wait_at<heddle::event>, ref(e), ref(t), "cid");
    w.settle();
    CHECK(t.take() == lines{"cid: ok"});
}

TEST_CASE(
    "a waiter goes on after set, even if the event is reset before the waiter runs") {
    world w;
    trace t;
    heddle::event e;
    w.go(wait_at<heddle::event>, ref(e), ref(t), "ann");
    w.settle();
    e.set();
    e.reset();
    CHECK_FALSE(e.is_set());
    w.go(wait_at<heddle::event>, ref(e), ref(t), "bob");
    w.settle();
    CHECK(t.take() == lines{"ann: ok"});
}

TEST_CASE("an event can be set from the start") { CHECK(heddle::event(true).is_set()); }

TEST_CASE("a wait is an arm, and one that loses leaves no trace") {
    world w;
    trace t;
    heddle::event e, other;
    w.go(wait_or_other<heddle::event>, ref(e), ref(other), ref(t));
    w.settle();
    other.set();
    e.set();
    w.settle();
    CHECK(t.take() == lines{"other"});
    other.reset();
    w.go(wait_or_other<heddle::event>, ref(e), ref(other), ref(t));
    w.settle();
    CHECK(t.take() == lines{"open"});
}

TEST_CASE("a cancelled wait throws, even if the event is set") {
    world w;
    trace t;
    heddle::event e(true);
    auto ann = w.go(wait_at<heddle::event>, ref(e), ref(t), "ann");
    ann.cancel();
    w.settle();
    e.reset();
    auto bob = w.go(wait_at<heddle::event>, ref(e), ref(t), "bob");
    w.settle();
    bob.cancel();
    w.settle();
    CHECK(t.take() == lines{"ann: cancelled: closed", "bob: cancelled: closed"});
}

TEST_CASE("a task that is destroyed while it waits, or before it resumes, leaves "
          "nothing behind") {
    trace t;
    heddle::event e;
    for (bool set : {false, true}) {
        world w;
        e.reset();
        w.go(wait_at<heddle::event>, ref(e), ref(t), "ann");
        w.settle();
        if (set)
            e.set();
    }
    CHECK(t.take().empty());
}

TEST_CASE("a context may destroy the event and its waiters in any order") {
    destroy_before_its_waiters<heddle::event>();
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("latch");

TEST_CASE("waiters go on when the latch is counted down to zero, and later waits end "
          "at once") {
    world w;
    trace t;
    heddle::latch l(3);
    w.go(wait_at<heddle::latch>, ref(l), ref(t), "ann");
    w.go(wait_at<heddle::latch>, ref(l), ref(t), "bob");
    w.settle();
    l.count_down();
    l.count_down(0);
    w.settle();
    CHECK(t.take().empty());
    l.count_down(2);
    CHECK(t.take().empty());
    w.settle();
    w.go(wait_at<heddle::latch>, ref(l), ref(t), "cid");
    w.settle();
    CHECK(t.take() == lines{"ann: ok", "bob: ok", "cid: ok"});
}

TEST_CASE("a latch that starts at zero lets every task through") {
    world w;
    trace t;
    heddle::latch l(0);
    w.go(wait_at<heddle::latch>, ref(l), ref(t), "ann");
    w.settle();
    CHECK(t.take() == lines{"ann: ok"});
}

TEST_CASE("a count below zero is a logic_error, and the count stays") {
    world w;
    trace t;
    CHECK_THROWS_AS(heddle::latch(-1), std::invalid_argument);
    heddle::latch l(1);
    CHECK_THROWS_WITH_AS(l.count_down(2), doctest::Contains("latch below zero"),
                         std::logic_error);
    CHECK_THROWS_AS(l.count_down(-1), std::invalid_argument);
    w.go(wait_at<heddle::latch>, ref(l), ref(t), "ann");
    w.settle();
    CHECK(t.take().empty());
    l.count_down();
    w.settle();
    CHECK(t.take() == lines{"ann: ok"});
    CHECK_THROWS_AS(l.count_down(), std::logic_error);
}

TEST_CASE(
    "a wait is an arm; one that loses, or is cancelled, does not change the count") {
    world w;
    trace t;
    heddle::latch l(1);
    heddle::event other;
    w.go(wait_or_other<heddle::latch>, ref(l), ref(other), ref(t));
    auto ann = w.go(wait_at<heddle::latch>, ref(l), ref(t), "ann");
    w.settle();
    ann.cancel();
    other.set();
    w.settle();
    CHECK(t.take() == lines{"ann: cancelled: closed", "other"});
    other.reset();
    w.go(wait_or_other<heddle::latch>, ref(l), ref(other), ref(t));
    w.settle();
    CHECK(t.take().empty());
    l.count_down();
    w.settle();
    CHECK(t.take() == lines{"open"});
}

TEST_CASE("a context may destroy the latch and its waiters in any order") {
    destroy_before_its_waiters<heddle::latch>(1);
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("barrier");

TEST_CASE("a barrier makes n tasks wait for each other, again and again") {
    world w;
    trace t;
    heddle::barrier b(2);
    w.go(walk, ref(b), ref(t), "ann", 3);
    w.settle();
    CHECK(t.take() == lines{"ann 1"});
    w.go(walk, ref(b), ref(t), "bob", 3);
    w.settle();
    // The task that arrives last goes on at once, so it is the first at the next step.
    CHECK(t.take() == lines{"bob 1", "bob 2", "ann 2", "ann 3", "bob 3"});
    CHECK(w.live() == 0);
}

TEST_CASE("the others go on in order of arrival, not inside the last arrival") {
    world w;
    trace t;
    heddle::barrier b(3);
    for (auto name : {"ann", "bob", "cid"})
        w.go(arrive, ref(b), ref(t), name);
    w.settle();
    CHECK(t.take() == lines{"cid: ok", "ann: ok", "bob: ok"});
}

TEST_CASE("a task that is cancelled before it arrives has not arrived") {
    world w;
    trace t;
    heddle::barrier b(2);
    auto ann = w.go(arrive, ref(b), ref(t), "ann");
    ann.cancel();
    w.go(arrive, ref(b), ref(t), "bob");
    w.settle();
    CHECK(t.take() == lines{"ann: cancelled: closed"});
    w.go(arrive, ref(b), ref(t), "cid");
    w.settle();
    CHECK(t.take() == lines{"cid: ok", "bob: ok"});
}

TEST_CASE(
    "a task that is cancelled while it waits gets an exception, but has arrived") {
    world w;
    trace t;
    heddle::barrier b(3);
    auto ann = w.go(arrive, ref(b), ref(t), "ann");
    w.go(arrive, ref(b), ref(t), "bob");
    w.settle();
    ann.cancel();
    w.settle();
    CHECK(t.take() == lines{"ann: cancelled: closed"});
    w.go(arrive, ref(b), ref(t), "cid");
    w.settle();
    CHECK(t.take() == lines{"cid: ok", "bob: ok"});
}

TEST_CASE("a barrier for less than one task is refused, and one for a single task "
          "never waits") {
    CHECK_THROWS_AS(heddle::barrier(0), std::invalid_argument);
    world w;
    trace t;
    heddle::barrier b(1);
    w.go(arrive, ref(b), ref(t), "ann");
    w.settle();
    CHECK(t.take() == lines{"ann: ok"});
}

TEST_CASE("a context may destroy the barrier and its waiters in any order") {
    struct shared : heddle::barrier {
        shared() : barrier(3) {}
        auto wait() { return arrive_and_wait(); }
    };
    destroy_before_its_waiters<shared>();
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("wait_group");

TEST_CASE("wait() ends after the frames of the tasks that go() started are destroyed") {
    trace t;
    test::run_virtual(wait_for_one(t));
    CHECK(t.take() == lines{"argument destroyed", "waited"});
}

TEST_CASE("a task that is destroyed before it first runs is counted down") {
    world survivor;
    trace t;
    heddle::wait_group group;
    {
        world w;
        w.go(start_one_and_fail, ref(group), ref(t));
        CHECK_THROWS_AS(w.ctx.poll(), std::runtime_error);
        survivor.go(wait_at<heddle::wait_group>, ref(group), ref(t), "ann");
        survivor.settle();
        CHECK(t.take().empty());
    }
    CHECK(t.take() == lines{"argument destroyed"});
    survivor.settle();
    CHECK(t.take() == lines{"ann: ok"});
}

TEST_CASE("a context may destroy the wait group and its waiters in any order") {
    struct busy : heddle::wait_group {
        busy() { add(); }
    };
    destroy_before_its_waiters<busy>();
}

TEST_SUITE_END();
