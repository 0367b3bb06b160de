// SPDX-License-Identifier: BSL-1.0
// The promises of permits, and of a receive of many values.
#include <heddle/channel.hpp>

#include "support/ending.hpp"
#include "support/tasks.hpp"
#include "support/world.hpp"

#include <doctest/doctest.h>

#include <deque>
#include <functional>
#include <list>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using heddle::channel;
using heddle::permit;
using heddle::task;
using heddle::try_status;
using std::ref;
using test::lines;
using test::trace;
using test::tracked;
using test::world;

task<> reserve_one(channel<int> c, permit<int>& to, trace& t, std::string name) {
    std::string how = co_await test::ending(c.reserve(to));
    t(name + ": " + how);
}

task<> send_one(heddle::sender<int> out, int v, trace& t, std::string name) {
    std::string how = co_await test::ending(out.send(v));
    t(name + ": " + how);
}

task<> receive_one(heddle::receiver<int> in, trace& t, std::string name) {
    auto v = co_await in.receive();
    t(name + ": " + (v ? std::to_string(*v) : "closed"));
}

task<> reserve_and_send(channel<int> c, int v) {
    auto room = co_await c.reserve();
    room.send(v);
}

task<> reserve_and_wait(channel<int> c) {
    auto room = co_await c.reserve();
    co_await heddle::event().wait();
}

task<> reserve_or(channel<int> c, permit<int>& to, heddle::event& other, trace& t) {
    t(co_await heddle::select(c.reserve(to), other.wait()) == 0 ? "room" : "other");
}

task<> receive_some(heddle::receiver<int> in, std::vector<int>& to, std::size_t most,
                    trace& t) {
    std::size_t n = co_await in.receive_many(to, most);
    t("got " + std::to_string(n));
}

task<> receive_some_or(heddle::receiver<int> in, std::vector<int>& to,
                       heddle::event& other, trace& t) {
    t(co_await heddle::select(in.receive_many(to, 10), other.wait()) == 0 ? "some"
                                                                          : "other");
}

}  // namespace

TEST_SUITE_BEGIN("permit");

TEST_CASE("a permit keeps room for one value: its send never waits") {
    world w;
    trace t;
    channel<int> c(2);
    auto room = c.try_reserve();
    REQUIRE(room);
    CHECK(c.try_send(1) == try_status::done);
    CHECK(c.try_send(2) == try_status::would_block);
    CHECK_FALSE(c.try_reserve());
    room.send(3);
    CHECK_FALSE(room);
    CHECK(c.size() == 2);
    std::optional<int> v;
    CHECK(c.try_receive(v) == try_status::done);
    CHECK(v == 1);
    CHECK(c.try_receive(v) == try_status::done);
    CHECK(v == 3);
}

TEST_CASE("reserve waits for room, in order of arrival with the sends") {
    world w;
    trace t;
    channel<int> c(1);
    permit<int> room;
    CHECK(c.try_send(0) == try_status::done);
    w.go(send_one, c, 1, ref(t), "ann");
    w.go(reserve_one, c, ref(room), ref(t), "bob");
    w.go(send_one, c, 2, ref(t), "cid");
    w.settle();
    CHECK(t.take().empty());
    std::optional<int> v;
    CHECK(c.try_receive(v) == try_status::done);
    w.settle();
    CHECK(t.take() == lines{"ann: ok"});
    CHECK(c.try_receive(v) == try_status::done);
    w.settle();
    CHECK(t.take() == lines{"bob: ok"});
    CHECK(c.try_receive(v) == try_status::done);  // cid's goes from hand to hand
    CHECK(v == 2);
    w.settle();
    CHECK(t.take() == lines{"cid: ok"});
    CHECK(c.try_receive(v) == try_status::would_block);
    room.send(9);
    CHECK(c.try_receive(v) == try_status::done);
    CHECK(v == 9);
}

