// SPDX-License-Identifier: BSL-1.0
// The promises of the selector: those of select, for arms that stay enlisted.
#include <heddle/selector.hpp>

#include <heddle/testing.hpp>

#include "support/world.hpp"

#include <asio/steady_timer.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <stdexcept>
#include <tuple>
#include <vector>

namespace {

using heddle::try_status;
using test::tracked;
using namespace std::chrono_literals;

using channel = heddle::channel<int>;

/// Runs a test body in virtual time, to its end. If the body hangs, `deadlock` is
/// thrown.
void in_task(heddle::task<> body) { test::run_virtual(std::move(body)); }

/// Waits once and notes which arm it was.
heddle::task<> note_next(heddle::selector& set, std::vector<std::size_t>& to) {
    to.push_back(co_await set.next());
}

}  // namespace

TEST_SUITE_BEGIN("selector");

TEST_CASE("next returns the index that add returned, whatever the kind of the arm") {
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
        CHECK(set.add(nil.receive(std::ignore)) == 1);
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
        CHECK(send == 2);  // the index is free again
        CHECK(co_await set.next() == send);
        CHECK(out.size() == 1);
    }());
}

TEST_CASE("an inflight is an arm that happens each time its operation has ended") {
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

TEST_CASE("each value of many channels arrives once, in the order of its channel") {
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
                set.add(c.back().receive(std::ignore));
                co_await c.back().send(0);
            }
            set.add(channel(1).receive(std::ignore));  // never ready
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
    CHECK(chi < 16.3);  // 3 degrees of freedom: exceeded once in a thousand runs
    CHECK(times[arms] == 0);
}

namespace {

/// The numbers of send arms, and of receive arms.
constexpr std::pair<int, int> both_ways_round[] = {
    {1, 1}, {1, 2}, {2, 1}, {2, 2}, {3, 0}, {0, 3}, {3, 3}, {1, 5}, {5, 1}};

/// An event that counts how often its waits were tried.
struct looked_at {
    struct node final : heddle::detail::operation {
        explicit node(looked_at& e) : event(e) {}
        bool watches_token_of(const heddle::detail::process&) const noexcept override {
            ++event.asked;
            return false;
        }
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
    int asked = 0;  // how often a wait was asked whether it is a closed token
};

/// Two sides that meet, as on a channel without values. An arm that is tried without
/// end happens at last, so that the test ends.
struct meeting {
    struct node final : heddle::detail::operation {
        template <class Op>
        explicit node(Op& op) : at(*op.at), side(op.side) {}
        heddle::detail::spin_lock* source() const noexcept override { return &at.lock; }
        bool attempt_locked(heddle::detail::wake_list& wakes) noexcept override {
            auto* other = at.sides[1 - side].pop_claimed();
            if (other)
                wakes.add(*other->who);
            return ++at.looks > 1000 || other;
        }
        bool may_happen_locked() const noexcept override {
            return !at.sides[1 - side].empty();
        }
        void enlist_locked() noexcept override { at.sides[side].push_back(*this); }
        bool leave_queue() noexcept override {
            return heddle::detail::leave(at.sides[side], at.lock, *this);
        }
        void describe(std::string&) const override {}
        meeting& at;
        const int side;
    };
    struct op {
        using arm_node = node;
        meeting* at;
        int side;
    };

    op come(int side) { return {this, side}; }

