// SPDX-License-Identifier: BSL-1.0
// Ports of tests of kotlinx.coroutines: channels, select, mutexes, semaphores and
// cancellation. Each case is named after the class of its original and the property
// that it tests.
#include <heddle/heddle.hpp>
#include <heddle/testing.hpp>

#include "support/ending.hpp"
#include "support/tasks.hpp"
#include "support/world.hpp"

#include <doctest/doctest.h>

#include <array>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

using namespace std::chrono_literals;

namespace {

using heddle::channel;
using heddle::done_source;
using heddle::select;
using heddle::task;
using heddle::try_status;
using heddle::testing::explore;
using heddle::testing::world;
using test::ending;
using test::lines;
using test::sleeps;
using test::trace;
using test::tracked;

}  // namespace

TEST_SUITE_BEGIN("ports.kotlin");

// -- channels ---------------------------------------------------------------------------

TEST_CASE(
    "RendezvousChannelTest.testSimple: a sender goes on when its value was received") {
    world w;
    trace log;
    channel<int> c;
    w.go(
        [](channel<int> out, trace& t) -> task<> {
            t("sends 1");
            co_await out.send(1);
            t("sends 2");
            co_await out.send(2);
            t("sent");
        },
        c, std::ref(log));
    w.settle();
    CHECK(log.take() == lines{"sends 1"});
    int v = 0;
    CHECK(c.try_receive(v) == try_status::done);
    CHECK(log.take().empty());  // no task is resumed inside the call
    w.settle();
    CHECK(log.take() == lines{"sends 2"});
    CHECK(c.try_receive(v) == try_status::done);
    w.settle();
    CHECK(log.take() == lines{"sent"});
    CHECK(v == 2);
}

TEST_CASE(
    "RendezvousChannelTest.testTrySendTryReceive: both succeed only if a peer waits") {
    world w;
    channel<int> c;
    int v = 0;
    CHECK(c.try_send(1) == try_status::would_block);
    CHECK(c.try_receive(v) == try_status::would_block);
    w.go(
        [](channel<int> in) -> task<> {
            auto a = co_await in.receive();
            auto b = co_await in.receive();
            CHECK((a == 2 && b == 3));
            auto end = co_await in.receive();
            CHECK_FALSE(end);
        },
        c);
    w.settle();
    CHECK(c.try_send(2) == try_status::done);
    // The receiver has its value, but has not run yet.
    CHECK(c.try_send(9) == try_status::would_block);
    w.settle();
    CHECK(c.try_send(3) == try_status::done);
    w.settle();
    c.close();
    CHECK(c.try_send(4) == try_status::closed);
    w.settle();
    CHECK(w.live() == 0);
}

TEST_CASE("BufferedChannelTest.testSimple: a full buffer makes a send wait, and a "
          "receive refills it") {
    world w;
    trace log;
    channel<int> c(1);
    w.go(
        [](channel<int> out, trace& t) -> task<> {
            for (int i = 1; i <= 3; ++i) {
                co_await out.send(i);
                t("sent " + std::to_string(i));
            }
            out.close();
        },
        c, std::ref(log));
    w.settle();
    CHECK(log.take() == lines{"sent 1"});
    int v = 0;
    CHECK(c.try_receive(v) == try_status::done);
    CHECK(v == 1);
    CHECK(c.size() == 1);  // 2 moved to the buffer before its sender ran
    w.settle();
    CHECK(log.take() == lines{"sent 2"});
}

TEST_CASE("ChannelUndeliveredElementTest: a cancelled send keeps its value") {
    for (std::size_t capacity : {0u, 1u}) {
        world w;
        channel<std::unique_ptr<int>> c(capacity);
        for (std::size_t i = 0; i < capacity; ++i)
            (void)c.try_send(nullptr);
        done_source stop;
        auto value = std::make_unique<int>(5);
        w.go(heddle::with_done(
            stop.token(),
            [](channel<std::unique_ptr<int>> out, std::unique_ptr<int>& v) -> task<> {
                co_await out.send(std::move(v));
            }(c, value)));
        w.settle();
        stop.close();
        w.settle();
        CHECK(w.live() == 0);
        REQUIRE(value);
        CHECK(*value == 5);
        std::unique_ptr<int> none;
        CHECK(c.size() == capacity);
    }
}