TEST_CASE("a permit's value goes to a receiver that waits") {
    world w;
    trace t;
    channel<int> c(1);
    auto room = c.try_reserve();
    w.go(receive_one, c, ref(t), "ann");
    w.go(send_one, c, 1, ref(t), "bob");
    w.settle();
    CHECK(t.take() == lines{"bob: ok", "ann: 1"});
    w.go(receive_one, c, ref(t), "cid");
    w.settle();
    room.send(2);
    CHECK(t.take().empty());  // nobody resumes inside send()
    w.settle();
    CHECK(t.take() == lines{"cid: 2"});
}

TEST_CASE("a permit that is dropped lets in who has waited longest") {
    world w;
    trace t;
    channel<int> c(1);
    permit<int> other;
    {
        auto room = c.try_reserve();
        SUBCASE("a send") { w.go(send_one, c, 1, ref(t), "ann"); }
        SUBCASE("a reserve") { w.go(reserve_one, c, ref(other), ref(t), "ann"); }
        w.settle();
        CHECK(t.take().empty());
    }
    w.settle();
    CHECK(t.take() == lines{"ann: ok"});
    CHECK(c.try_send(5) == try_status::would_block);
}

TEST_CASE("a reserve that is cancelled, or loses its select, keeps no room") {
    world w;
    trace t;
    channel<int> c(1);
    permit<int> room;
    heddle::event other;
    CHECK(c.try_send(0) == try_status::done);
    SUBCASE("cancelled") {
        auto ann = w.go(reserve_one, c, ref(room), ref(t), "ann");
        w.settle();
        ann.cancel();
        w.settle();
        CHECK(t.take() == lines{"ann: cancelled: closed"});
    }
    SUBCASE("loses") {
        w.go(reserve_or, c, ref(room), ref(other), ref(t));
        w.settle();
        other.set();
        w.settle();
        CHECK(t.take() == lines{"other"});
    }
    std::optional<int> v;
    CHECK(c.try_receive(v) == try_status::done);
    CHECK_FALSE(room);
    CHECK(c.try_reserve());
}

TEST_CASE(
    "room that was given to a task that is destroyed before it runs is given on") {
    trace t;
    channel<int> c(1);
    CHECK(c.try_send(0) == try_status::done);
    world survivor;
    {
        world w;
        permit<int> room;
        w.go(reserve_one, c, ref(room), ref(t), "ann");
        w.settle();
        survivor.go(send_one, c, 1, ref(t), "bob");
        survivor.settle();
        std::optional<int> v;
        CHECK(c.try_receive(v) == try_status::done);
    }
    survivor.settle();
    CHECK(t.take() == lines{"bob: ok"});
}

TEST_CASE(
    "a permit in the frame of a task is given back with the frame, in any order of "
    "destruction") {
    trace t;
    world survivor;
    channel<int> c(1);
    {
        world w;
        w.go(reserve_and_wait, c);
        w.settle();
        CHECK(c.try_send(1) == try_status::would_block);
    }
    CHECK(c.try_send(1) == try_status::done);
    permit<int> last;
    {
        channel<int> gone(1);
        last = gone.try_reserve();
    }
    last.send(1);  // the permit keeps the channel
}

TEST_CASE("closed: reserve and send are refused, and the value is still the caller's") {
    world w;
    trace t;
    channel<tracked> c(1);
    auto room = c.try_reserve();
    c.close();
    tracked v(7);
    CHECK_THROWS_AS(room.send(std::move(v)), heddle::channel_closed);
    CHECK(v.value() == 7);
    CHECK_FALSE(c.try_reserve());
    channel<int> full(1);
    CHECK(full.try_send(1) == try_status::done);
    permit<int> other;
    w.go(reserve_one, full, ref(other), ref(t), "ann");
    w.settle();
    full.close();
    w.settle();
    CHECK(test::contains(t.take().at(0), "ann: heddle: send on a closed channel"));
    CHECK_FALSE(other);
}

