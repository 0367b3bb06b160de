// SPDX-License-Identifier: BSL-1.0
// The selector: what select promises, of arms that stay.
#include <heddle/selector.hpp>

#include <heddle/testing.hpp>

#include "support/world.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>
#include <vector>

namespace {

using heddle::try_status;
using test::tracked;
using namespace std::chrono_literals;

using channel = heddle::channel<int>;

/// Runs a test body in virtual time, to its end: where it hangs, `deadlock` is thrown.
void in_task(heddle::task<> body) { test::run_virtual(std::move(body)); }

/// Waits once and notes which arm it was.
heddle::task<> note_next(heddle::selector& set, std::vector<std::size_t>& to) {
    to.push_back(co_await set.next());
}

}  // namespace

TEST_SUITE_BEGIN("selector");

TEST_CASE("next gives the index that add gave, whatever kind the arm is") {
    in_task([]() -> heddle::task<> {
        channel in(1), out(1), nil(nullptr);
        heddle::done_source stop;
        heddle::wait_group busy;
        heddle::semaphore permits(0);
        heddle::mutex m;
        heddle::mutex::guard held = co_await m.lock(), taken;
        std::optional<int> v;
        auto late = heddle::after(1s);
        auto job = heddle::go([]() -> heddle::task<> { co_await heddle::sleep(2s); });
        busy.add(1);

        heddle::selector set;
        CHECK(set.empty());
        CHECK(set.add(in.receive(v)) == 0);
        CHECK(set.add(nil.receive()) == 1);
        CHECK(set.add(stop.token()) == 2);
        CHECK(set.add(busy.wait()) == 3);
        CHECK(set.add(permits.acquire()) == 4);
        CHECK(set.add(m.lock(taken)) == 5);
        CHECK(set.add(late) == 6);
        CHECK(set.add(job) == 7);
        CHECK(set.add(heddle::arm(in.receive(v))) == 8);
        CHECK(set.size() == 9);

        CHECK(co_await set.next() == 6);
        CHECK(heddle::now().time_since_epoch() >= 1s);
        CHECK(co_await set.next() == 7);
        co_await in.send(3);
        auto i = co_await set.next();
        CHECK((i == 0 || i == 8));
        CHECK(v == 3);
        permits.release();
        CHECK(co_await set.next() == 4);
        permits.release();
        CHECK(co_await set.next() == 4);
        held = {};
        CHECK(co_await set.next() == 5);
        CHECK(taken);
        busy.done();
        CHECK(co_await set.next() == 3);
        set.remove(3);
        stop.close();
        CHECK(co_await set.next() == 2);
        set.remove(2);

        auto send = set.add(out.send(4));
        CHECK(send == 2);  // free again
        CHECK(co_await set.next() == send);
        CHECK(out.size() == 1);
    }());
}

TEST_CASE("an inflight operation is an arm that happens each time it has ended") {
    asio::io_context ctx;
    auto ended = heddle::go(ctx, [&ctx]() -> heddle::task<int> {
        asio::steady_timer timer(ctx);
        heddle::inflight tick(timer.async_wait(heddle::deferred));
        heddle::selector set;
        auto ticked = set.add(tick);
        int n = 0;
        for (; n < 3; ++n) {
            if (co_await set.next() != ticked)
                break;
            tick.result();
            timer.expires_after(1us);
            tick.start(timer.async_wait(heddle::deferred));
        }
        co_await tick.stop();
        co_return n;
    });
    int got = 0;
    heddle::go(ctx, [&]() -> heddle::task<> { got = co_await ended; });
    ctx.run();
    CHECK(got == 3);
}

TEST_CASE("every value of many channels arrives once, in the order of its channel") {
    for (std::size_t capacity : {0u, 1u, 7u})
        for (std::uint64_t seed = 1; seed <= 20; ++seed)
            test::run_virtual(
                [](std::size_t cap) -> heddle::task<> {
                    constexpr int senders = 9, each = 20;
                    std::vector<channel> c;
                    std::vector<int> next(senders);
                    heddle::selector set;
                    std::optional<int> v;
                    for (int i = 0; i < senders; ++i) {
                        c.emplace_back(cap);
                        set.add(c.back().receive(v));
                        heddle::go([](channel out) -> heddle::task<> {
                            for (int k = 0; k < each; ++k)
                                co_await out.send(k);
                            out.close();
                        }(c.back()));
                    }
                    while (!set.empty()) {
                        auto i = co_await set.next();
                        if (v)
                            CHECK(*v == next[i]++);
                        else
                            set.remove(i);
                    }
                    CHECK(next == std::vector<int>(senders, each));
                }(capacity),
                seed);
}

