// SPDX-License-Identifier: BSL-1.0
// The laws of channel data, 1 to 19. Law 15 and races are in stress/channel_stress.cpp.
#include <heddle/heddle.hpp>

#include "support/tasks.hpp"
#include "support/world.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>
#include <stdexcept>

namespace {

using heddle::try_status;
using test::collect;
using test::numbers;
using test::tracked;

heddle::task<> send_one(heddle::sender<int> out, int n, test::trace& trace) {
    co_await out.send(n);
    trace("sent " + std::to_string(n));
}

heddle::task<> receive_one(heddle::receiver<int> in, test::trace& trace,
                           std::string name = "got") {
    auto v = co_await in.receive();
    trace(name + " " + (v ? std::to_string(*v) : "nothing"));
}

heddle::task<> send_range(heddle::sender<int> out, int first, int last) {
    for (int i = first; i < last; ++i)
        co_await out.send(i);
}

template <class T>
bool has_senders(const heddle::channel<T>& c) {
    return !c.core()->senders().empty();
}
template <class T>
bool has_receivers(const heddle::channel<T>& c) {
    return !c.core()->receivers().empty();
}

}  // namespace

TEST_SUITE_BEGIN("laws.channel_data");

TEST_CASE("law 1: an unbuffered send completes only when a receiver has its value") {
    test::world world;
    test::trace trace;
    heddle::channel<int> c;
    world.go(send_one(c, 7, trace));
    world.settle();
    CHECK(trace.take().empty());
    world.go(receive_one(c, trace));
    world.settle();
    CHECK(trace.take() == test::lines{"got 7", "sent 7"});

    world.go(receive_one(c, trace));
    world.settle();
    CHECK(trace.take().empty());
    world.go(send_one(c, 8, trace));
    world.settle();
    CHECK(trace.take() == test::lines{"sent 8", "got 8"});
}

TEST_CASE("law 2: a send waits exactly when the buffer is full, a receive exactly when "
          "it is empty") {
    for (int capacity : {1, 2, 5}) {
        test::world world;
        test::trace trace;
        heddle::channel<int> c(capacity);
        test::lines sent;
        for (int i = 0; i < capacity; ++i) {
            world.go(send_one(c, i, trace));
            sent.push_back("sent " + std::to_string(i));
        }
        world.go(send_one(c, 99, trace));
        world.settle();
        CHECK(trace.take() == sent);
        world.go(receive_one(c, trace));
        world.settle();
        CHECK(trace.take() == test::lines{"got 0", "sent 99"});
        for (int i = 0; i < capacity; ++i)
            world.go(receive_one(c, trace));
        world.settle();
        CHECK(trace.take().size() == static_cast<std::size_t>(capacity));
        world.go(receive_one(c, trace));
        world.settle();
        CHECK(trace.take().empty());
    }
}

TEST_CASE("law 3: try_ operations never suspend, and report the state of one instant") {
    // This is called outside any task, so nothing could be suspended here.
    heddle::channel<int> c(1);
    int n = 0;
    CHECK(c.try_receive(n) == try_status::would_block);
    CHECK(c.try_send(1) == try_status::done);
    CHECK(c.try_send(2) == try_status::would_block);
    CHECK(c.try_receive(n) == try_status::done);
    CHECK(n == 1);

    test::world world;
    test::trace trace;
    heddle::channel<int> u;
    CHECK(u.try_send(1) == try_status::would_block);
    CHECK(u.try_receive(n) == try_status::would_block);
    world.go(receive_one(u, trace));
    world.settle();
    CHECK(u.try_send(3) == try_status::done);
    // That receiver already has a value.
    CHECK(u.try_send(4) == try_status::would_block);
    world.go(send_one(u, 5, trace));
    world.settle();
    CHECK(u.try_receive(n) == try_status::done);
    CHECK(n == 5);
    CHECK(u.try_receive(n) == try_status::would_block);
    world.settle();
    CHECK(trace.take() == test::lines{"got 3", "sent 5"});
}

TEST_CASE("law 4: values arrive in the order of the sends") {
    for (int capacity : {0, 1, 2, 7, 100, 199}) {
        test::world world;
        heddle::channel<int> c(capacity);
        std::vector<int> got;
        world.go([](heddle::sender<int> out) -> heddle::task<> {
            co_await send_range(out, 0, 300);
            out.close();
        }(c));
        world.go(collect(c, got));
        world.settle();
        CHECK(got == numbers(300));
    }
}

TEST_CASE(
    "law 4: the values of each of several senders arrive in that sender's order") {
    for (int capacity : {0, 1, 5}) {
        test::world world;
        heddle::channel<int> c(capacity);
        std::vector<int> got;
        for (int s = 0; s < 10; ++s)
            world.go(send_range(c, s * 1000, s * 1000 + 100));
        world.go(collect(c, got));
        world.settle();
        CHECK(got.size() == 1000);
        std::vector<int> next(10);
        for (int v : got)
            CHECK(next[static_cast<std::size_t>(v / 1000)]++ == v % 1000);
        c.close();
        world.settle();
    }
}