TEST_CASE("ChannelUndeliveredElementStressTest: no value is lost in any order of send, "
          "receive, cancel and close") {
    struct run {
        channel<tracked> c;
        int sent = 0, received = 0;
    };
    for (std::size_t capacity : {0u, 1u}) {
        auto all = explore("undelivered " + std::to_string(capacity), [&]() -> task<> {
            auto at = std::make_shared<run>();
            at->c = channel<tracked>(capacity);
            auto s = heddle::go(
                [](std::shared_ptr<run> r) -> task<> {
                    for (int i = 0; i < 2; ++i) {
                        tracked v(i);
                        co_await r->c.send(std::move(v));
                        ++r->sent;
                    }
                },
                at);
            auto taker = heddle::go(
                [](std::shared_ptr<run> r) -> task<> {
                    while (auto v = co_await r->c.receive())
                        ++r->received;
                },
                at);
            co_await heddle::yield();
            s.cancel();
            taker.cancel();
            (void)co_await ending(std::move(s));
            (void)co_await ending(std::move(taker));
            int left = static_cast<int>(at->c.size());
            if (at->sent != at->received + left)
                throw std::logic_error("an element is lost, or there twice");
            if (tracked::alive() != left)
                throw std::logic_error("an element was not destroyed");
        });
        CHECK(all.complete);
        CHECK(all.schedules >= 10);
    }
    CHECK(tracked::alive() == 0);
}

TEST_CASE("DoubleChannelCloseStressTest: exactly one of many closes succeeds") {
    world w(3);
    channel<int> c;
    int closed = 0;
    for (int i = 0; i < 20; ++i)
        w.go(
            [](channel<int> ch, int& n) -> task<> {
                n += ch.try_close();
                co_return;
            },
            c, std::ref(closed));
    w.settle();
    CHECK(closed == 1);
}

TEST_CASE(
    "SendReceiveStressTest, ChannelSendReceiveStressTest: each order arrives whole") {
    for (std::size_t capacity : {0u, 1u, 3u})
        for (std::uint64_t seed = 1; seed <= 5; ++seed) {
            world w(seed);
            channel<int> c(capacity);
            std::array<std::vector<int>, 3> got;
            for (int s = 0; s < 3; ++s)
                w.go(
                    [](channel<int> out, int me) -> task<> {
                        for (int i = 0; i < 100; ++i)
                            co_await out.send(me * 100 + i);
                    },
                    c, s);
            for (auto& to : got)
                w.go(
                    [](channel<int> in, std::vector<int>& mine) -> task<> {
                        for (int i = 0; i < 100; ++i) {
                            auto v = co_await in.receive();
                            mine.push_back(*v);
                        }
                    },
                    c, std::ref(to));
            w.expect_end();
            std::vector<int> seen(300);
            for (auto& each : got) {
                std::array<int, 3> last{-1, -1, -1};
                for (int v : each) {
                    ++seen[static_cast<std::size_t>(v)];
                    auto& l = last[static_cast<std::size_t>(v / 100)];
                    CHECK(l < v);
                    l = v;
                }
            }
            CHECK(seen == std::vector<int>(300, 1));
        }
}

TEST_CASE("ProduceTest: a producer ends with the scope of its consumer, or by itself") {
    world w;
    int made = 0;
    auto produce = [&made](heddle::sender<int> out) -> task<> {
        for (int i = 0; i < 10; ++i) {
            ++made;
            co_await out.send(i);
        }
    };
    w.run([](auto body) -> task<> {
        int sum = 0;
        auto in = heddle::generate<int>(body);
        while (auto v = co_await in.receive())
            sum += *v;
        CHECK(sum == 45);
    }(produce));
    CHECK(made == 10);
    made = 0;
    done_source scope;
    w.go(heddle::with_done(scope.token(), [](auto body) -> task<> {
        auto in = heddle::generate<int>(body);
        auto v = co_await in.receive();
        CHECK(v == 0);
        co_await heddle::sleep(1h);
    }(produce)));
    w.settle();
    CHECK(w.live() == 2);
    scope.close();
    w.expect_end();
    CHECK(made == 2);
}

TEST_CASE("TickerChannelCommonTest: a ticker has a fixed period, and a slow task "
          "misses ticks") {
    world w;
    std::vector<std::chrono::nanoseconds::rep> at;
    auto start = w.now();
    w.go(
        [](heddle::time_point from,
           std::vector<std::chrono::nanoseconds::rep>& to) -> task<> {
            heddle::ticker t(100ms);
            for (int i = 0; i < 5; ++i) {
                co_await t.next();
                to.push_back((heddle::now() - from) / 1ms);
                co_await heddle::sleep(i == 1 ? 250ms : 10ms);
            }
        },
        start, std::ref(at));
    w.advance(1s);
    CHECK(at == std::vector<std::chrono::nanoseconds::rep>{100, 200, 500, 600, 700});
}