TEST_CASE("law 32: each arm of a selector that is ready is equally likely") {
    constexpr std::size_t arms = 4;
    constexpr int turns = 4000;
    std::array<int, arms + 1> times{};
    test::run_virtual(
        [](std::array<int, arms + 1>& count) -> heddle::task<> {
            std::vector<channel> c;
            heddle::selector set;
            for (std::size_t i = 0; i < arms; ++i) {
                c.emplace_back(2);
                set.add(c.back().receive());
                co_await c.back().send(0);
            }
            set.add(channel(1).receive());  // never ready
            for (int n = 0; n < turns; ++n) {
                auto i = co_await set.next();
                ++count[i];
                co_await c[i].send(0);
            }
        }(times),
        5);
    double chi = 0, expected = turns / double(arms);
    for (std::size_t i = 0; i < arms; ++i)
        chi += (times[i] - expected) * (times[i] - expected) / expected;
    CHECK(chi < 16.3);  // 3 degrees of freedom: one in a thousand
    CHECK(times[arms] == 0);
}

namespace {

/// An event whose waits count how often they were looked at.
struct looked_at {
    struct node final : heddle::detail::operation {
        explicit node(looked_at& e) : event(e) {}
        heddle::detail::spin_lock* source() const noexcept override {
            return &event.lock;
        }
        bool attempt_locked(heddle::detail::wake_list&) noexcept override {
            ++event.looks;
            return std::exchange(event.set, false);
        }
        void enlist_locked() noexcept override { event.waiters.push_back(*this); }
        bool leave_queue() noexcept override {
            return leave(event.waiters, event.lock, *this);
        }
        void describe(std::string&) const override {}
        looked_at& event;
    };
    struct op {
        using arm_node = node;
        looked_at* event;
        operator looked_at&() const { return *event; }
    };

    op wait() { return {this}; }
    void fire() {
        heddle::detail::wake_list wakes;
        {
            heddle::detail::guard g(lock);
            auto* who = waiters.pop_claimed();
            who ? wakes.add(*who->who) : void(set = true);
        }
        wakes.release();
    }

    heddle::detail::spin_lock lock;
    heddle::detail::wait_list waiters;
    bool set = false;
    int looks = 0;
};

}  // namespace

TEST_CASE("a turn looks at what has changed, not at every arm") {
    in_task([]() -> heddle::task<> {
        constexpr int arms = 1000, turns = 500;
        std::vector<looked_at> events(arms);
        heddle::selector set;
        for (auto& e : events)
            set.add(e.wait());
        heddle::go([](std::vector<looked_at>& all) -> heddle::task<> {
            for (int n = 0; n < turns; ++n) {
                all[static_cast<std::size_t>(n * 7 % arms)].fire();
                if (n % 3 == 0)
                    co_await heddle::yield();  // others come in a burst
            }
        }(events));
        for (int n = 0; n < turns; ++n)
            co_await set.next();
        int looks = 0;
        for (auto& e : events)
            looks += e.looks;
        CHECK(looks <= arms + 2 * turns);
        CHECK(looks >= arms);
    }());
}

TEST_CASE("nothing is taken while nobody waits, and others go first") {
    test::world world;
    channel c;
    std::optional<int> v, w;
    heddle::selector set;
    std::vector<std::size_t> got;
    set.add(c.receive(v));
    heddle::done_source stop;
    auto waiting = world.go([&]() -> heddle::task<> {
        co_await heddle::with_done(stop.token(), note_next(set, got));
    });
    world.settle();
    stop.close();
    world.settle();  // the arm is enlisted still, and nobody waits
    CHECK(got.empty());
    CHECK(c.try_send(1) == try_status::would_block);
    world.go([](channel in, std::optional<int>& to) -> heddle::task<> {
        co_await in.receive(to);
    }(c, w));
    world.settle();
    CHECK(c.try_send(2) == try_status::done);
    world.settle();
    CHECK(w == 2);
    CHECK_FALSE(v);
    world.go(note_next(set, got));
    world.settle();
    CHECK(c.try_send(3) == try_status::done);
    world.settle();
    CHECK(v == 3);
    CHECK(got == std::vector<std::size_t>{0});
}

TEST_CASE("those who wait for one source are served in the order in which they came") {
    test::world world;
    channel c;
    std::optional<int> v, w;
    heddle::selector set;
    std::vector<std::size_t> got;
    set.add(c.receive(v));
    world.go(note_next(set, got));
    world.settle();
    world.go([](channel in, std::optional<int>& to) -> heddle::task<> {
        co_await in.receive(to);
    }(c, w));
    world.settle();
    CHECK(c.try_send(1) == try_status::done);
    CHECK(c.try_send(2) == try_status::done);
    world.settle();
    CHECK(v == 1);
    CHECK(w == 2);
}

