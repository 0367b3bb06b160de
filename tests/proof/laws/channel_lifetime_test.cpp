// SPDX-License-Identifier: BSL-1.0
// The laws about the lifetime of values in channels, 12 to 19. Law 15 and races are in
// stress/channel_stress.cpp.
#include <heddle/heddle.hpp>

#include "support/world.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <stdexcept>
#include <tuple>

namespace {

using heddle::try_status;
using test::tracked;

}  // namespace

TEST_SUITE_BEGIN("laws.channel_data");

namespace {

/// Returns how often a value is moved from a named variable to a named variable.
template <class Receive>
int moves(int capacity, bool receiver_first, Receive receive) {
    test::world world;
    heddle::channel<tracked> c(capacity);
    auto send = [](heddle::sender<tracked> out) -> heddle::task<> {
        tracked v(1);
        co_await out.send(std::move(v));
    };
    int before = tracked::moved();
    if (receiver_first)
        world.go(receive(c));
    world.settle();
    world.go(send(c));
    world.settle();
    if (!receiver_first)
        world.go(receive(c));
    world.settle();
    CHECK(world.live() == 0);
    return tracked::moved() - before;
}

heddle::task<> take_value(heddle::receiver<tracked> in) {
    auto v = co_await in.receive();
    CHECK(v->value() == 1);
}
heddle::task<> take_optional(heddle::receiver<tracked> in) {
    std::optional<tracked> v;
    co_await in.receive(v);
    CHECK(v->value() == 1);
}
heddle::task<> take_into(heddle::receiver<tracked> in) {
    tracked v;
    co_await in.receive(v);
    CHECK(v.value() == 1);
}
heddle::task<> take_by_select(heddle::receiver<tracked> in) {
    std::optional<tracked> v;
    co_await heddle::select(in.receive(v), heddle::this_task::done());
    CHECK(v->value() == 1);
}

}  // namespace

TEST_CASE("law 12: a value is moved twice from sender to receiver, three times through "
          "the buffer") {
    for (bool receiver_first : {false, true}) {
        CAPTURE(receiver_first);
        // With a receiver that waits, the value skips the buffer.
        int through = receiver_first ? 2 : 3;
        CHECK(moves(0, receiver_first, take_value) == 2);
        CHECK(moves(0, receiver_first, take_optional) == 2);
        CHECK(moves(0, receiver_first, take_by_select) == 2);
        CHECK(moves(1, receiver_first, take_value) == through);
        CHECK(moves(1, receiver_first, take_optional) == through);
        CHECK(moves(1, receiver_first, take_by_select) == through);
        CHECK(moves(0, receiver_first, take_into) == 2);
        CHECK(moves(1, receiver_first, take_into) == through);
    }
    heddle::channel<tracked> c(1);
    tracked a(1), b;
    int before = tracked::moved();
    CHECK(c.try_send(std::move(a)) == try_status::done);
    std::optional<tracked> got;
    CHECK(c.try_receive(got) == try_status::done);
    CHECK(tracked::moved() - before <= 3);
}

TEST_CASE(
    "law 13: a send that fails, or an arm that loses, leaves its argument unmoved") {
    test::world world;
    heddle::channel<std::unique_ptr<int>> full(1), closed, quiet;
    CHECK(full.try_send(nullptr) == try_status::done);
    closed.close();
    auto mine = std::make_unique<int>(1);
    CHECK(full.try_send(std::move(mine)) == try_status::would_block);
    CHECK(quiet.try_send(std::move(mine)) == try_status::would_block);
    CHECK(closed.try_send(std::move(mine)) == try_status::closed);
    CHECK(mine);
    using channel = heddle::channel<std::unique_ptr<int>>;
    world.go([](channel a, channel b, channel c) -> heddle::task<> {
        auto value = std::make_unique<int>(1);
        CHECK_THROWS_AS(co_await b.send(std::move(value)), heddle::channel_closed);
        CHECK(value);
        auto i = co_await heddle::select(a.send(std::move(value)),
                                         c.send(std::move(value)), heddle::otherwise);
        CHECK(i == 2);
        CHECK(value);
        i = co_await heddle::select(a.send(std::move(value)), c.send(std::move(value)),
                                    heddle::after(std::chrono::seconds(0)));
        CHECK(i == 2);
        CHECK(value);
    }(full, closed, quiet));
    world.settle();
    CHECK(world.live() == 0);
}

namespace {

/// Its move does not throw; each copy may throw.
class brittle {
public:
    explicit brittle(int n) : n_(n) {
        if (n < 0)
            throw std::runtime_error("made of nothing");
    }
    brittle(const brittle& o) : n_(o.n_) {
        if (copies_left-- == 0)
            throw std::runtime_error("no copy");
    }
    brittle(brittle&& o) noexcept : n_(o.n_) {}
    brittle& operator=(brittle&& o) {
        if (copies_left-- == 0)
            throw std::runtime_error("no assignment");
        n_ = o.n_;
        return *this;
    }
    int value() const { return n_; }