TEST_CASE("reserve on an unbuffered channel, and a send by an empty permit, are logic_"
          "errors; on nil a reserve lasts for ever") {
    channel<int> c, nil(nullptr);
    CHECK_THROWS_WITH_AS((void)c.reserve(), doctest::Contains("unbuffered"),
                         std::logic_error);
    CHECK_THROWS_AS((void)c.try_reserve(), std::logic_error);
    permit<int> none;
    CHECK_THROWS_WITH_AS(none.send(1), doctest::Contains("empty permit"),
                         std::logic_error);
    CHECK_FALSE(nil.try_reserve());
    world w;
    trace t;
    w.go(reserve_one, nil, ref(none), ref(t), "ann");
    w.settle();
    CHECK(t.take().empty());
}

TEST_CASE("a permit of a channel that drops keeps no room, and its send drops") {
    channel<int> c(1, heddle::drop_oldest);
    auto a = c.try_reserve(), b = c.try_reserve();
    CHECK(a);
    CHECK(b);
    a.send(1);
    b.send(2);
    CHECK(c.dropped() == 1);
    std::optional<int> v;
    CHECK(c.try_receive(v) == try_status::done);
    CHECK(v == 2);
}

TEST_CASE("a task reserves, and then sends what it makes") {
    world w;
    channel<int> c(1);
    std::vector<int> got;
    for (int i = 0; i < 5; ++i)
        w.go(reserve_and_send, c, i);
    w.go(test::collect, c, ref(got));
    w.settle();
    CHECK(got == test::numbers(5));
    c.close();
    w.settle();
}

// -- receive_many -------------------------------------------------------------------

TEST_CASE("receive_many waits for one value, and takes those that are there") {
    world w;
    trace t;
    channel<int> c(8);
    std::vector<int> got;
    w.go(receive_some, c, ref(got), 3, ref(t));
    w.settle();
    CHECK(t.take().empty());
    for (int i = 0; i < 5; ++i)
        CHECK(c.try_send(i) == try_status::done);
    w.settle();
    CHECK(t.take() == lines{"got 3"});
    CHECK(got == test::numbers(3));
    w.go(receive_some, c, ref(got), 100, ref(t));
    w.settle();
    CHECK(t.take() == lines{"got 2"});
    CHECK(got == test::numbers(5));  // appended
}

TEST_CASE("receive_many takes the values of senders that wait, whom it wakes") {
    world w;
    trace t;
    channel<int> c;
    std::vector<int> got;
    for (int i = 0; i < 20; ++i)
        w.go(send_one, c, i, ref(t), "");
    w.settle();
    w.go(receive_some, c, ref(got), 1000, ref(t));
    w.settle();
    CHECK(got == test::numbers(20));
    CHECK(t.take().size() == 21);
}

TEST_CASE("receive_many gives 0 when the channel is closed and drained") {
    world w;
    trace t;
    channel<int> c(2);
    std::vector<int> got;
    CHECK(c.try_send(0) == try_status::done);
    c.close();
    w.go(receive_some, c, ref(got), 5, ref(t));
    w.settle();
    w.go(receive_some, c, ref(got), 5, ref(t));
    w.settle();
    CHECK(t.take() == lines{"got 1", "got 0"});
    CHECK(got.size() == 1);
}

TEST_CASE("receive_many is an arm, and one that loses has taken nothing") {
    world w;
    trace t;
    channel<int> c(4);
    heddle::event other;
    std::vector<int> got;
    w.go(receive_some_or, c, ref(got), ref(other), ref(t));
    w.settle();
    CHECK(c.try_send(0) == try_status::done);
    CHECK(c.try_send(1) == try_status::done);
    w.settle();
    CHECK(t.take() == lines{"some"});
    CHECK(got == test::numbers(2));
    w.go(receive_some_or, c, ref(got), ref(other), ref(t));
    w.settle();
    other.set();
    CHECK(c.try_send(2) == try_status::done);
    w.settle();
    CHECK(t.take() == lines{"other"});
    CHECK(got.size() == 2);
    CHECK(c.size() == 1);
}

