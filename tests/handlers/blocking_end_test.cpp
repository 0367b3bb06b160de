// SPDX-License-Identifier: BSL-1.0
// A context whose end waits for a function of go_blocking says so on stderr.
#include <heddle/heddle.hpp>

#include "support/latch.hpp"

#include <doctest/doctest.h>

#include <array>
#include <memory>
#include <string>

#include <unistd.h>

TEST_SUITE_BEGIN("blocking.end.threads");

TEST_CASE("the end of a context says after a second for how many functions it waits") {
    std::array<int, 2> ends{};
    REQUIRE(pipe(ends.data()) == 0);
    int before = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    std::string said;
    // The function ends when it has read that line: it would hang if there were none.
    auto wait_for_line = [&said, from = ends[0]](std::shared_ptr<test::latch> begun) {
        begun->count_down();
        char c = 0;
        while (read(from, &c, 1) == 1 && c != '\n')
            said += c;
    };
    auto begun = std::make_shared<test::latch>(1);
    heddle::run([&]() -> heddle::task<> {
        heddle::go(heddle::go_blocking(wait_for_line, begun));
        co_await heddle::go_blocking([&] { begun->wait(); });
    }());
    dup2(before, STDERR_FILENO);
    for (int each : {before, ends[0], ends[1]})
        close(each);
    CHECK(said ==
          "heddle: an execution context that ends waits for 1 function of go_blocking");
}

TEST_SUITE_END();