// -- select -----------------------------------------------------------------------------

TEST_CASE("SelectRendezvousChannelTest: send and receive arms happen at once or after "
          "a wait") {
    for (bool other_first : {true, false})
        for (bool sends : {true, false}) {
            world w;
            channel<std::string> c;
            trace log;
            auto other = [&] {
                if (sends)
                    w.go(
                        [](channel<std::string> in, trace& t) -> task<> {
                            auto v = co_await in.receive();
                            t("received " + *v);
                        },
                        c, std::ref(log));
                else
                    w.go(
                        [](channel<std::string> out, trace& t) -> task<> {
                            co_await out.send("OK");
                            t("sent");
                        },
                        c, std::ref(log));
            };
            if (other_first)
                other();
            w.settle();
            w.go(
                [](channel<std::string> ch, bool out, trace& t) -> task<> {
                    std::optional<std::string> v;
                    channel<int> quiet;
                    if (out)
                        co_await select(quiet.receive(std::ignore), ch.emplace("OK"));
                    else
                        co_await select(quiet.receive(std::ignore), ch.receive(v));
                    t("selected " + v.value_or(""));
                },
                c, sends, std::ref(log));
            w.settle();
            if (!other_first)
                other();
            w.expect_end();
            auto got = log.take();
            std::sort(got.begin(), got.end());
            CHECK(got == (sends ? lines{"received OK", "selected "}
                                : lines{"selected OK", "sent"}));
        }
}

TEST_CASE("SelectRendezvousChannelTest.testSelectReceiveWaitClosed: a receive arm "
          "happens when its channel closes") {
    for (bool sends : {false, true}) {
        world w;
        channel<int> c;
        std::string how;
        w.go(
            [](channel<int> ch, bool out, std::string& to) -> task<> {
                channel<int> quiet;
                if (out)
                    to =
                        co_await ending(select(ch.send(1), quiet.receive(std::ignore)));
                else
                    to = co_await ending(
                        select(ch.receive(std::ignore), quiet.receive(std::ignore)));
            },
            c, sends, std::ref(how));
        w.settle();
        CHECK(how.empty());
        c.close();
        w.expect_end();
        CHECK((how == "ok") == !sends);
        if (sends)
            CHECK(how.find("closed channel") != std::string::npos);
    }
}

TEST_CASE("SelectRendezvousChannelTest.testSelectSendResourceCleanup: selects leave "
          "nothing behind") {
    world w;
    w.run([]() -> task<> {
        channel<int> c;
        for (int i = 0; i < 10'000; ++i) {
            auto arm = co_await select(c.send(i), heddle::after(0ns));
            CHECK(arm == 1);
        }
        int v = 0;
        CHECK(c.try_receive(v) == try_status::would_block);
    }());
}

TEST_CASE("SelectBiasTest: priority_select takes the first ready arm, select takes all "
          "equally") {
    world w;
    w.run([]() -> task<> {
        channel<int> a, b;
        a.close();
        b.close();
        std::array<int, 2> in_order{}, mixed{};
        for (int i = 0; i < 1000; ++i) {
            ++in_order[co_await heddle::priority_select(a.receive(std::ignore),
                                                        b.receive(std::ignore))];
            ++mixed[co_await select(a.receive(std::ignore), b.receive(std::ignore))];
        }
        CHECK(in_order == std::array{1000, 0});
        CHECK(mixed[0] > 400);
        CHECK(mixed[1] > 400);
    }());
}

TEST_CASE("SelectDeadlockStressTest (504), SelectOnReceive/OnSend: crossed selects all "
          "pair") {
    auto all = explore("crossed selects", []() -> task<> {
        channel<int> a, b;
        auto crossed = [](channel<int> out, channel<int> in, int rounds) -> task<> {
            for (int i = 0; i < rounds; ++i) {
                std::optional<int> v;
                co_await select(out.send(i), in.receive(v));
            }
        };
        auto x = heddle::go(crossed, a, b, 2);
        auto y = heddle::go(crossed, b, a, 2);
        co_await x;
        co_await y;
    });
    CHECK(all.complete);
    CHECK(all.schedules >= 4);
}