    static inline int copies_left = 0;

private:
    int n_;
};

}  // namespace

TEST_CASE("law 14: an exception of a copy or constructor reaches only its caller") {
    test::world world;
    heddle::channel<brittle> c(1);
    world.go([](heddle::channel<brittle> ch) -> heddle::task<> {
        const brittle mine(1);
        brittle::copies_left = 0;
        CHECK_THROWS_AS(co_await ch.send(mine), std::runtime_error);
        brittle::copies_left = 0;
        CHECK_THROWS_AS((void)ch.try_send(mine), std::runtime_error);
        CHECK_THROWS_AS(co_await ch.emplace(-1), std::runtime_error);
        CHECK(ch.size() == 0);
        brittle::copies_left = 0;
        CHECK_THROWS_AS(
            co_await heddle::select(ch.send(mine), heddle::this_task::done()),
            std::runtime_error);
        CHECK(ch.size() == 0);
        brittle::copies_left = -1;
        co_await ch.send(mine);
        CHECK(ch.size() == 1);
    }(c));
    world.settle();
    CHECK(world.live() == 0);
}

TEST_CASE(
    "law 14: an exception of an assignment reaches the receiver, not the sender") {
    test::world world;
    heddle::channel<brittle> c;
    world.go([](heddle::receiver<brittle> in) -> heddle::task<> {
        brittle to(0);
        brittle::copies_left = 0;
        CHECK_THROWS_AS(co_await in.receive(to), std::runtime_error);
        CHECK(to.value() == 0);
        CHECK(co_await in.receive(to));
        CHECK(to.value() == 2);
    }(c));
    bool sent = false;
    world.go([](heddle::sender<brittle> out, bool& both) -> heddle::task<> {
        co_await out.emplace(1);
        co_await out.emplace(2);
        both = true;
    }(c, sent));
    world.settle();
    CHECK(sent);
    CHECK(world.live() == 0);
}

TEST_CASE("law 16: a consumed slot keeps nothing of its value") {
    heddle::channel<std::shared_ptr<int>> c(4);
    std::weak_ptr<int> seen;
    {
        auto value = std::make_shared<int>(1);
        seen = value;
        CHECK(c.try_send(std::move(value)) == try_status::done);
    }
    CHECK_FALSE(seen.expired());
    std::optional<std::shared_ptr<int>> got;
    CHECK(c.try_receive(got) == try_status::done);
    got.reset();
    CHECK(seen.expired());

    int alive = tracked::alive();
    heddle::channel<tracked> t(4);
    CHECK(t.try_send(tracked(1)) == try_status::done);
    CHECK(t.try_send(tracked(2)) == try_status::done);
    CHECK(tracked::alive() == alive + 2);
    {
        std::optional<tracked> v;
        CHECK(t.try_receive(v) == try_status::done);
    }
    CHECK(tracked::alive() == alive + 1);  // no moved-from value is left either
}

TEST_CASE(
    "law 17: the values left in a buffer are destroyed once, with the last handle") {
    int alive = tracked::alive();
    for (int filled : {0, 1, 3, 4})
        for (bool close : {false, true}) {
            heddle::channel<tracked> c(4);
            for (int i = 0; i < 3; ++i) {  // the ring does not start at its first slot
                tracked v;
                CHECK(c.try_send(tracked(i)) == try_status::done);
                CHECK(c.try_receive(v) == try_status::done);
            }
            for (int i = 0; i < filled; ++i)
                CHECK(c.try_send(tracked(i)) == try_status::done);
            if (close)
                c.close();
            heddle::receiver<tracked> last = c;
            c = nullptr;
            CHECK(tracked::alive() == alive + filled);
            last = nullptr;
            CHECK(tracked::alive() == alive);
        }
}

TEST_CASE("law 17: the frames of parked tasks may hold the last handles") {
    int alive = tracked::alive();
    {
        test::world world;
        heddle::channel<tracked> c(1);
        for (int i = 0; i < 3; ++i)
            world.go([](heddle::sender<tracked> out, int n) -> heddle::task<> {
                tracked v(n);
                co_await out.send(std::move(v));
                co_await out.send(std::move(v));
            }(c, i));
        world.settle();
    }
    CHECK(tracked::alive() == alive);
}

TEST_CASE(
    "law 74: a channel lives as long as a task waits in it, and is freed after that") {
    for (bool dies : {false, true}) {
        CAPTURE(dies);
        heddle::channel<int> next;
        heddle::done_source stop;
        {
            test::world world;
            heddle::channel<int> c;
            world.go(heddle::with_done(stop.token(),
                                       [](heddle::channel<int>& in) -> heddle::task<> {
                                           (void)co_await in.receive();
                                       }(c)));
            world.settle();
            c = nullptr;
            // This channel would get the memory of c if that were free.
            next = heddle::channel<int>();
            world.go(
                [](heddle::channel<int> in) -> heddle::task<> {
                    auto v = co_await in.receive();
                    CHECK(v == 7);
                },
                next);
            world.settle();
            CHECK(world.live() == 2);
            if (!dies) {
                stop.close();
                world.settle();
                CHECK(world.live() == 1);
                CHECK(next.try_send(7) == try_status::done);
                world.settle();
                CHECK(world.live() == 0);
            }
        }
        CHECK(next.try_send(1) == try_status::would_block);
    }
}

