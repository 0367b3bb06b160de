// SPDX-License-Identifier: BSL-1.0
// The README's example of a user's test.
#include <heddle/heddle.hpp>
#include <heddle/testing.hpp>

#include <doctest/doctest.h>

using namespace std::chrono_literals;

namespace {

heddle::task<std::optional<int>> ask(heddle::sender<int> requests,
                                     heddle::receiver<int> replies) {
    co_await requests.send(1);
    std::optional<int> answer;
    co_await heddle::select(replies.receive(answer), heddle::after(1s));
    co_return answer;
}

}  // namespace

TEST_SUITE_BEGIN("example");

TEST_CASE("a request without an answer is given up after a second") {
    heddle::testing::world world;  // virtual time, a schedule made from a seed
    heddle::channel<int> requests(1), replies;
    auto start = world.now();
    CHECK_FALSE(world.run(ask(requests, replies)).has_value());
    CHECK(world.now() - start == 1s);  // exactly, and without waiting for it
}

TEST_CASE("an answer arrives or was not sent, in every schedule") {
    auto all = heddle::testing::explore("ask", []() -> heddle::task<> {
        heddle::channel<int> requests, replies;
        auto asked = heddle::go(ask, requests, replies);
        auto request = co_await requests.receive();
        auto arm = co_await heddle::select(replies.send(*request), heddle::after(1s));
        auto answer = co_await asked;
        if (answer.has_value() != (arm == 0))
            throw std::logic_error("sent, and lost");
    });
    CHECK(all.complete);  // every schedule was run
}

TEST_SUITE_END();