    heddle::detail::spin_lock lock;
    heddle::detail::wait_list sides[2];
    int looks = 0;
};

}  // namespace

TEST_CASE("a turn tries only the arms that have changed, not every arm") {
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
                    co_await heddle::yield();  // the other events come in a burst
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

TEST_CASE("arms that could only meet each other are tried once, and wait") {
    for (auto [left, right] : both_ways_round)
        for (std::uint64_t seed = 1; seed <= 20; ++seed) {
            CAPTURE(left);
            CAPTURE(right);
            test::run_virtual(
                [](int m, int n) -> heddle::task<> {
                    meeting place;
                    heddle::selector set;
                    for (int i = 0; i < m; ++i)
                        set.add(place.come(0));
                    for (int i = 0; i < n; ++i)
                        set.add(place.come(1));
                    auto idle = set.add(heddle::after(10ms));
                    CHECK(co_await set.next() == idle);
                    CHECK(place.looks == m + n);
                    for (int k = 0; k < 3; ++k) {  // and no arm has news
                        set.replace(idle, heddle::after(10ms));
                        CHECK(co_await set.next() == idle);
                    }
                    CHECK(place.looks == m + n);
                }(left, right),
                seed);
        }
}

TEST_CASE("a selector takes nothing while no task waits in it, and other receivers "
          "come first") {
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
    world.settle();  // the arm is still enlisted, and no task waits
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

TEST_CASE(
    "a selector and a task that wait for one source are served in order of arrival") {
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
            set.add(channel(1).receive(std::ignore));
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

TEST_CASE("an arm that happens only once is off until it is enabled again") {
    in_task([]() -> heddle::task<> {
        heddle::channel<std::unique_ptr<int>> out(3);
        auto value = std::make_unique<int>(1);
        heddle::selector set;
        auto sent = set.add(out.send(std::ref(value)));
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

TEST_CASE("replace puts another arm in the place of one, with the same index") {
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

TEST_CASE("a disabled arm does not happen") {
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
        set.enable(0);  // it is enabled
        CHECK(co_await set.next() == 0);
        CHECK(v == 1);
        CHECK(a.size() == 0);
        CHECK(b.size() == 1);
    }());
}

TEST_CASE("a nil arm is tried again when it is enabled") {
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

TEST_CASE("an index without an arm is an error") {
    heddle::selector set;
    CHECK_THROWS_AS(set.remove(0), std::out_of_range);
    auto i = set.add(channel(1).receive(std::ignore));
    auto k = set.add(channel(1).receive(std::ignore));
    set.remove(i);
    CHECK_THROWS_AS(set.remove(i), std::out_of_range);
    CHECK_THROWS_AS(set.enable(i), std::out_of_range);
    CHECK_THROWS_AS(set.disable(7), std::out_of_range);
    CHECK(set.size() == 1);
    CHECK(set.add(channel(1).receive(std::ignore)) == i);
    set.remove(k);
    set.remove(i);
    CHECK(set.empty());
}

TEST_CASE("next throws once for a send arm whose channel is closed") {
    in_task([]() -> heddle::task<> {
        channel closed, other(1);
        closed.close();
        heddle::selector set;
        set.add(closed.send(1));
        CHECK_THROWS_AS(co_await set.next(), heddle::channel_closed);
        co_await other.send(1);
        set.add(other.receive(std::ignore));
        CHECK(co_await set.next() == 1);
    }());
}

TEST_CASE("a receive arm whose channel is closed happens in every turn") {
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

TEST_CASE("law 37: a selector that sends and receives on one channel never pairs with "
          "itself") {
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

namespace {

/// A selector with arms that send 0, 1, ... and arms that receive, on one channel.
struct crossing {
    crossing(channel c, int sends, int receives) : on(std::move(c)), senders(sends) {
        for (int i = 0; i < sends; ++i)
            set.add(on.send(int(made++)));
        for (int i = 0; i < receives; ++i)
            set.add(on.receive(v));
    }

    /// Notes that an arm has happened; a send arm gets another value.
    void note(std::size_t arm) {
        if (arm < static_cast<std::size_t>(senders)) {
            ++sent;
            set.replace(arm, on.send(int(made++)));
        } else if (v) {
            received.push_back(*v);
        }
    }

    channel on;
    const int senders;
    heddle::selector set;
    std::optional<int> v;
    int made = 0, sent = 0;
    std::vector<int> received;
};

}  // namespace

TEST_CASE("law 37: a selector with any number of arms in both directions never pairs "
          "with itself, even beside a ready arm") {
    for (auto [sends, receives] : both_ways_round)
        for (std::uint64_t seed = 1; seed <= 10; ++seed)
            test::run_virtual(
                [](int s, int r) -> heddle::task<> {
                    crossing both(channel(), s, r);
                    auto& set = both.set;
                    auto idle = set.add(heddle::after(10ms));
                    CHECK(co_await set.next() == idle);
                    channel closed;
                    closed.close();
                    set.replace(idle, closed.receive(std::ignore));
                    for (int i = 0; i < 100; ++i)
                        CHECK(co_await set.next() == idle);
                    CHECK(both.on.try_send(1) == try_status::would_block);
                    for (int i = 0; i < 100; ++i)
                        CHECK(co_await set.next() == idle);
                }(sends, receives),
                seed);
}

TEST_CASE("law 7: a selector with many arms in both directions sends and receives each "
          "value once") {
    for (auto [sends, receives] : both_ways_round)
        for (std::size_t capacity : {0u, 1u, 2u})
            for (std::uint64_t seed = 1; seed <= 10; ++seed)
                test::run_virtual(
                    [](int s, int r, std::size_t cap) -> heddle::task<> {
                        crossing both(channel(cap), s, r);
                        int turns = s && r ? 60 : 20;
                        auto feeder =
                            heddle::go([](channel to, int n) -> heddle::task<> {
                                for (int i = 1; i <= n; ++i)
                                    co_await to.send(-i);
                            }(both.on, r ? 20 : 0));
                        std::vector<int> taken;
                        auto taker = heddle::go([](channel from, std::vector<int>& to,
                                                   bool on) -> heddle::task<> {
                            if (!on)
                                co_return;
                            int v = 0;
                            while (co_await from.receive(v))
                                to.push_back(v);
                        }(both.on, taken, s != 0));
                        for (int i = 0; i < turns; ++i)
                            both.note(co_await both.set.next());
                        for (std::size_t i = 0, n = both.set.size(); i < n; ++i)
                            both.set.remove(i);
                        co_await feeder;
                        both.on.close();
                        co_await taker;
                        auto all = both.received;
                        all.insert(all.end(), taken.begin(), taken.end());
                        std::sort(all.begin(), all.end());
                        CHECK(std::unique(all.begin(), all.end()) == all.end());
                        CHECK(all.size() ==
                              static_cast<std::size_t>(both.sent + (r ? 20 : 0)));
                    }(sends, receives, capacity),
                    seed);
}

TEST_CASE("the values of a selector that fills and drains one buffer arrive in order") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed)
        test::run_virtual(
            []() -> heddle::task<> {
                crossing both(channel(1), 3, 2);
                for (int i = 0; i < 100; ++i) {
                    both.note(co_await both.set.next());
                    CHECK(both.on.size() ==
                          static_cast<std::size_t>(both.sent) - both.received.size());
                }
                CHECK(both.sent > 45);
                auto sorted = both.received;
                std::sort(sorted.begin(), sorted.end());
                CHECK(std::unique(sorted.begin(), sorted.end()) == sorted.end());
            }(),
            seed);
}

TEST_CASE(
    "a selector that waits to send and to receive on a channel notices its close") {
    for (auto [sends, receives] : both_ways_round)
        for (bool waiting : {false, true})
            test::run_virtual([](int s, int r, bool parked) -> heddle::task<> {
                crossing both(channel(), s, r);
                auto& set = both.set;
                auto idle = set.add(heddle::after(10ms));
                CHECK(co_await set.next() == idle);
                if (parked)
                    heddle::go([](channel c) -> heddle::task<> {
                        c.close();
                        co_return;
                    }(both.on));
                else
                    both.on.close();
                int refused = 0, over = 0;
                while (refused < s || over < 10 * r) {
                    try {
                        auto arm = co_await set.next();
                        CHECK(arm >= static_cast<std::size_t>(s));
                        CHECK_FALSE(both.v);
                        ++over;
                    } catch (const heddle::channel_closed&) {
                        ++refused;
                    }
                }
                CHECK(refused == s);
            }(sends, receives, waiting));
}

TEST_CASE("arms may be removed and added while others wait in both directions") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed)
        test::run_virtual(
            []() -> heddle::task<> {
                crossing both(channel(), 3, 3);
                auto& set = both.set;
                auto idle = set.add(heddle::after(1ms));
                for (std::size_t i = 0; i < 6; ++i) {
                    CHECK(co_await set.next() == idle);
                    set.remove(i);
                    set.replace(idle, heddle::after(1ms));
                    CHECK(co_await set.next() == idle);
                    auto again = i < 3 ? set.add(both.on.send(int(both.made++)))
                                       : set.add(both.on.receive(both.v));
                    CHECK(again == i);
                    set.disable((i + 1) % 6);
                    set.replace(idle, heddle::after(1ms));
                    CHECK(co_await set.next() == idle);
                    set.enable((i + 1) % 6);
                    set.replace(idle, heddle::after(1ms));
                }
                heddle::go(
                    [](channel c) -> heddle::task<> { co_await c.send(9); }(both.on));
                auto arm = co_await set.next();
                CHECK((arm >= 3 && arm < 6));
                CHECK(both.v == 9);
            }(),
            seed);
}

TEST_CASE("arms in one direction keep their order when arms in the other are tried") {
    in_task([]() -> heddle::task<> {
        channel c;
        std::optional<int> v;
        heddle::selector set;
        std::vector<std::size_t> sends;
        for (int i = 0; i < 4; ++i) {  // each one is queued behind the one before
            sends.push_back(set.add(c.send(int(i))));
            auto idle = set.add(heddle::after(1ms));
            CHECK(co_await set.next() == idle);
            set.remove(idle);
        }
        set.add(c.receive(v));
        auto idle = set.add(heddle::after(1ms));
        CHECK(co_await set.next() == idle);
        set.remove(idle);
        std::vector<int> got;
        heddle::go([](channel from, std::vector<int>& to) -> heddle::task<> {
            for (int i = 0; i < 4; ++i) {
                to.push_back(*co_await from.receive());
                co_await heddle::sleep(1ms);  // the other arms are queued again
            }
        }(c, got));
        for (auto arm : sends)
            CHECK(co_await set.next() == arm);
        CHECK(got == std::vector<int>{0, 1, 2, 3});
    }());
}

TEST_CASE(
    "two selectors of one task, crosswise on two channels, do not pair but wait") {
    for (std::uint64_t seed = 1; seed <= 10; ++seed)
        test::run_virtual(
            []() -> heddle::task<> {
                channel a, b;
                std::optional<int> v, w;
                heddle::selector one, two;
                for (int i = 0; i < 2; ++i) {
                    one.add(a.send(1));
                    one.add(b.receive(v));
                    two.add(b.send(2));
                    two.add(a.receive(w));
                }
                auto idle = one.add(heddle::after(1ms));
                two.add(heddle::after(1ms));
                for (int i = 0; i < 10; ++i) {
                    auto& set = i % 2 ? one : two;
                    CHECK(co_await set.next() == idle);
                    set.replace(idle, heddle::after(1ms));
                }
                heddle::go(
                    [](channel to) -> heddle::task<> { co_await to.send(3); }(b));
                CHECK(co_await one.next() % 2 == 1);
                CHECK(v == 3);
                // A select of the task does not pair with the arms of its selectors
                // either.
                CHECK(co_await heddle::select(b.receive(w), a.send(4),
                                              heddle::after(1ms)) == 2);
            }(),
            seed);
}

TEST_CASE("an arm of each kind may be in a selector twice") {
    in_task([]() -> heddle::task<> {
        heddle::event happened;
        heddle::semaphore permits(0);
        heddle::mutex m;
        heddle::mutex::guard held = co_await m.lock(), first, second;
        heddle::done_source stop;
        auto late = heddle::after(1s);
        auto job = heddle::go([]() -> heddle::task<> { co_await heddle::sleep(2s); });
        heddle::selector set;
        for (int i = 0; i < 2; ++i) {
            set.add(permits.acquire());                // indexes 0, 6
            set.add(m.lock(i == 0 ? first : second));  // indexes 1, 7
            set.add(late);                             // indexes 2, 8
            set.add(job);                              // indexes 3, 9
            set.add(happened.wait());                  // indexes 4, 10
            set.add(stop.token());                     // indexes 5, 11
        }
        std::vector<std::size_t> times(6);
        auto next = [&]() -> heddle::task<> { ++times[co_await set.next() % 6]; };
        co_await next();  // the timer, which is nil then
        CHECK(times == std::vector<std::size_t>{0, 0, 1, 0, 0, 0});
        co_await next();
        co_await next();  // the join arm happens twice, as each one finds the handle ready
        CHECK(times == std::vector<std::size_t>{0, 0, 1, 2, 0, 0});
        permits.release(2);
        co_await next();
        co_await next();
        CHECK(times == std::vector<std::size_t>{2, 0, 1, 2, 0, 0});
        CHECK_FALSE(permits.try_acquire());
        held = {};
        co_await next();
        CHECK(times == std::vector<std::size_t>{2, 1, 1, 2, 0, 0});
        CHECK(bool(first) != bool(second));
        set.remove(5);
        set.remove(11);
        happened.set();
        for (int i = 0; i < 20; ++i)
            co_await next();
        CHECK(times[4] == 20);
        happened.reset();
        stop.close();
        auto twice = set.add(stop.token());
        CHECK(twice % 6 == 5);
        set.add(stop.token());
        for (int i = 0; i < 20; ++i)
            co_await next();
        CHECK(times == std::vector<std::size_t>{2, 1, 1, 2, 20, 20});
    }());
}

TEST_CASE("an inflight that is in a selector twice happens once for each result") {
    asio::io_context ctx;
    std::vector<std::size_t> got;
    heddle::go(ctx, [&]() -> heddle::task<> {
        asio::steady_timer timer(ctx);
        heddle::inflight tick(timer.async_wait(heddle::deferred));
        heddle::selector set;
        set.add(tick);
        set.add(tick);
        for (int n = 0; n < 3; ++n) {
            got.push_back(co_await set.next());
            tick.result();
            timer.expires_after(1us);
            tick.start(timer.async_wait(heddle::deferred));
        }
        co_await tick.stop();
    });
    ctx.run();
    CHECK(got.size() == 3);
}

TEST_CASE("a disabled arm does not count as the token in force") {
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
    set.add(c.receive(std::ignore));
    test::world second;
    second.go(note_next(set, got));
    second.settle();
    CHECK(got == std::vector<std::size_t>{1});
}

TEST_CASE("an arm keeps its channel alive") {
    heddle::selector set;  // outlives the task that waits in it
    std::vector<std::size_t> got;
    test::world world;
    {
        channel c(1), d;
        (void)c.try_send(1);
        set.add(c.receive(std::ignore));
        set.add(d.receive(std::ignore));
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

TEST_CASE("if the waiting task is destroyed, in any state, the next task that waits "
          "finds all arms and values") {
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
    SUBCASE("after a value was handed to it") {
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
        set.add(closed.receive(std::ignore));
        heddle::go([&] { ran = true; });
        for (; !ran && turns < 100'000; ++turns)
            co_await set.next();
    });
    world.settle();
    CHECK(turns < 10'000);
}

TEST_CASE("a dump lists the arms of a selector in order of arrival") {
    channel a, b;
    a.name("a");
    b.name("b");
    heddle::selector set;
    test::world world;
    set.add(a.receive(std::ignore));
    set.add(channel(1).receive(std::ignore));
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

/// A task that sends and receives on two channels with a selector, `n` times in all.
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

/// Two tasks send, one selects, and one takes any value it can get.
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

TEST_CASE("law 39: selectors that face each other meet in every schedule") {
    for (bool plain : {false, true}) {
        auto all = heddle::testing::explore("selector.facing",
                                            [=] { return two_facing(plain); });
        CHECK(all.complete);
        CHECK(all.schedules > 10);
    }
}

TEST_CASE("law 7: no value is lost or doubled in any schedule") {
    for (std::size_t capacity : {0u, 1u}) {
        auto all = heddle::testing::explore("selector.conserved",
                                            [=] { return conserved(capacity); });
        CHECK(all.complete);
        CHECK(all.schedules > 10);
    }
}

namespace {

/// Returns the arms that happen first, over all schedules, in the selector that `fill`
/// fills. Checks that there are at most `bound` schedules.
template <class Fill>
std::set<std::size_t> first_of(Fill fill, std::size_t bound,
                               heddle::done_token in_force = {}) {
    std::set<std::size_t> seen;
    auto all = heddle::testing::explore("first", [&]() -> heddle::task<> {
        auto wait = [](Fill& f, std::set<std::size_t>& to) -> heddle::task<> {
            heddle::selector set;
            f(set);
            to.insert(co_await set.next());
        };
        co_await heddle::with_done(in_force, wait(fill, seen));
    });
    CHECK(all.complete);
    CHECK(all.schedules <= bound);
    return seen;
}

}  // namespace

TEST_CASE("explore takes each ready arm of a selector, and makes no choice where none "
          "is ready") {
    channel closed, open;
    closed.close();
    CHECK(first_of(
              [&](heddle::selector& set) {
                  set.add(open.receive(std::ignore));
                  set.add(closed.receive(std::ignore));
                  set.add(channel(nullptr).receive(std::ignore));
                  set.add(closed.receive(std::ignore));
                  set.add(heddle::after(1s));
              },
              5) == std::set<std::size_t>{1, 3});
    CHECK(first_of(
              [&](heddle::selector& set) {
                  for (int i = 0; i < 5; ++i)
                      set.add(channel().receive(std::ignore));
                  set.add(heddle::after(1s));
              },
              1) == std::set<std::size_t>{5});
}

TEST_CASE(
    "law 32: an arm for a closed token in force is as likely as the other ready arms") {
    channel closed;
    closed.close();
    heddle::done_source above, own(above.token());
    above.close();
    auto fill = [&](heddle::selector& set) {
        set.add(channel().receive(std::ignore));
        set.add(closed.receive(std::ignore));
        set.add(above.token());
        set.add(closed.receive(std::ignore));
        set.add(own.token());
        set.add(heddle::after(1h));
    };
    CHECK(first_of(fill, 6, own.token()) == std::set<std::size_t>{1, 2, 3, 4});

    std::vector<int> times(6);
    test::run_virtual(
        [](auto& f, heddle::done_token token, std::vector<int>& to) -> heddle::task<> {
            auto wait = [](auto& fill_it, std::vector<int>& count) -> heddle::task<> {
                heddle::selector set;
                fill_it(set);
                for (int n = 0; n < 4000; ++n)
                    ++count[co_await set.next()];
            };
            co_await heddle::with_done(token, wait(f, to));
        }(fill, own.token(), times),
        3);
    for (int arm : {1, 2, 3, 4}) {
        CHECK(times[static_cast<std::size_t>(arm)] > 850);
        CHECK(times[static_cast<std::size_t>(arm)] < 1150);
    }
}

TEST_CASE("explore puts equal arms of a selector in each order") {
    std::set<std::size_t> seen;
    auto all = heddle::testing::explore("equal arms", [&]() -> heddle::task<> {
        channel c;
        heddle::selector set;
        for (int i = 0; i < 3; ++i)
            set.add(c.send(int(i)));
        heddle::go([](channel from) -> heddle::task<> { co_await from.receive(); }(c));
        seen.insert(co_await set.next());
    });
    CHECK(all.complete);
    CHECK(seen == std::set<std::size_t>{0, 1, 2});
}

TEST_CASE("a turn under a closed token does not ask every arm for that token") {
    in_task([]() -> heddle::task<> {
        constexpr int arms = 1000, turns = 100;
        std::vector<looked_at> events(arms);
        heddle::done_source stop;
        stop.close();
        auto wait = [](std::vector<looked_at>& all,
                       heddle::done_token token) -> heddle::task<> {
            heddle::selector set;
            for (auto& e : all)
                set.add(e.wait());
            auto closed = set.add(token);
            for (int n = 0; n < turns; ++n)
                CHECK(co_await set.next() == closed);
            set.remove(closed);  // no arm is for the token in force any more
            CHECK_THROWS_AS(co_await set.next(), heddle::cancelled);
        };
        co_await heddle::with_done(stop.token(), wait(events, stop.token()));
        int asked = 0;
        for (auto& e : events)
            asked += e.asked;
        CHECK(asked <= 3 * arms);
    }());
}

namespace {

/// A task that sends and receives on one channel, with more arms than it needs.
heddle::task<> meet_once(channel c, int sends, int receives, std::vector<int>& got) {
    crossing both(c, sends, receives);
    both.note(co_await both.set.next());
    got.insert(got.end(), both.received.begin(), both.received.end());
}

}  // namespace

TEST_CASE("law 37: two selectors with arms in both directions on one channel pair in "
          "every schedule") {
    for (auto [sends, receives] : {std::pair{1, 1}, {2, 1}, {1, 2}, {2, 2}}) {
        auto all = heddle::testing::explore("selector.pair", [&]() -> heddle::task<> {
            channel c;
            std::vector<int> got;
            auto one = heddle::go(meet_once(c, sends, receives, got));
            auto two = heddle::go(meet_once(c, receives, sends, got));
            co_await one;
            co_await two;
            if (got.size() != 1)
                throw std::logic_error("not one meeting");
        });
        CHECK(all.complete);
    }
}

TEST_CASE("laws 7, 37: a selector and a select in both directions on one channel lose "
          "no value in any schedule") {
    for (std::size_t capacity : {0u, 1u}) {
        auto all = heddle::testing::explore("selector.select", [=]() -> heddle::task<> {
            channel c(capacity);
            std::vector<int> got;
            int sent = 0;
            auto kept = heddle::go(
                [](channel on, std::vector<int>& to, int& count) -> heddle::task<> {
                    crossing both(on, 2, 1);
                    both.note(co_await both.set.next());
                    both.note(co_await both.set.next());
                    count += both.sent;
                    to.insert(to.end(), both.received.begin(), both.received.end());
                }(c, got, sent));
            for (int i = 0; i < 2; ++i) {
                std::optional<int> v;
                if (co_await heddle::select(c.send(10 + i), c.receive(v)) == 0)
                    ++sent;
                else
                    got.push_back(v.value());
            }
            co_await kept;
            if (got.size() + c.size() != static_cast<std::size_t>(sent))
                throw std::logic_error("a value was lost, or came twice");
        });
        CHECK(all.complete);
    }
}
