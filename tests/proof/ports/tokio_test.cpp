// SPDX-License-Identifier: BSL-1.0
// Ports of Tokio's tests of mpsc, cancellation tokens, select!, time, semaphores,
// mutexes, barriers, abort and budget. Each case is named after the file and the name
// of its original.
#include <heddle/heddle.hpp>
#include <heddle/testing.hpp>

#include "support/ending.hpp"
#include "support/notes.hpp"
#include "support/tasks.hpp"
#include "support/world.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

using namespace std::chrono_literals;

namespace {

using heddle::channel;
using heddle::done_source;
using heddle::done_token;
using heddle::select;
using heddle::task;
using heddle::try_status;
using heddle::testing::world;
using test::ending;
using test::lines;
using test::note_end;
using test::sleeps;
using test::trace;
using test::tracked;

}  // namespace

TEST_SUITE_BEGIN("ports.tokio");

// -- sync_mpsc --------------------------------------------------------------------------

TEST_CASE("sync_mpsc send_recv_with_buffer, start_send_past_cap: a buffer holds as "
          "many values as its capacity") {
    world w;
    channel<int> c(2);
    CHECK(c.try_send(1) == try_status::done);
    CHECK(c.try_send(2) == try_status::done);
    CHECK(c.try_send(3) == try_status::would_block);
    w.go([](channel<int> out) -> task<> { co_await out.send(3); }, c);
    w.settle();
    CHECK(w.live() == 1);
    for (int expected : {1, 2, 3}) {
        int v = 0;
        CHECK(c.try_receive(v) == try_status::done);
        CHECK(v == expected);
        w.settle();
    }
    CHECK(w.live() == 0);
}

TEST_CASE("sync_mpsc send_recv_unbounded: an unbounded buffer takes any number of "
          "values and loses none") {
    world w;
    w.run([]() -> task<> {
        channel<int> in;
        heddle::receiver<int> out = heddle::unbounded(in);
        for (int i = 0; i < 1000; ++i)
            co_await in.send(i);
        in.close();
        int n = 0;
        while (auto v = co_await out.receive())
            CHECK(*v == n++);
        CHECK(n == 1000);
    }());
}

TEST_CASE(
    "sync_mpsc recv_close_gets_none_idle, tx_close_gets_none: a close ends a wait") {
    world w;
    channel<int> c(10);
    bool none = false;
    w.go(
        [](channel<int> in, bool& to) -> task<> {
            auto v = co_await in.receive();
            to = !v;
        },
        c, std::ref(none));
    w.settle();
    c.close();
    w.settle();
    CHECK(none);
}

TEST_CASE("sync_mpsc try_send_fail, try_send_fail_with_try_recv: try_send reports full "
          "and closed") {
    channel<std::string> c(1);
    std::string hello = "hello", fail = "fail", v;
    CHECK(c.try_send(std::move(hello)) == try_status::done);
    CHECK(c.try_send(std::move(fail)) == try_status::would_block);
    CHECK(fail == "fail");
    CHECK(c.try_receive(v) == try_status::done);
    CHECK(v == "hello");
    CHECK(c.try_send(std::move(fail)) == try_status::done);
    c.close();
    CHECK(c.try_receive(v) == try_status::done);
    CHECK(v == "fail");
    CHECK(c.try_receive(v) == try_status::closed);
}

TEST_CASE("sync_mpsc dropping_rx_closes_channel_for_try: no handle closes here, but "
          "values are destroyed") {
    int alive = tracked::alive();
    heddle::sender<tracked> tx;
    {
        channel<tracked> c(2);
        tx = c;
        CHECK(tx.try_send(tracked(1)) == try_status::done);
    }
    CHECK(tracked::alive() == alive + 1);
    CHECK(tx.try_send(tracked(2)) == try_status::done);
    CHECK(tx.try_send(tracked(3)) == try_status::would_block);
    tx = nullptr;
    CHECK(tracked::alive() == alive);
}