TEST_CASE("SelectTimeoutTest: the earliest of several timeouts happens, and none if "
          "another arm is ready") {
    world w;
    w.run([]() -> task<> {
        auto start = heddle::now();
        auto arm = co_await select(heddle::after(1s), heddle::after(100ms),
                                   heddle::after(500ms));
        CHECK(arm == 1);
        CHECK(heddle::now() - start == 100ms);
        channel<int> c;
        c.close();
        arm = co_await heddle::priority_select(c.receive(std::ignore),
                                               heddle::after(0ns));
        CHECK(arm == 0);
        CHECK(heddle::now() - start == 100ms);
    }());
}

TEST_CASE(
    "SelectMutexTest: a lock as an arm waits in order, and is withdrawn if it loses") {
    world w;
    w.run([]() -> task<> {
        heddle::mutex m;
        auto held = co_await m.lock();
        heddle::mutex::guard g;
        auto arm = co_await select(m.lock(g), heddle::after(1s));
        CHECK(arm == 1);
        held.unlock();
        CHECK(m.try_lock());  // no waiter is left in its queue
        arm = co_await select(m.lock(g), heddle::after(1s));
        CHECK(arm == 0);
    }());
}

TEST_CASE("SelectJobTest, SelectDeferredTest: a join is an arm, also for a task that "
          "failed") {
    world w;
    w.run([]() -> task<> {
        auto quick = heddle::go([]() -> task<std::string> { co_return "OK"; });
        auto slow = heddle::go([]() -> task<> { co_await heddle::sleep(1h); });
        auto arm = co_await select(slow, quick);
        CHECK(arm == 1);
        auto v = co_await quick;
        CHECK(v == "OK");
        auto bad = heddle::go([]() -> task<int> {
            co_await heddle::yield();
            throw std::runtime_error("bad");
        });
        arm = co_await select(slow, bad);
        CHECK(arm == 1);
        std::string how = co_await ending(std::move(bad));
        CHECK(how == "bad");
        slow.cancel();
    }());
}

// -- mutex, semaphore -------------------------------------------------------------------

TEST_CASE("MutexTest.testSimple, testTryLock: a mutex is passed on in order") {
    world w;
    trace log;
    heddle::mutex m;
    auto held = m.try_lock();
    CHECK(held);
    CHECK_FALSE(m.try_lock());
    for (std::string name : {"first", "second"}) {
        w.go(
            [](heddle::mutex& on, std::string me, trace& t) -> task<> {
                auto g = co_await on.lock();
                t(me);
                co_await heddle::sleep(1s);
            },
            std::ref(m), name, std::ref(log));
        w.settle();
    }
    w.settle();
    CHECK(log.take().empty());
    held.unlock();
    CHECK_FALSE(m.try_lock());  // the first waiter has it, but has not run yet
    w.settle();
    CHECK(log.take() == lines{"first"});
    w.advance(1s);
    CHECK(log.take() == lines{"second"});
    w.advance(1s);
    CHECK(m.try_lock());
}

namespace {

class visit {
public:
    explicit visit(int& inside) : inside_(inside) {
        if (++inside != 1)
            throw std::logic_error("two are inside");
    }
    ~visit() { --inside_; }

private:
    int& inside_;
};

}  // namespace

TEST_CASE("MutexCancellationStressTest (2390): the lock is not lost, whichever task is "
          "cancelled") {
    auto all = explore("mutex and cancel", []() -> task<> {
        heddle::mutex m;
        auto held = co_await m.lock();
        auto use = [](heddle::mutex& on, int& inside) -> task<> {
            auto g = co_await on.lock();
            visit in(inside);
            co_await heddle::yield();
        };
        int inside = 0;
        auto a = heddle::go(use, std::ref(m), std::ref(inside));
        auto b = heddle::go(use, std::ref(m), std::ref(inside));
        co_await heddle::yield();
        auto canceller = heddle::go(
            [](heddle::join_handle<>& whom) -> task<> {
                whom.cancel();
                co_return;
            },
            std::ref(a));
        held.unlock();
        (void)co_await ending(std::move(a));
        co_await b;
        co_await canceller;
        if (!m.try_lock())
            throw std::logic_error("the lock is lost");
    });
    CHECK(all.complete);
    CHECK(all.schedules >= 4);
}

TEST_CASE("SemaphoreTest: permits limit the tasks, are given in order, and cancel "
          "takes none") {
    world w;
    trace log;
    heddle::semaphore s(2);
    done_source stop;
    auto enter = [](heddle::semaphore& on, std::string me, trace& t) -> task<> {
        co_await on.acquire();
        t(me);
    };
    for (std::string name : {"a", "b", "c", "d", "e"}) {
        w.go(heddle::with_done(name == "d" ? stop.token() : heddle::done_token(),
                               enter(s, name, log)));
        w.settle();
    }
    CHECK(log.take() == lines{"a", "b"});
    stop.close();
    w.settle();
    s.release();
    w.settle();
    CHECK(log.take() == lines{"c"});
    s.release();
    w.settle();
    CHECK(log.take() == lines{"e"});
    CHECK_FALSE(s.try_acquire());
}