TEST_CASE("a cancelled wait throws, and the arms stay") {
    test::world world;
    channel a, b(1);
    std::optional<int> v;
    heddle::selector set;
    set.add(a.receive(v));
    set.add(b.receive(v));
    bool thrown = false;
    std::size_t after = 99;
    heddle::done_source stop;
    world.go([&]() -> heddle::task<> {
        try {
            std::vector<std::size_t> none;
            co_await heddle::with_done(stop.token(), note_next(set, none));
        } catch (const heddle::cancelled&) {
            thrown = true;
        }
        (void)b.try_send(4);
        after = co_await set.next();
    });
    world.settle();
    stop.close();
    world.settle();
    CHECK(thrown);
    CHECK(after == 1);
    CHECK(v == 4);
    CHECK(world.live() == 0);
}

TEST_CASE("an arm that is the token in force happens instead of throwing") {
    for (bool before : {false, true}) {
        test::world world;
        std::vector<std::size_t> got;
        heddle::done_source stop;
        auto stopper = stop.token();
        world.go([&]() -> heddle::task<> {
            heddle::selector set;
            set.add(channel(1).receive());
            set.add(stopper);
            co_await heddle::with_done(stopper, note_next(set, got));
        });
        if (!before)
            world.settle();
        stop.close();
        world.settle();
        CHECK(got == std::vector<std::size_t>{1});
        CHECK(world.live() == 0);
    }
}

TEST_CASE("what happens once is off until it is turned on again") {
    in_task([]() -> heddle::task<> {
        heddle::channel<std::unique_ptr<int>> out(3);
        auto value = std::make_unique<int>(1);
        heddle::selector set;
        auto sent = set.add(out.send(std::move(value)));
        auto idle = heddle::after(1s);
        set.add(idle);
        CHECK(co_await set.next() == sent);
        CHECK_FALSE(value);
        CHECK(co_await set.next() == 1);
        value = std::make_unique<int>(2);
        set.enable(sent);
        CHECK(co_await set.next() == sent);
        std::unique_ptr<int> got;
        co_await out.receive(got);
        CHECK(*got == 1);
        co_await out.receive(got);
        CHECK(*got == 2);
    }());
}

TEST_CASE("another arm takes the place of one, and its index") {
    in_task([]() -> heddle::task<> {
        channel out(2), in(1);
        heddle::selector set;
        auto i = set.add(out.send(1));
        CHECK(co_await set.next() == i);
        set.replace(i, out.send(2));
        CHECK(co_await set.next() == i);
        set.replace(i, heddle::after(1s));
        CHECK(co_await set.next() == i);
        CHECK(heddle::now().time_since_epoch() >= 1s);
        std::optional<int> v;
        set.replace(i, in.receive(v));
        co_await in.send(3);
        CHECK(co_await set.next() == i);
        CHECK(v == 3);
        CHECK(set.size() == 1);
        CHECK(out.size() == 2);
        CHECK_THROWS_AS(set.replace(1, in.receive(v)), std::out_of_range);
    }());
}

TEST_CASE("an arm that is off does not happen") {
    in_task([]() -> heddle::task<> {
        channel a(1), b(1);
        std::optional<int> v;
        heddle::selector set;
        set.add(a.receive(v));
        set.add(b.receive(v));
        co_await a.send(1);
        co_await b.send(2);
        set.disable(0);
        CHECK(co_await set.next() == 1);
        set.disable(1);
        co_await b.send(3);
        auto idle = heddle::after(1s);
        set.add(idle);
        CHECK(co_await set.next() == 2);
        CHECK(set.size() == 3);
        set.enable(0);
        set.enable(0);  // it is on
        CHECK(co_await set.next() == 0);
        CHECK(v == 1);
        CHECK(a.size() == 0);
        CHECK(b.size() == 1);
    }());
}

TEST_CASE("a nil arm is looked at again when it is turned on") {
    in_task([]() -> heddle::task<> {
        auto tick = heddle::after(1s);
        heddle::selector set;
        set.add(tick);
        CHECK(co_await set.next() == 0);
        auto first = heddle::now();
        tick = heddle::after(2s);
        set.enable(0);
        CHECK(co_await set.next() == 0);
        CHECK(heddle::now() - first == 2s);
    }());
}