TEST_CASE("sync_mpsc ping_pong_deadlock (like 4321): two tasks that wait for each "
          "other go on") {
    world w;
    w.run([]() -> task<> {
        channel<int> ping(1), pong(1);
        auto other = heddle::go(
            [](channel<int> in, channel<int> out) -> task<> {
                for (int i = 0; i < 100; ++i) {
                    auto v = co_await in.receive();
                    co_await out.send(*v + 1);
                }
            },
            ping, pong);
        for (int i = 0; i < 100; ++i) {
            co_await ping.send(i);
            auto v = co_await pong.receive();
            CHECK(v == i + 1);
        }
        co_await other;
    }());
}

// -- sync_cancellation_token (tokio-util) -----------------------------------------------

TEST_CASE("sync_cancellation_token cancel_token: a close wakes all waiters, and later "
          "waits end at once") {
    world w;
    trace log;
    done_source s;
    for (int i = 0; i < 2; ++i)
        w.go(
            [](done_token t, trace& to) -> task<> {
                co_await t;
                to("closed");
            },
            s.token(), std::ref(log));
    w.settle();
    CHECK(log.take().empty());
    s.close();
    CHECK(s.token().closed());
    w.settle();
    CHECK(log.take() == lines{"closed", "closed"});
    w.go(
        [](done_token t, trace& to) -> task<> {
            co_await t;
            to("late");
        },
        s.token(), std::ref(log));
    w.settle();
    CHECK(log.take() == lines{"late"});
}

TEST_CASE("sync_cancellation_token cancel_child_token_through_parent, _grandchild_: a "
          "close reaches descendants") {
    done_source top, child(top.token()), grandchild(child.token());
    top.close();
    CHECK(child.token().closed());
    CHECK(grandchild.token().closed());
}

TEST_CASE(
    "sync_cancellation_token cancel_child_token_without_parent: a child closes alone") {
    done_source top, child(top.token());
    child.close();
    CHECK(child.token().closed());
    CHECK_FALSE(top.token().closed());
}

TEST_CASE("sync_cancellation_token create_child_token_after_parent_was_cancelled: "
          "children of a closed source are closed") {
    done_source top;
    top.close();
    done_source child(top.token()), grandchild(child.token());
    CHECK(child.token().closed());
    CHECK(grandchild.token().closed());
}

TEST_CASE("sync_cancellation_token cancel_only_all_descendants: a close reaches all "
          "descendants, no others") {
    // In a tree of three levels the second child of the root closes.
    done_source top;
    std::vector<done_source> children, below;
    for (int i = 0; i < 3; ++i)
        children.emplace_back(done_source(top.token()));
    for (auto& c : children)
        for (int i = 0; i < 3; ++i)
            below.emplace_back(done_source(c.token()));
    children[1].close();
    CHECK_FALSE(top.token().closed());
    for (std::size_t i = 0; i < 9; ++i)
        CHECK(below[i].token().closed() == (i / 3 == 1));
    CHECK_FALSE(children[0].token().closed());
    CHECK_FALSE(children[2].token().closed());
}

TEST_CASE("sync_cancellation_token drop_parent_before_child_tokens, "
          "drop_multiple_child_: a destroyed source closes") {
    std::vector<done_source> children;
    {
        done_source top;
        for (int i = 0; i < 10; ++i)
            children.emplace_back(done_source(top.token()));
        for (std::size_t drop : {9u, 0u, 4u})
            children.erase(children.begin() + static_cast<std::ptrdiff_t>(drop));
        for (auto& c : children)
            CHECK_FALSE(c.token().closed());
    }
    for (auto& c : children)  // here a source closes when it is destroyed
        CHECK(c.token().closed());
}

