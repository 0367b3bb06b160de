// SPDX-License-Identifier: BSL-1.0
// The checker accepts exactly the histories that are possible. It checks the histories
// of threads in proof/stress/history_stress.cpp.
#include "support/history.hpp"

#include <doctest/doctest.h>

namespace {

using test::attempt;
using test::event;

attempt send(int v, std::size_t channel = 0) { return {attempt::send, channel, v}; }
attempt receive(std::size_t channel = 0) { return {attempt::receive, channel}; }
attempt close(std::size_t channel = 0) { return {attempt::close, channel}; }

event done(std::uint64_t from, std::uint64_t to, attempt a) {
    return {{a}, from, to, event::happened, 0, {}};
}
event got(std::uint64_t from, std::uint64_t to, int v, std::size_t channel = 0) {
    return {{receive(channel)}, from, to, event::happened, 0, v};
}
event ended(event::ending how, std::uint64_t from, std::uint64_t to, attempt a) {
    return {{a}, from, to, how, 0, {}};
}

bool can_be(std::size_t capacity, std::vector<event> history) {
    return test::linearizability({capacity, capacity}, std::move(history)).holds();
}

}  // namespace

TEST_SUITE_BEGIN("history");

TEST_CASE("a value is received after or while it is sent, but not before") {
    for (std::size_t capacity : {1u, 2u}) {
        CHECK(can_be(capacity, {done(1, 2, send(7)), got(3, 4, 7)}));
        CHECK(can_be(capacity, {done(1, 4, send(7)), got(2, 3, 7)}));
        CHECK_FALSE(can_be(capacity, {got(1, 2, 7), done(3, 4, send(7))}));
    }
    // On an unbuffered channel the two must overlap.
    CHECK(can_be(0, {done(1, 4, send(7)), got(2, 3, 7)}));
    CHECK_FALSE(can_be(0, {done(1, 2, send(7)), got(3, 4, 7)}));
    CHECK_FALSE(can_be(0, {done(1, 2, send(7))}));
}

TEST_CASE("no value is received twice, or without a send, and none is lost") {
    for (std::size_t capacity : {0u, 1u, 2u}) {
        CHECK_FALSE(
            can_be(capacity, {done(1, 9, send(7)), got(2, 8, 7), got(3, 7, 7)}));
        CHECK_FALSE(can_be(capacity, {done(1, 9, send(7)), got(2, 8, 8)}));
        CHECK_FALSE(can_be(capacity, {got(2, 8, 7)}));
    }
    // The value was sent and buffered, but the drained channel has ended without it.
    CHECK_FALSE(
        can_be(1, {done(1, 2, send(7)), done(3, 4, close()), done(5, 6, receive())}));
    CHECK(can_be(1, {done(1, 2, send(7)), done(3, 4, close()), got(5, 6, 7),
                     done(7, 8, receive())}));
}

TEST_CASE("values are first in, first out, where the order is known") {
    CHECK(can_be(
        2, {done(1, 2, send(1)), done(3, 4, send(2)), got(5, 6, 1), got(7, 8, 2)}));
    CHECK_FALSE(can_be(
        2, {done(1, 2, send(1)), done(3, 4, send(2)), got(5, 6, 2), got(7, 8, 1)}));
    CHECK(can_be(
        2, {done(1, 4, send(1)), done(2, 3, send(2)), got(5, 6, 2), got(7, 8, 1)}));
    CHECK(can_be(
        2, {done(1, 2, send(1)), done(3, 4, send(2)), got(5, 8, 2), got(6, 7, 1)}));
}

TEST_CASE("no more values are buffered than the capacity") {
    CHECK(can_be(2, {done(1, 2, send(1)), done(3, 4, send(2))}));
    CHECK_FALSE(can_be(1, {done(1, 2, send(1)), done(3, 4, send(2))}));
    CHECK_FALSE(can_be(1, {done(1, 4, send(1)), done(2, 3, send(2))}));
    CHECK(can_be(1, {done(1, 2, send(1)), done(3, 6, send(2)), got(4, 5, 1)}));
}