namespace {

/// Its destructor uses the channel that it is sent on.
struct meddler {
    explicit meddler(heddle::channel<meddler> c, int& calls)
        : home(std::move(c)), count(&calls) {}
    meddler(meddler&& o) noexcept
        : home(std::move(o.home)), count(std::exchange(o.count, nullptr)) {}
    meddler& operator=(meddler&& o) noexcept {
        std::swap(home, o.home);
        std::swap(count, o.count);
        return *this;
    }
    ~meddler() {
        if (!count)
            return;  // moved from
        ++*count;
        (void)home.size();
        (void)home.try_send(meddler(nullptr, nobody()));
        home.name("met");
        (void)home.try_close();
    }
    struct nobody {};
    meddler(heddle::channel<meddler> c, nobody) noexcept : home(std::move(c)) {}

    heddle::channel<meddler> home;
    int* count = nullptr;
};

heddle::task<> drop_all(heddle::channel<meddler> c) {
    std::optional<meddler> v;
    co_await c.receive(v);  // destroys nothing yet
    co_await c.receive(v);  // destroys the first value
    co_await heddle::select(c.receive(std::ignore));
}

}  // namespace

TEST_CASE("law 18: a value's destructor may use the channel that carried the value") {
    // If the library held the channel's lock, this call would deadlock where locks are
    // not elided.
    int calls = 0;
    {
        test::world world;
        heddle::channel<meddler> c(3);
        for (int i = 0; i < 3; ++i)
            CHECK(c.try_send(meddler(c, calls)) == try_status::done);
        world.go(drop_all(c));
        world.settle();
        CHECK(world.live() == 0);
        CHECK(c.closed());
        CHECK(calls == 3);

        heddle::channel<meddler> d(2);  // the same without tasks
        CHECK(d.try_send(meddler(d, calls)) == try_status::done);
        CHECK(d.try_send(meddler(d, calls)) == try_status::done);
        std::optional<meddler> v;
        CHECK(d.try_receive(v) == try_status::done);
        CHECK(d.try_receive(v) == try_status::done);
        CHECK(calls == 4);
        v.reset();
        CHECK(calls == 5);
        c = nullptr;
        d = nullptr;
    }
    CHECK(calls == 5);
}

TEST_CASE("law 19: a hand-off writes only into its receiver, even if the receiver is "
          "about to be destroyed") {
    // The receiver is claimed and has its value, but its context ends before it runs.
    // The frame that the value was written to is destroyed with it; the sanitizers
    // watch.
    int alive = tracked::alive();
    heddle::channel<tracked> c;
    {
        std::optional<test::world> receivers(std::in_place);
        std::optional<tracked> outside;
        receivers->go([](heddle::receiver<tracked> in,
                         std::optional<tracked>& to) -> heddle::task<> {
            co_await in.receive(to);
        }(c, outside));
        receivers->settle();
        CHECK(c.try_send(tracked(1)) == try_status::done);
        CHECK_FALSE(outside);  // the receiver writes it when it runs, not the sender
        receivers.reset();
        CHECK_FALSE(outside);
        CHECK(c.try_send(tracked(2)) == try_status::would_block);
    }
    CHECK(tracked::alive() == alive);
}

TEST_CASE("law 19: a channel may be freed before the tasks that waited in it run again "
          "or are destroyed") {
    // A context that ends may first destroy the frame that holds the handle.
    auto wait = [](std::vector<const heddle::channel<int>*> all) -> heddle::task<> {
        std::vector<std::optional<int>> to(all.size());
        std::vector<heddle::receive_op<int>> arms;
        for (std::size_t i = 0; i < all.size(); ++i)
            arms.push_back(all[i]->receive(to[i]));
        if (arms.size() == 1)
            co_await arms[0];
        else
            co_await heddle::select(arms);
    };
    for (int arms : {1, 2})
        for (bool close : {false, true})
            for (bool send : {false, true})
                for (bool run : {false, true}) {
                    CAPTURE(arms);
                    CAPTURE(close);
                    CAPTURE(send);
                    CAPTURE(run);
                    test::world world;
                    std::optional<heddle::channel<int>> a(std::in_place),
                        b(std::in_place);
                    std::vector<const heddle::channel<int>*> all{&*a};
                    if (arms == 2)
                        all.push_back(&*b);
                    world.go(wait, all);
                    world.settle();
                    if (send)
                        CHECK(a->try_send(1) == try_status::done);
                    if (close) {  // close pops each waiter, whether it has been claimed or not
                        b->close();
                        a->close();
                    }
                    a.reset();
                    b.reset();
                    if (run)
                        world.settle();
                    CHECK(world.live() == (run && (send || close) ? 0 : 1));
                }
}

TEST_SUITE_END();