TEST_CASE("an index that no arm has is an error") {
    heddle::selector set;
    CHECK_THROWS_AS(set.remove(0), std::out_of_range);
    auto i = set.add(channel(1).receive());
    auto k = set.add(channel(1).receive());
    set.remove(i);
    CHECK_THROWS_AS(set.remove(i), std::out_of_range);
    CHECK_THROWS_AS(set.enable(i), std::out_of_range);
    CHECK_THROWS_AS(set.disable(7), std::out_of_range);
    CHECK(set.size() == 1);
    CHECK(set.add(channel(1).receive()) == i);
    set.remove(k);
    set.remove(i);
    CHECK(set.empty());
}

TEST_CASE("a send on a closed channel throws from next, once") {
    in_task([]() -> heddle::task<> {
        channel closed, other(1);
        closed.close();
        heddle::selector set;
        set.add(closed.send(1));
        CHECK_THROWS_AS(co_await set.next(), heddle::channel_closed);
        co_await other.send(1);
        set.add(other.receive());
        CHECK(co_await set.next() == 1);
    }());
}

TEST_CASE("a receive on a closed channel happens whenever it is asked") {
    in_task([]() -> heddle::task<> {
        channel c(1);
        co_await c.send(5);
        std::optional<int> v;
        heddle::selector set;
        set.add(c.receive(v));
        heddle::go([](channel x) -> heddle::task<> {
            co_await heddle::sleep(1s);
            x.close();
        }(c));
        CHECK(co_await set.next() == 0);
        CHECK(v == 5);
        CHECK(co_await set.next() == 0);
        CHECK_FALSE(v);
        CHECK(co_await set.next() == 0);
    }());
}

TEST_CASE(
    "law 37: a selector that sends and receives on one channel never pairs alone") {
    in_task([]() -> heddle::task<> {
        channel c;
        std::optional<int> v;
        heddle::selector set;
        auto sent = set.add(c.send(1));
        auto received = set.add(c.receive(v));
        auto idle = set.add(heddle::after(1s));
        CHECK(co_await set.next() == idle);
        heddle::go([](channel to) -> heddle::task<> { co_await to.send(2); }(c));
        CHECK(co_await set.next() == received);
        CHECK(v == 2);
        int got = 0;
        auto taker = heddle::go([](channel from, int& to) -> heddle::task<> {
            co_await from.receive(to);
        }(c, got));
        CHECK(co_await set.next() == sent);
        co_await taker;
        CHECK(got == 1);
    }());
}

TEST_CASE("an arm that is off does not stand for the token in force") {
    in_task([]() -> heddle::task<> {
        bool thrown = false;
        auto job = heddle::go([&thrown]() -> heddle::task<> {
            heddle::selector set;
            set.disable(set.add(heddle::this_task::done()));
            try {
                co_await set.next();
            } catch (const heddle::cancelled&) {
                thrown = true;
            }
        });
        co_await heddle::yield();
        job.cancel();
        co_await job;
        CHECK(thrown);
    }());
}

TEST_CASE("a selector with a timer outlives the context in which it waited") {
    heddle::selector set;
    std::vector<std::size_t> got;
    auto late = heddle::after(1h);
    set.add(late);
    {
        test::world first;
        first.go(note_next(set, got));
        first.settle();
    }
    channel c(1);
    (void)c.try_send(1);
    set.add(c.receive());
    test::world second;
    second.go(note_next(set, got));
    second.settle();
    CHECK(got == std::vector<std::size_t>{1});
}

TEST_CASE("an arm keeps its channel") {
    heddle::selector set;  // outlives who waits in it
    std::vector<std::size_t> got;
    test::world world;
    {
        channel c(1), d;
        (void)c.try_send(1);
        set.add(c.receive());
        set.add(d.receive());
    }
    world.go(note_next(set, got));
    world.settle();
    CHECK(got == std::vector<std::size_t>{0});
    world.go(note_next(set, got));
    world.settle();
    CHECK(world.live() == 1);
}

TEST_CASE("a selector without arms waits for ever") {
    heddle::selector set;
    CHECK_THROWS_AS(
        in_task([](heddle::selector& s) -> heddle::task<> { co_await s.next(); }(set)),
        heddle::deadlock);
}