TEST_CASE("a channel is closed once, and for ever") {
    for (std::size_t capacity : {0u, 1u}) {
        CHECK_FALSE(can_be(capacity, {done(1, 2, close()), done(3, 4, close())}));
        CHECK(can_be(capacity,
                     {done(1, 2, close()), ended(event::refused, 3, 4, close())}));
        CHECK_FALSE(can_be(capacity, {ended(event::refused, 1, 2, close())}));
        CHECK_FALSE(
            can_be(capacity, {done(1, 2, close()), done(3, 6, send(1)), got(4, 5, 1)}));
        CHECK(can_be(capacity,
                     {done(1, 4, close()), ended(event::refused, 2, 3, send(1))}));
        CHECK_FALSE(can_be(
            capacity, {ended(event::refused, 1, 2, send(1)), done(3, 4, close())}));
        CHECK_FALSE(can_be(capacity, {done(1, 2, receive()), done(3, 4, close())}));
    }
}

TEST_CASE("an operation reports not ready only if nothing is") {
    auto none = [](attempt a) { return ended(event::not_ready, 3, 4, a); };
    CHECK(can_be(1, {none(receive())}));
    CHECK_FALSE(can_be(1, {done(1, 2, send(7)), none(receive())}));
    CHECK_FALSE(can_be(1, {none(send(7))}));
    CHECK(can_be(1, {done(1, 2, send(7)), none(send(8))}));
    CHECK(can_be(0, {none(receive())}));
    CHECK(can_be(0, {none(send(7))}));
    for (std::size_t capacity : {0u, 1u}) {
        CHECK_FALSE(can_be(capacity, {done(1, 2, close()), none(receive())}));
        CHECK_FALSE(can_be(capacity, {done(1, 2, close()), none(send(7))}));
    }
}

TEST_CASE("only the arm of a select that happened has an effect") {
    auto either = [](std::size_t arm, std::optional<int> v) {
        return event{{send(1, 0), receive(1)}, 3, 4, event::happened, arm, v};
    };
    CHECK(can_be(1, {either(0, {}), got(5, 6, 1, 0)}));
    CHECK_FALSE(can_be(1, {done(1, 2, send(2, 1)), either(1, 2), got(5, 6, 1, 0)}));
    CHECK(can_be(1, {done(1, 2, send(2, 1)), either(1, 2)}));
    CHECK_FALSE(can_be(1, {done(1, 2, send(2, 1)), either(1, 3)}));
    // otherwise: at one instant both are not ready
    event none{{send(1, 0), receive(1)}, 3, 4, event::not_ready, 0, {}};
    CHECK_FALSE(can_be(1, {none}));
    CHECK(can_be(1, {done(1, 2, send(9, 0)), none}));
    CHECK_FALSE(can_be(1, {done(1, 2, send(9, 0)), done(1, 2, send(9, 1)), none}));
    // a value that wanders is always in some channel
    CHECK_FALSE(can_be(1, {done(0, 1, send(5, 1)), none, got(6, 7, 5, 1)}));
}

TEST_CASE("a cancelled operation has not happened") {
    event gone = ended(event::cancelled, 1, 2, send(7));
    CHECK(can_be(1, {gone}));
    CHECK_FALSE(can_be(1, {gone, got(3, 4, 7)}));
}

TEST_CASE("the check of a history of 64 operations ends in time") {
    std::vector<event> all;
    for (std::uint64_t i = 0; i < 32; ++i) {
        all.push_back(done(1, 100, send(static_cast<int>(i))));
        all.push_back(got(1, 100, static_cast<int>(i)));
    }
    test::linearizability sound({3}, all);
    CHECK(sound.holds());
    CHECK(sound.states() <= 1000);
}

TEST_SUITE_END();