// -- cancellation -----------------------------------------------------------------------

TEST_CASE("WithTimeoutTest: a call is cancelled exactly if it takes longer than its "
          "timeout") {
    world w;
    w.run([]() -> task<> {
        auto start = heddle::now();
        auto quick = heddle::with_timeout(1s, []() -> task<int> {
            co_await heddle::sleep(999ms);
            co_return 7;
        }());
        int v = co_await std::move(quick);
        CHECK(v == 7);
        std::string how = co_await ending(heddle::with_timeout(1s, sleeps(1h)));
        CHECK(how == "timed out");
        CHECK(heddle::now() - start == 1999ms);
        // the inner timeout ends only the inner call
        auto outer = heddle::with_timeout(1h, []() -> task<std::string> {
            std::string inner = co_await ending(heddle::with_timeout(1s, sleeps(1h)));
            co_await heddle::sleep(1s);
            co_return inner;
        }());
        how = co_await std::move(outer);
        CHECK(how == "timed out");
    }());
}

TEST_CASE("WithTimeoutTest.testSuppressExceptionWithAnotherException: the exception of "
          "the body leaves the call") {
    world w;
    w.run([]() -> task<> {
        auto body = []() -> task<> {
            std::exception_ptr stopped;
            try {
                co_await heddle::sleep(1h);
            } catch (const heddle::cancelled&) {
                stopped = std::current_exception();
            }
            if (stopped)
                throw std::runtime_error("cleaning up failed");
        };
        std::string how = co_await ending(heddle::with_timeout(1s, body()));
        CHECK(how == "cleaning up failed");
    }());
}

TEST_CASE("JobTest, CoroutineScopeTest: a failure cancels the other children, and "
          "leaves wait()") {
    world w;
    w.run([]() -> task<> {
        std::vector<std::string> how(2);
        heddle::group g;
        for (auto& to : how)
            g.go(
                [](std::string& t) -> task<> {
                    t = co_await ending(heddle::sleep(1h));
                },
                std::ref(to));
        g.go([]() -> task<> {
            co_await heddle::sleep(1s);
            throw std::runtime_error("first");
        });
        std::string seen = co_await ending(g.wait());
        CHECK(seen == "first");
        for (auto& h : how)
            CHECK(h == "cancelled: first");
    }());
}

TEST_CASE("CancellableContinuationResumeCloseStressTest (830, 892): a wait is either "
          "resumed or cancelled") {
    auto all = explore("resume or cancel", []() -> task<> {
        channel<int> c;
        int got = 0, sent = 0;
        auto waits = heddle::go(
            [](channel<int> in, int& to) -> task<> {
                auto v = co_await in.receive();
                to += v.has_value();
            },
            c, std::ref(got));
        auto gives = heddle::go(
            [](channel<int> out, int& to) -> task<> {
                to += out.try_send(1) == try_status::done;
                co_return;
            },
            c, std::ref(sent));
        auto stops = heddle::go(
            [](heddle::join_handle<>& whom) -> task<> {
                whom.cancel();
                co_return;
            },
            std::ref(waits));
        co_await gives;
        co_await stops;
        std::string how = co_await ending(std::move(waits));
        if (got != sent || (how == "ok") != (got == 1))
            throw std::logic_error("resumed and cancelled, or neither");
    });
    CHECK(all.complete);
    CHECK(all.schedules >= 6);
}

TEST_CASE("ActorTest: messages are handled one at a time, in order; a closed actor "
          "accepts none") {
    world w;
    w.run([]() -> task<> {
        heddle::actor<std::vector<int>> a;
        for (int i = 0; i < 3; ++i) {
            auto push = [i](std::vector<int>& v) { v.push_back(i); };
            co_await a.cast(push);
        }
        auto read = [](std::vector<int>& v) { return v; };
        auto all = co_await a.call(read);
        CHECK(all == std::vector<int>{0, 1, 2});
        co_await a.stop();
        auto late = [](std::vector<int>& v) { v.clear(); };
        std::string how = co_await ending(a.cast(late));
        CHECK(how != "ok");
    }());
}

TEST_SUITE_END();