TEST_CASE("a task is destroyed in every state; the next that waits finds all there") {
    channel a, b(1);
    std::optional<int> v;
    heddle::selector set;
    set.add(a.receive(v));
    set.add(b.receive(v));
    std::vector<std::size_t> got;
    auto end = [](test::world& w) { w.settle(); };
    SUBCASE("while it waits") {
        {
            test::world first;
            first.go(note_next(set, got));
            end(first);
        }
        CHECK(a.try_send(1) == try_status::would_block);
    }
    SUBCASE("when a value was handed to it") {
        {
            test::world first;
            first.go(note_next(set, got));
            end(first);
            CHECK(a.try_send(1) == try_status::done);
        }
        CHECK(got.empty());
        test::world second;
        second.go(note_next(set, got));
        end(second);
        CHECK(got == std::vector<std::size_t>{0});
        CHECK(v == 1);
    }
    got.clear();
    (void)b.try_send(2);
    test::world last;
    last.go(note_next(set, got));
    end(last);
    CHECK(got == std::vector<std::size_t>{1});
    CHECK(v == 2);
    last.go(note_next(set, got));
    end(last);
    CHECK(a.try_send(3) == try_status::done);
    end(last);
    CHECK(got == std::vector<std::size_t>{1, 0});
}

TEST_CASE("law 76: a selector that is always ready lets other tasks run") {
    test::world world;
    bool ran = false;
    long turns = 0;
    world.go([&]() -> heddle::task<> {
        channel closed;
        closed.close();
        heddle::selector set;
        set.add(closed.receive());
        heddle::go([&] { ran = true; });
        for (; !ran && turns < 100'000; ++turns)
            co_await set.next();
    });
    world.settle();
    CHECK(turns < 10'000);
}

TEST_CASE("a dump lists the arms of a selector in the order in which they came") {
    channel a, b;
    a.name("a");
    b.name("b");
    heddle::selector set;
    test::world world;
    set.add(a.receive());
    set.add(channel(1).receive());
    set.add(b.send(1));
    set.remove(1);
    std::vector<std::size_t> got;
    world.go(note_next(set, got));
    world.settle();
    CHECK(heddle::dump_tasks(world.ctx).find("waits in a select: to receive on `a`") !=
          std::string::npos);
    CHECK(heddle::dump_tasks(world.ctx).find(", or to send on `b`") !=
          std::string::npos);
}

namespace {

/// One that offers and takes on two channels by a selector, until it has done `n` of it.
heddle::task<> both_ways(channel out, channel in, int n) {
    heddle::selector set;
    std::optional<int> v;
    auto sent = set.add(out.send(1));
    set.add(in.receive(v));
    while (n-- > 0)
        if (co_await set.next() == sent)
            set.replace(sent, out.send(1));
}

heddle::task<> plain_select(channel out, channel in, int n) {
    while (n-- > 0) {
        std::optional<int> v;
        co_await heddle::select(out.send(1), in.receive(v));
    }
}

heddle::task<> two_facing(bool plain) {
    channel a, b;
    auto one = heddle::go(both_ways(a, b, 2));
    auto two =
        plain ? heddle::go(plain_select(b, a, 2)) : heddle::go(both_ways(b, a, 2));
    co_await one;
    co_await two;
}

/// Two that send, one that selects and one that takes what it can get.
heddle::task<> conserved(std::size_t capacity) {
    channel a(capacity), b;
    int sum = 0, left = 2;
    auto send = [](channel c, int value, int& senders, channel x,
                   channel y) -> heddle::task<> {
        co_await c.send(value);
        if (--senders == 0) {
            x.close();
            y.close();
        }
    };
    auto s = heddle::go(send(a, 1, left, a, b));
    auto t = heddle::go(send(b, 2, left, a, b));
    auto thief = heddle::go([](channel in, int& total) -> heddle::task<> {
        int v = 0;
        if (co_await in.receive(v))
            total += v;
    }(b, sum));
    heddle::selector set;
    std::optional<int> v;
    set.add(a.receive(v));
    set.add(b.receive(v));
    while (!set.empty()) {
        auto i = co_await set.next();
        v ? void(sum += *v) : set.remove(i);
    }
    co_await thief;
    co_await s;
    co_await t;
    if (sum != 3)
        throw std::logic_error("a value was lost, or came twice");
}

}  // namespace

TEST_CASE("law 39: selectors that face each other always meet, on every schedule") {
    for (bool plain : {false, true}) {
        auto all = heddle::testing::explore("selector.facing",
                                            [=] { return two_facing(plain); });
        CHECK(all.complete);
        CHECK(all.schedules > 10);
    }
}

TEST_CASE("law 7: no value is lost or comes twice, on every schedule") {
    for (std::size_t capacity : {0u, 1u}) {
        auto all = heddle::testing::explore("selector.conserved",
                                            [=] { return conserved(capacity); });
        CHECK(all.complete);
        CHECK(all.schedules > 10);
    }
}