TEST_CASE("sync_cancellation_token run_until_cancelled: a token ends only a wait that "
          "has not completed") {
    world w;
    trace log;
    done_source stop;
    w.go(note_end, std::ref(log), "slow", heddle::with_done(stop.token(), sleeps(1h)));
    w.go(note_end, std::ref(log), "quick", heddle::with_done(stop.token(), sleeps(1s)));
    w.advance(2s);
    CHECK(log.take() == lines{"quick: ok"});
    stop.close();
    w.settle();
    CHECK(log.take() == lines{"slow: cancelled: closed"});
}

// -- macros_select ----------------------------------------------------------------------

TEST_CASE(
    "macros_select one_ready, move_completed_futures: the other arms are unchanged") {
    world w;
    w.run([]() -> task<> {
        channel<int> a(1), b(1);
        co_await b.send(5);
        std::optional<int> v, u;
        auto arm = co_await select(a.receive(v), b.receive(u));
        CHECK(arm == 1);
        CHECK(u == 5);
        co_await a.send(6);  // no waiter is left in a's queue
        CHECK(a.size() == 1);
    }());
}

TEST_CASE("macros_select biased_eventually_ready: arms are tried in order once one is "
          "ready") {
    world w;
    w.run([]() -> task<> {
        channel<int> first, second(1), third(1);
        heddle::go(
            [](channel<int> x, channel<int> y) -> task<> {
                co_await x.send(2);
                co_await y.send(3);
            },
            second, third);
        co_await heddle::sleep(1s);
        for (std::size_t expected : {1u, 2u}) {
            auto arm = co_await heddle::priority_select(first.receive(std::ignore),
                                                        second.receive(std::ignore),
                                                        third.receive(std::ignore));
            CHECK(arm == expected);
        }
    }());
}

TEST_CASE(
    "macros_select select_streams: a select reads two sources until both have ended") {
    world w;
    w.run([]() -> task<> {
        channel<int> a, b;
        for (auto& c : {a, b})
            heddle::go(
                [](channel<int> out) -> task<> {
                    for (int i = 0; i < 10; ++i)
                        co_await out.send(1);
                    out.close();
                },
                c);
        int sum = 0;
        while (a != nullptr || b != nullptr) {
            std::optional<int> v;
            auto arm = co_await select(a.receive(v), b.receive(v));
            if (!v)
                (arm == 0 ? a : b) = nullptr;
            sum += v.value_or(0);
        }
        CHECK(sum == 20);
    }());
}

TEST_CASE("macros_select nested, drop_in_fut: a select may join a task that selects") {
    int alive = tracked::alive();
    world w;
    w.run([]() -> task<> {
        channel<tracked> c;
        auto inner = heddle::go(
            [](channel<tracked> in) -> task<std::size_t> {
                tracked local(1);
                std::optional<tracked> v;
                auto arm = co_await select(in.receive(v), heddle::after(1h));
                co_return arm;
            },
            c);
        auto arm = co_await select(inner, heddle::after(1s));
        CHECK(arm == 1);
        co_await c.send(tracked(2));
        arm = co_await select(inner, heddle::after(1s));
        CHECK(arm == 0);
        arm = co_await inner;
        CHECK(arm == 0);
    }());
    CHECK(tracked::alive() == alive);
}

// -- time_sleep, time_timeout, time_interval ----------------------------------------------

TEST_CASE("time_sleep immediate_sleep, short_sleeps, long_sleeps, exactly_max: each "
          "sleep lasts exactly as long") {
    world w;
    w.run([]() -> task<> {
        auto start = heddle::now();
        co_await heddle::sleep_until(start);
        co_await heddle::sleep(0ms);
        CHECK(heddle::now() == start);
        for (int i = 0; i < 1000; ++i)
            co_await heddle::sleep(1ms);
        CHECK(heddle::now() - start == 1s);
        for (auto d : {1h, 24h, 24h * 365, 24h * 365 * 50})
            co_await heddle::sleep(d);
        CHECK(heddle::now() - start == 1s + 25h + 24h * 365 * 51);
        auto never = heddle::go(sleeps, heddle::duration::max());
        auto arm = co_await select(never, heddle::after(24h * 365 * 100));
        CHECK(arm == 1);
        never.cancel();
    }());
}