heddle::task<> link(heddle::receiver<int> in, heddle::sender<int> out) {
    int v = 0;
    while (co_await in.receive(v))
        co_await out.send(v);
    out.close();
}

TEST_CASE("law 4: a daisy chain keeps the order of values") {
    test::world world;
    heddle::channel<int> head;
    heddle::channel<int> tail = head;
    for (int i = 0; i < 50; ++i) {
        heddle::channel<int> next(i % 3);
        world.go(link(tail, next));
        tail = next;
    }
    std::vector<int> got;
    world.go([](heddle::sender<int> out) -> heddle::task<> {
        co_await send_range(out, 0, 100);
        out.close();
    }(head));
    world.go(collect(tail, got));
    world.settle();
    CHECK(got == numbers(100));
    CHECK(world.live() == 0);
}

TEST_CASE("law 5: parked waiters are served in order of arrival") {
    test::world world;
    test::trace trace;
    heddle::channel<int> c;
    world.go(receive_one(c, trace, "ann"));
    auto bob = world.go(receive_one(c, trace, "bob"));
    world.go(receive_one(c, trace, "eve"));
    world.go(receive_one(c, trace, "ann again"));
    world.settle();
    bob.cancel();  // bob leaves from the middle of the queue
    for (int i : {1, 2, 3})
        CHECK(c.try_send(i) == try_status::done);
    world.settle();
    CHECK(trace.take() == test::lines{"ann 1", "eve 2", "ann again 3"});

    for (int i : {1, 2, 3})
        world.go(send_one(c, i, trace));
    world.settle();
    for (int i : {1, 2, 3}) {
        int n = 0;
        CHECK(c.try_receive(n) == try_status::done);
        CHECK(n == i);
    }
    world.settle();
    CHECK(trace.take() == test::lines{"sent 1", "sent 2", "sent 3"});
}

TEST_CASE("law 6: each value that was sent is received, buffered or reported "
          "undelivered, exactly once") {
    // Senders, receivers and cancellations at random; receivers are destroyed with
    // their context.
    for (unsigned seed = 0; seed < 40; ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        auto undelivered = heddle::detail::undelivered();
        int alive = tracked::alive();
        std::vector<int> sent, got;
        {
            heddle::channel<tracked> c(static_cast<int>(random() % 3));
            test::world senders;
            std::optional<test::world> receivers(std::in_place);
            std::vector<heddle::join_handle<>> tasks;
            for (int step = 0; step < 120; ++step) {
                switch (random() % 8) {
                case 0:
                case 1:
                case 2:
                    tasks.push_back(
                        senders.go([](heddle::sender<tracked> out, int n,
                                      std::vector<int>& ok) -> heddle::task<> {
                            tracked v(n);
                            co_await out.send(std::move(v));
                            CHECK(v.value() == -1);
                            ok.push_back(n);
                        }(c, step, sent)));
                    break;
                case 3:
                case 4:
                case 5:
                    tasks.push_back(
                        receivers->go([](heddle::receiver<tracked> in,
                                         std::vector<int>& to) -> heddle::task<> {
                            auto v = co_await in.receive();
                            to.push_back(v->value());
                        }(c, got)));
                    break;
                case 6:
                    if (!tasks.empty())
                        tasks[random() % tasks.size()].cancel();
                    break;
                default:
                    (random() % 2 ? senders : *receivers).settle();
                }
            }
            senders.settle();
            receivers.reset();  // some receivers have their value, but never ran
            senders.settle();
            auto lost = heddle::detail::undelivered() - undelivered;
            CHECK(sent.size() == got.size() + c.size() + lost);
            for (tracked v; c.try_receive(v) == try_status::done;)
                got.push_back(v.value());
            // Parked senders go on, as each value taken makes a place.
            senders.settle();
            for (tracked v; c.try_receive(v) == try_status::done;)
                got.push_back(v.value());
            senders.settle();
            std::sort(got.begin(), got.end());
            std::sort(sent.begin(), sent.end());
            CHECK(std::adjacent_find(got.begin(), got.end()) == got.end());
            CHECK(std::includes(sent.begin(), sent.end(), got.begin(), got.end()));
            CHECK(sent.size() == got.size() + lost);
        }
        CHECK(tracked::alive() == alive);
    }
}

