// SPDX-License-Identifier: BSL-1.0
// The promises of a broadcast.
#include <heddle/broadcast.hpp>

#include "support/ending.hpp"
#include "support/world.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using heddle::broadcast;
using heddle::hold_back;
using heddle::subscription;
using heddle::task;
using heddle::try_status;
using std::ref;
using test::lines;
using test::trace;
using test::tracked;
using test::world;

task<> hear(subscription<int> in, trace& t, std::string name) {
    while (auto v = co_await in.receive())
        t(name + " " + std::to_string(*v));
    t(name + " ends");
}

task<> receive_one(subscription<int>& in, trace& t) {
    try {
        auto v = co_await in.receive();
        t(v ? "got " + std::to_string(*v) : "closed");
    } catch (...) {
        t(test::why(std::current_exception()));
    }
}

task<> receive_or(subscription<int>& in, heddle::event& other, trace& t) {
    std::shared_ptr<const int> v;
    if (co_await heddle::select(in.receive(v), other.wait()) == 0)
        t(v ? "got " + std::to_string(*v) : "closed");
    else
        t("other");
}

task<> publish(broadcast<int> to, int v, trace& t) {
    std::string how = co_await test::ending(to.send(v));
    t("sent " + std::to_string(v) + ": " + how);
}

task<> send_or(broadcast<int> to, int v, heddle::event& other, trace& t) {
    t(co_await heddle::select(to.send(v), other.wait()) == 0 ? "sent" : "other");
}

std::vector<int> drain(subscription<int>& in) {
    std::vector<int> all;
    for (std::shared_ptr<const int> v; in.try_receive(v) == try_status::done;)
        all.push_back(*v);
    return all;
}

}  // namespace

TEST_SUITE_BEGIN("broadcast");

TEST_CASE("every subscriber gets every value, from its subscription on, in order") {
    world w;
    trace t;
    broadcast<int> b(4);
    CHECK(b.try_send(0) == try_status::done);  // nobody
    w.go(hear, b.subscribe(), ref(t), "ann");
    w.settle();
    CHECK(b.try_send(1) == try_status::done);
    CHECK(t.take().empty());  // nobody resumes inside a send
    w.settle();
    w.go(hear, b.subscribe(), ref(t), "bob");
    CHECK(b.subscribers() == 2);
    CHECK(b.try_send(2) == try_status::done);
    CHECK(b.try_send(3) == try_status::done);
    b.close();
    w.settle();
    CHECK(t.take() ==
          lines{"ann 1", "bob 2", "bob 3", "bob ends", "ann 2", "ann 3", "ann ends"});
    CHECK(b.subscribers() == 0);
}

TEST_CASE("a slow subscriber loses the oldest values, is told how many, and goes on") {
    broadcast<int> b(3);
    auto slow = b.subscribe(), quick = b.subscribe();
    for (int i = 0; i < 5; ++i) {
        CHECK(b.try_send(i) == try_status::done);
        CHECK(drain(quick) == std::vector{i});
    }
    CHECK(slow.size() == 3);
    CHECK(drain(slow) == std::vector{2, 3, 4});
    CHECK(slow.lost() == 2);
    CHECK(quick.lost() == 0);
    for (int i = 5; i < 9; ++i)
        CHECK(b.try_send(i) == try_status::done);
    CHECK(slow.lost() == 2);  // it has not come to them yet
    CHECK(drain(slow) == std::vector{6, 7, 8});
    CHECK(slow.lost() == 3);
}

TEST_CASE("with hold_back a send waits for the slowest subscriber, and none loses") {
    world w;
    trace t;
    broadcast<int> b(2, hold_back);
    auto slow = b.subscribe();
    auto quick = b.subscribe();
    for (int i = 0; i < 4; ++i)
        w.go(publish, b, i, ref(t));
    w.settle();
    CHECK(t.take() == lines{"sent 0: ok", "sent 1: ok"});
    CHECK(drain(quick) == std::vector{0, 1});
    w.settle();
    CHECK(t.take().empty());
    CHECK(b.try_send(9) == try_status::would_block);
    std::shared_ptr<const int> v;
    CHECK(slow.try_receive(v) == try_status::done);
    w.settle();
    CHECK(t.take() == lines{"sent 2: ok"});
    CHECK(drain(slow) == std::vector{1, 2, 3});
    w.settle();
    CHECK(t.take() == lines{"sent 3: ok"});
    CHECK(drain(quick) == std::vector{2, 3});
    CHECK(slow.lost() + quick.lost() == 0);
}