TEST_CASE("time_sleep multi_long_sleeps, greater_than_max: any number of sleeps end in "
          "order") {
    world w;
    std::vector<int> order;
    for (int i = 0; i < 100; ++i) {
        int nth = i * 37 % 100;
        w.go(
            [](int n, std::vector<int>& to) -> task<> {
                co_await heddle::sleep(n * 1min);
                to.push_back(n);
            },
            nth, std::ref(order));
    }
    w.advance(100min);
    CHECK(order.size() == 100);
    CHECK(std::is_sorted(order.begin(), order.end()));
}

TEST_CASE("time_timeout: a call ends by its completion or its deadline, even if both "
          "coincide or the deadline is past") {
    world w;
    trace log;
    auto timed = [&](std::string name, heddle::duration limit, heddle::duration work) {
        w.go(note_end, std::ref(log), name, heddle::with_timeout(limit, sleeps(work)));
    };
    timed("completed_future_past_deadline", -1s, -1s);
    timed("future_and_deadline_in_future", 1s, 500ms);
    timed("deadline_future_elapses", 1s, 1h);
    timed("very_large_timeout", heddle::duration::max(), 2s);
    w.advance(3s);
    auto all = log.take();
    std::sort(all.begin(), all.end());
    CHECK(all == lines{"completed_future_past_deadline: timed out",
                       "deadline_future_elapses: timed out",
                       "future_and_deadline_in_future: ok", "very_large_timeout: ok"});
    CHECK(w.live() == 0);
}

TEST_CASE("time_interval: a zero period is refused; ticks lie on the grid, however "
          "late the task is") {
    CHECK_THROWS_AS(heddle::ticker(0s), std::invalid_argument);
    world w;
    w.run([]() -> task<> {
        auto start = heddle::now();
        heddle::ticker t(300ms);
        co_await t.next();
        co_await heddle::sleep(650ms);  // at 950: the ticks at 600 and 900 are missed
        co_await t.next();
        CHECK(heddle::now() - start == 1200ms);
        co_await t.next();
        CHECK(heddle::now() - start == 1500ms);
    }());
}

// -- sync_semaphore, sync_mutex, sync_barrier ---------------------------------------------

TEST_CASE("sync_semaphore no_permits, try_acquire, acquire, add_permits: a permit goes "
          "to the first waiter") {
    world w;
    trace log;
    heddle::semaphore s(0);
    CHECK_FALSE(s.try_acquire());
    w.go(
        [](heddle::semaphore& on, trace& t) -> task<> {
            co_await on.acquire();
            t("in");
        },
        std::ref(s), std::ref(log));
    w.settle();
    CHECK(log.take().empty());
    s.release();
    CHECK_FALSE(s.try_acquire());  // the waiter has it
    w.settle();
    CHECK(log.take() == lines{"in"});
    s.release(2);
    CHECK(s.try_acquire());
    CHECK(s.try_acquire());
    CHECK_FALSE(s.try_acquire());
}

TEST_CASE("sync_semaphore stresstest, batch: permits are conserved") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        world w(seed);
        heddle::semaphore s(3);
        int inside = 0, most = 0;
        for (int i = 0; i < 20; ++i)
            w.go(
                [](heddle::semaphore& on, int& in, int& top) -> task<> {
                    for (int k = 0; k < 5; ++k) {
                        co_await on.acquire();
                        top = std::max(top, ++in);
                        co_await heddle::yield();
                        --in;
                        on.release();
                    }
                },
                std::ref(s), std::ref(inside), std::ref(most));
        w.expect_end();
        CHECK(most == 3);
        for (int i = 0; i < 3; ++i)
            CHECK(s.try_acquire());
        CHECK_FALSE(s.try_acquire());
    }
}