TEST_CASE("law 7: the queues and the buffer never contradict each other") {
    for (unsigned seed = 0; seed < 20; ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        test::world world;
        heddle::channel<int> c(static_cast<int>(random() % 4));
        std::vector<heddle::join_handle<>> tasks;
        std::vector<int> got;
        for (int step = 0; step < 200; ++step) {
            int n = 0;
            switch (random() % 6) {
            case 0:
                tasks.push_back(world.go(send_range(c, 0, 3)));
                break;
            case 1:
                tasks.push_back(
                    world.go([](heddle::receiver<int> in) -> heddle::task<> {
                        co_await in.receive();
                        co_await in.receive();
                    }(c)));
                break;
            case 2:
                (void)c.try_send(1);
                break;
            case 3:
                (void)c.try_receive(n);
                break;
            case 4:
                if (!tasks.empty())
                    tasks[random() % tasks.size()].cancel();
                break;
            default:
                world.settle();
            }
            CHECK_FALSE((has_senders(c) && has_receivers(c)));
            CHECK_FALSE((has_receivers(c) && c.size() != 0));
            CHECK_FALSE((has_senders(c) && c.size() < c.capacity()));
            CHECK(c.size() <= c.capacity());
        }
        c.close();
        CHECK_FALSE((has_senders(c) || has_receivers(c)));
        for (auto& t : tasks)
            world.go([](heddle::join_handle<> h) -> heddle::task<> {
                try {
                    co_await h;
                } catch (const heddle::channel_closed&) {
                } catch (const heddle::cancelled&) {
                }
            }(std::move(t)));
        world.settle();
    }
}

TEST_CASE("law 8: a receive from a full buffer appends the parked sender's value") {
    test::world world;
    test::trace trace;
    heddle::channel<int> c(2);
    for (int i : {1, 2, 3, 4})
        world.go(send_one(c, i, trace));
    world.settle();
    CHECK(trace.take() == test::lines{"sent 1", "sent 2"});
    for (int i : {1, 2, 3, 4}) {
        int n = 0;
        CHECK(c.try_receive(n) == try_status::done);
        CHECK(n == i);
        CHECK(c.size() == static_cast<std::size_t>(std::min(2, 4 - i)));
    }
    world.settle();
    CHECK(trace.take() == test::lines{"sent 3", "sent 4"});
}

TEST_CASE(
    "law 9: size and capacity are exact while a channel is new, filled and drained") {
    for (int capacity : {0, 1, 3, 64}) {
        auto n = static_cast<std::size_t>(capacity);
        heddle::channel<int> c(capacity);
        CHECK(c.size() == 0);
        CHECK(c.capacity() == n);
        for (std::size_t round = 0; round < 3; ++round) {  // the ring wraps
            for (std::size_t i = 0; i < n; ++i) {
                CHECK(c.try_send(1) == try_status::done);
                CHECK(c.size() == i + 1);
            }
            CHECK(c.try_send(1) == try_status::would_block);
            CHECK(c.size() == n);
            int v = 0;
            for (std::size_t i = n; i > 0; --i) {
                CHECK(c.try_receive(v) == try_status::done);
                CHECK(c.size() == i - 1);
            }
            if (n > 1) {  // the start of the ring lies elsewhere then
                CHECK(c.try_send(1) == try_status::done);
                CHECK(c.try_receive(v) == try_status::done);
            }
        }
        CHECK(c.capacity() == n);
    }
}

TEST_CASE("law 10: a negative or overflowing capacity is an error") {
    constexpr auto huge = std::numeric_limits<std::size_t>::max();
    CHECK_THROWS_AS(heddle::channel<int>{-1}, std::length_error);
    CHECK_THROWS_AS(heddle::channel<int>{std::numeric_limits<long>::min()},
                    std::length_error);
    CHECK_THROWS_AS(heddle::channel<int>{huge}, std::length_error);
    CHECK_THROWS_AS(heddle::channel<int>{huge / sizeof(int) + 1}, std::length_error);
    CHECK_THROWS_AS(heddle::channel<std::string>{huge / sizeof(std::string) + 1},
                    std::length_error);
}

struct empty {};

TEST_CASE("law 11: empty types work at every capacity") {
    for (int capacity : {0, 1, 9}) {
        test::world world;
        heddle::channel<empty> c(capacity);
        heddle::channel<> signals(capacity);
        world.go([](heddle::channel<empty> a, heddle::channel<> b) -> heddle::task<> {
            for (int i = 0; i < 20; ++i) {
                co_await a.send(empty());
                co_await b.send();
            }
            a.close();
            b.close();
        }(c, signals));
        int n = 0, m = 0;
        world.go([](heddle::channel<empty> a, heddle::channel<> b, int& i,
                    int& j) -> heddle::task<> {
            while (co_await a.receive()) {
                ++i;
                if (co_await b.receive())
                    ++j;
            }
        }(c, signals, n, m));
        world.settle();
        CHECK(n == 20);
        CHECK(m == 20);
    }
}

TEST_SUITE_END();