TEST_CASE("with hold_back a subscription that ends lets the senders go on") {
    world w;
    trace t;
    broadcast<int> b(1, hold_back);
    {
        auto slow = b.subscribe();
        for (int i = 0; i < 3; ++i)
            w.go(publish, b, i, ref(t));
        w.settle();
        CHECK(t.take() == lines{"sent 0: ok"});
    }
    w.settle();
    CHECK(t.take() == lines{"sent 1: ok", "sent 2: ok"});
}

TEST_CASE("a late subscriber may get the last values that are kept") {
    broadcast<int> b(3);
    for (int i = 0; i < 5; ++i)
        CHECK(b.try_send(i) == try_status::done);
    auto none = b.subscribe(), two = b.subscribe(2), all = b.subscribe(100);
    CHECK(drain(none).empty());
    CHECK(drain(two) == std::vector{3, 4});
    CHECK(drain(all) == std::vector{2, 3, 4});
    b.close();
    auto after = b.subscribe(1);
    CHECK(drain(after) == std::vector{4});
    std::shared_ptr<const int> v;
    CHECK(after.try_receive(v) == try_status::closed);
}

TEST_CASE("with hold_back a replay is waited for, too") {
    broadcast<int> b(2, hold_back);
    CHECK(b.try_send(0) == try_status::done);
    CHECK(b.try_send(1) == try_status::done);
    CHECK(b.try_send(2) == try_status::done);  // nobody has to get 0
    auto late = b.subscribe(2);
    CHECK(b.try_send(3) == try_status::would_block);
    CHECK(drain(late) == std::vector{1, 2});
    CHECK(b.try_send(3) == try_status::done);
}

TEST_CASE("close: what is kept is received, then nothing; sends are refused") {
    world w;
    trace t;
    broadcast<int> b(1, hold_back);
    auto in = b.subscribe();
    w.go(publish, b, 0, ref(t));
    w.go(publish, b, 1, ref(t));
    w.settle();
    CHECK(t.take() == lines{"sent 0: ok"});
    b.close();
    CHECK(b.closed());
    CHECK_FALSE(b.try_close());
    CHECK_THROWS_AS(b.close(), heddle::channel_closed);
    w.settle();
    CHECK(t.take() == lines{"sent 1: heddle: send on a closed broadcast"});
    CHECK(b.try_send(2) == try_status::closed);
    CHECK(drain(in) == std::vector{0});
    w.go(receive_one, ref(in), ref(t));
    w.settle();
    CHECK(t.take() == lines{"closed"});
}

TEST_CASE("a receive that loses its select, or is cancelled, has received nothing") {
    world w;
    trace t;
    broadcast<int> b(4);
    auto in = b.subscribe();
    heddle::event other;
    SUBCASE("loses") {
        w.go(receive_or, ref(in), ref(other), ref(t));
        w.settle();
        other.set();
        CHECK(b.try_send(1) == try_status::done);
        w.settle();
        CHECK(t.take() == lines{"other"});
    }
    SUBCASE("cancelled") {
        auto h = w.go(receive_one, ref(in), ref(t));
        w.settle();
        h.cancel();
        CHECK(b.try_send(1) == try_status::done);
        w.settle();
        CHECK(t.take() == lines{"cancelled: closed"});
    }
    CHECK(in.size() == 1);
    heddle::event never;
    w.go(receive_or, ref(in), ref(never), ref(t));
    w.settle();
    CHECK(t.take() == lines{"got 1"});
}