TEST_CASE("sync_mutex aborted_future_1, aborted_future_2: a waiter that leaves the "
          "queue is skipped") {
    for (bool was_first : {true, false}) {
        world w;
        heddle::mutex m;
        auto held = m.try_lock();
        done_source stop;
        bool in = false;
        auto waits = [](heddle::mutex& on) -> task<> { auto g = co_await on.lock(); };
        auto enters = [](heddle::mutex& on, bool& to) -> task<> {
            auto g = co_await on.lock();
            to = true;
        };
        if (was_first)
            w.go(heddle::with_done(stop.token(), waits(m)));
        w.settle();
        w.go(enters, std::ref(m), std::ref(in));
        w.settle();
        if (!was_first)
            w.go(heddle::with_done(stop.token(), waits(m)));
        w.settle();
        stop.close();
        held.unlock();
        w.expect_end();
        CHECK(in);
        CHECK(m.try_lock());
    }
}

TEST_CASE("sync_barrier single, tango, lots: no task passes before all have arrived, "
          "in each round") {
    CHECK_THROWS_AS(heddle::barrier(0), std::invalid_argument);
    for (int n : {1, 2, 100}) {
        world w;
        heddle::barrier b(n);
        std::vector<int> passed(10);
        for (int i = 0; i < n; ++i)
            w.go(
                [](heddle::barrier& on, std::vector<int>& counts, int of) -> task<> {
                    for (std::size_t round = 0; round < 10; ++round) {
                        if (round > 0)
                            CHECK(counts[round - 1] >= 1);
                        co_await on.arrive_and_wait();
                        ++counts[round];
                        if (round > 0)
                            CHECK(counts[round - 1] == of);
                    }
                },
                std::ref(b), std::ref(passed), n);
        w.expect_end();
        CHECK(passed == std::vector<int>(10, n));
    }
}

// -- task_abort, coop ---------------------------------------------------------------------

TEST_CASE("task_abort test_abort_without_panic_3157, abort_before_run: a cancelled "
          "task ends once, before its run or in a wait") {
    world w;
    trace log;
    auto early = w.go(note_end, std::ref(log), "early", sleeps(1h));
    early.cancel();
    auto parked = w.go(
        [](trace& t) -> task<> {
            tracked local(1);
            std::string how = co_await ending(sleeps(1h));
            t("parked: " + how);
        },
        std::ref(log));
    w.settle();
    parked.cancel();
    parked.cancel();
    w.settle();
    CHECK(log.take() == lines{"early: cancelled: closed", "parked: cancelled: closed"});
    CHECK(w.live() == 0);
    parked.cancel();  // the task has ended
}

TEST_CASE("task_abort: a join of a cancelled task throws its cause; a cancel after the "
          "end has no effect") {
    world w;
    w.run([]() -> task<> {
        auto dies = heddle::go(sleeps, 1h);
        co_await heddle::yield();
        dies.cancel(test::cause("enough"));
        std::string how = co_await ending(std::move(dies));
        CHECK(how == "cancelled: enough");
        auto done = heddle::go([]() -> task<int> { co_return 3; });
        co_await heddle::yield();
        done.cancel();  // too late
        int v = co_await done;
        CHECK(v == 3);
    }());
}

TEST_CASE(
    "coop: a task that is always ready goes back to the queue within its budget") {
    test::run_virtual([]() -> task<> {
        channel<int> full(1000);
        for (int i = 0; i < 1000; ++i)
            (void)full.try_send(i);
        done_source over;
        long between = 0, longest = 0;
        auto other = heddle::go(
            heddle::with_done(over.token(), [](long& since, long& most) -> task<> {
                for (;;) {
                    most = std::max(most, std::exchange(since, 0));
                    co_await heddle::yield();
                }
            }(between, longest)));
        for (int i = 0; i < 100'000; ++i) {
            auto v = co_await full.receive();
            co_await full.send(*v);
            ++between;
        }
        over.close();
        CHECK(longest > 0);
        CHECK(longest <= 4096);
    }());
}

TEST_SUITE_END();