namespace {

template <class Container>
task<> receive_into(channel<int> c, Container& to, std::size_t most, trace& t) {
    std::string how;
    try {
        std::size_t n = co_await c.receive_many(to, most);
        how = "got " + std::to_string(n);
    } catch (const heddle::cancelled&) {
        how = "cancelled";
    }
    t(how);
}

/// A vector with room of its own, as small vectors have: it has what receive_many needs
/// of a container, and nothing else.
class four_numbers {
public:
    using value_type = int;
    std::size_t size() const { return size_; }
    std::size_t capacity() const { return 4; }
    void reserve(std::size_t n) {
        if (n > 4)
            throw std::length_error("four_numbers");
    }
    void push_back(int&& n) { numbers_[size_++] = n; }
    int operator[](std::size_t i) const { return numbers_[i]; }

private:
    int numbers_[4] = {};
    std::size_t size_ = 0;
};

template <class Container>
void check_receive_many() {
    world w;
    trace t;
    channel<int> c(8);
    Container got{7};
    w.go(receive_into<Container>, c, ref(got), 3, ref(t));
    w.settle();
    for (int i = 0; i < 5; ++i)
        CHECK(c.try_send(i) == try_status::done);
    w.settle();
    CHECK(t.take() == lines{"got 3"});
    CHECK(got == Container{7, 0, 1, 2});
    w.go(receive_into<Container>, c, ref(got), 100, ref(t));
    w.settle();
    CHECK(t.take() == lines{"got 2"});
    CHECK(got == Container{7, 0, 1, 2, 3, 4});

    auto stopped = w.go(receive_into<Container>, c, ref(got), 100, ref(t));
    w.settle();
    stopped.cancel();
    w.settle();
    CHECK(t.take() == lines{"cancelled"});
    w.go(receive_into<Container>, c, ref(got), 100, ref(t));
    w.settle();
    c.close();
    w.settle();
    CHECK(t.take() == lines{"got 0"});
    CHECK(got.size() == 6);
}

}  // namespace

TEST_CASE("receive_many appends to any container of the values: vector, deque, list") {
    check_receive_many<std::vector<int>>();
    check_receive_many<std::deque<int>>();
    check_receive_many<std::list<int>>();
}

TEST_CASE("receive_many takes as many values as the container has room for, and throws "
          "before it waits if that is none") {
    world w;
    trace t;
    channel<int> c(8);
    for (int i = 0; i < 6; ++i)
        CHECK(c.try_send(i) == try_status::done);
    four_numbers got;
    w.go(receive_into<four_numbers>, c, ref(got), 100, ref(t));
    w.settle();
    CHECK(t.take() == lines{"got 4"});
    CHECK(got[3] == 3);
    w.go(
        [](channel<int> from, four_numbers& to, trace& log) -> task<> {
            log(co_await test::ending(from.receive_many(to, 1)));
        },
        c, ref(got), ref(t));
    w.settle();
    CHECK(t.take() == lines{"four_numbers"});
    CHECK(c.size() == 2);
}

TEST_CASE("receive_many takes the values of senders that wait into a list, and wakes "
          "them") {
    world w;
    trace t;
    channel<int> c;
    std::list<int> got;
    for (int i = 0; i < 20; ++i)
        w.go(send_one, c, i, ref(t), "");
    w.settle();
    w.go(receive_into<std::list<int>>, c, ref(got), 1000, ref(t));
    w.settle();
    CHECK(std::vector<int>(got.begin(), got.end()) == test::numbers(20));
    CHECK(t.take().size() == 21);
}

TEST_CASE("receive_many of a select that is kept makes its room anew in each wait") {
    auto main = []() -> task<> {
        channel<int> c(4);
        heddle::channel<> never;
        std::vector<int> got;
        auto either =
            heddle::select(c.receive_many(got, 4), never.receive(std::ignore));
        for (int turn = 0; turn < 3; ++turn) {
            co_await c.send(turn);
            std::size_t arm = co_await either;
            CHECK(arm == 0);
            CHECK(got == std::vector{turn});
            got = std::vector<int>();
        }
    };
    test::run_virtual(main());
}

TEST_CASE("receive_many of no values is refused, and says so") {
    channel<int> c(1);
    std::vector<int> got;
    CHECK_THROWS_WITH_AS((void)c.receive_many(got, 0),
                         doctest::Contains("receive_many(to, 0)"),
                         std::invalid_argument);
}

TEST_SUITE_END();