TEST_CASE("a send that loses its select, or is cancelled, has sent nothing") {
    world w;
    trace t;
    broadcast<int> b(1, hold_back);
    auto in = b.subscribe();
    heddle::event other;
    CHECK(b.try_send(0) == try_status::done);
    SUBCASE("loses") {
        w.go(send_or, b, 1, ref(other), ref(t));
        w.settle();
        other.set();
        w.settle();
        CHECK(t.take() == lines{"other"});
    }
    SUBCASE("cancelled") {
        auto h = w.go(publish, b, 1, ref(t));
        w.settle();
        h.cancel();
        w.settle();
        CHECK(t.take() == lines{"sent 1: cancelled: closed"});
    }
    CHECK(drain(in) == std::vector{0});
    CHECK(in.size() == 0);
}

TEST_CASE("a value is made once, shared, and destroyed when nobody has it any more") {
    int before = tracked::alive(), made = tracked::made();
    {
        broadcast<tracked> b(2);
        auto a = b.subscribe(), c = b.subscribe();
        for (int i = 0; i < 3; ++i)
            CHECK(b.try_send(tracked(i)) == try_status::done);
        CHECK(tracked::made() == made + 3);
        CHECK(tracked::alive() == before + 2);
        std::shared_ptr<const tracked> x, y;
        CHECK(a.try_receive(x) == try_status::done);
        CHECK(c.try_receive(y) == try_status::done);
        CHECK(x == y);
        CHECK(x->value() == 1);
    }
    CHECK(tracked::alive() == before);
}

TEST_CASE("a value given to a task that is destroyed before it runs is counted as not "
          "delivered") {
    broadcast<int> b(1);
    auto before = heddle::detail::undelivered();
    {
        world w;
        trace t;
        w.go(hear, b.subscribe(), ref(t), "ann");
        w.settle();
        CHECK(b.try_send(1) == try_status::done);
    }
    CHECK(heddle::detail::undelivered() == before + 1);
    CHECK(b.subscribers() == 0);
}

TEST_CASE("emplace builds the value, and a value of an aggregate is sent by name") {
    struct note {
        int number;
        std::string text;
    };
    broadcast<note> b(2);
    auto in = b.subscribe();
    world w;
    auto say = [](broadcast<note> to) -> task<> {
        co_await to.emplace(1, "built");
        note named{2, "named"};
        co_await to.send(named);
    };
    w.go(say, b);
    w.settle();
    std::shared_ptr<const note> v;
    CHECK(in.try_receive(v) == try_status::done);
    CHECK(v->text == "built");
    CHECK(in.try_receive(v) == try_status::done);
    CHECK(v->number == 2);
}

TEST_CASE(
    "a subscription that was moved from says so; a broadcast that was moved from is "
    "the same") {
    broadcast<int> b(1);
    auto in = b.subscribe();
    auto moved = std::move(in);
    CHECK_THROWS_WITH_AS((void)in.receive(), doctest::Contains("moved from"),
                         std::logic_error);
    CHECK_THROWS_AS((void)in.size(), std::logic_error);
    broadcast<int> other = std::move(b);
    CHECK(b.try_send(1) == try_status::done);
    CHECK(moved.size() == 1);
}

TEST_CASE("a broadcast that cannot be had is a length_error that says so") {
    CHECK_THROWS_WITH_AS(broadcast<int>(0), doctest::Contains("broadcast(0)"),
                         std::length_error);
    CHECK_THROWS_AS(broadcast<int>(static_cast<std::size_t>(-1)), std::length_error);
}

TEST_CASE("a context may destroy the broadcast, and its waiters, in any order") {
    world w;
    trace t;
    for (int i = 0; i < 2; ++i) {
        broadcast<int> b(1, hold_back);
        w.go(hear, b.subscribe(), ref(t), "ann");
        w.go(publish, b, 1, ref(t));
        w.go(
            [](broadcast<int> mine, trace& log) -> task<> {
                auto in = mine.subscribe();
                heddle::go(publish, mine, 2, ref(log));
                heddle::go(publish, mine, 3, ref(log));
                co_await heddle::event().wait();
            },
            b, ref(t));
    }
    w.settle();
    CHECK(w.live() > 0);
}

TEST_SUITE_END();
