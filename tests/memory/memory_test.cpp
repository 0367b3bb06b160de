// SPDX-License-Identifier: BSL-1.0
// The memory that each object takes: the table in lib/README.md, row by row.
#include "support/allocations.hpp"
#include "support/world.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <fstream>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using heddle::task;

namespace {

/// Returns the number in the row of that name.
std::size_t in_table(const std::string& name) {
    std::ifstream file(HEDDLE_LIB_README);
    for (std::string line; std::getline(file, line);)
        if (line.rfind("| " + name + " | ", 0) == 0)
            return std::stoul(line.substr(name.size() + 5));
    FAIL("no row of that name: " << name);
    return 0;
}

/// Returns the heap memory that one more object takes, where `make(context)` makes
/// many.
template <class Make>
std::size_t bytes_of(Make make) {
    asio::io_context ctx;
    auto step = [&] {
        make(ctx);
        ctx.restart();
        ctx.poll();
    };
    step();  // makes the host of the context, and everything else that exists once
    test::empty_frame_pools();
    const int many = 32;  // so many timers still stay in the heap
    std::size_t before = test::allocated_bytes();
    for (int i = 0; i < many; ++i)
        step();
    return (test::allocated_bytes() - before) / many;
}

/// The same for an object that is no frame and needs no context.
template <class Thing>
std::size_t block_of() {
    test::empty_frame_pools();
    std::size_t before = test::allocated_bytes();
    Thing one;
    return test::allocated_bytes() - before;
}

task<> take(heddle::receiver<int> from) {
    while (auto v = co_await from.receive()) {
    }
}
task<> give(heddle::sender<int> to) { co_await to.send(1); }
task<> doze() { co_await heddle::sleep(1h); }
task<> call(heddle::receiver<int> from) { co_await take(from); }
task<> choose(heddle::receiver<int> a, heddle::receiver<int> b,
              heddle::done_token done) {
    std::optional<int> v;
    co_await heddle::select(a.receive(v), b.receive(v), done);
}

template <class Op>
using in_frame =
    decltype(std::declval<Op&>().await_by(std::declval<heddle::detail::process&>()));

#define CHECK_ROW(name, bytes) CHECK_MESSAGE((bytes) == in_table(name), name)

}  // namespace

TEST_SUITE_BEGIN("memory");

TEST_CASE("a handle takes the memory of one pointer") {
    CHECK_ROW("a handle: `task`, `join_handle`, `channel`, `sender`, `receiver`, "
              "`done_source`, `done_token`",
              sizeof(task<>));
    CHECK(sizeof(heddle::join_handle<int>) == sizeof(task<>));
    CHECK(sizeof(heddle::channel<int>) == sizeof(task<>));
    CHECK(sizeof(heddle::sender<int>) == sizeof(task<>));
    CHECK(sizeof(heddle::receiver<int>) == sizeof(task<>));
    CHECK(sizeof(heddle::done_source) == sizeof(task<>));
    CHECK(sizeof(heddle::done_token) == sizeof(task<>));
}

TEST_CASE("the block of each kind of object takes the memory that the table says") {
    CHECK_ROW("a task started by `go`, its result aside",
              sizeof(heddle::detail::joinable<void>));
    CHECK_ROW("a channel, unbuffered, of whatever `T`",
              sizeof(heddle::detail::channel_core<int>));
    CHECK(sizeof(heddle::detail::channel_core<std::string>) ==
          sizeof(heddle::detail::channel_core<int>));
    CHECK_ROW("a token, and each scope of `with_done`",
              sizeof(heddle::detail::done_node));
    CHECK_ROW("a host: one for each context or strand, or worker",
              sizeof(heddle::detail::host));
}

TEST_CASE("each kind of wait takes the memory in its frame that the table says") {
    heddle::channel<int> c;
    CHECK_ROW("a wait to receive", sizeof(in_frame<decltype(c.receive())>));
    CHECK_ROW("a wait to send", sizeof(in_frame<decltype(c.send(1))>));
    CHECK_ROW("a timer", sizeof(in_frame<decltype(heddle::sleep(1h))>));
}

TEST_CASE("each parked task takes the heap memory that the table says, rounded to size "
          "classes") {
    if (!test::recycling) {
        MESSAGE("skipped: this build does not recycle frames, so sizes are not rounded "
                "to its classes");
        return;
    }
    CHECK_ROW("`mutex`, `semaphore`, `event`, `latch`, `wait_group`, `once`",
              block_of<heddle::mutex>());
    CHECK(block_of<heddle::event>() <= block_of<heddle::mutex>());
    CHECK(block_of<heddle::wait_group>() <= block_of<heddle::mutex>());
    CHECK(block_of<heddle::once>() <= block_of<heddle::mutex>());

    test::empty_frame_pools();
    std::size_t before = test::allocated_bytes();
    heddle::channel<int> none, some(1000);
    std::size_t both = test::allocated_bytes() - before;
    CHECK(both <=
          2 * sizeof(heddle::detail::channel_core<int>) + 1000 * sizeof(int) + 16);

    heddle::channel<int> c, full(0);
    auto boost_has_more = sizeof(heddle::error_code) - sizeof(std::error_code);
    CHECK_ROW("`async_receive` with a small handler",
              bytes_of([&](asio::io_context& ctx) {
                  c.async_receive(ctx, [](heddle::error_code, std::optional<int>) {});
              }) - boost_has_more);

    // Frames differ between compilers; the table has the largest, but for clang's -O0.
#if defined(__clang__) && !defined(__OPTIMIZE__)
    const std::size_t more = 16;
#else
    const std::size_t more = 0;
#endif
    auto at_most = [&](const char* name, std::size_t bytes) {
        CHECK_MESSAGE(bytes <= in_table(name) + more, std::string(name)
                                                          << ": " << bytes);
    };
    at_most("a task parked in a receive, in all",
            bytes_of([&](asio::io_context& ctx) { heddle::go(ctx, take, c); }));
    at_most("a task parked in a send, in all",
            bytes_of([&](asio::io_context& ctx) { heddle::go(ctx, give, full); }));
    at_most("a task parked in a sleep, in all",
            bytes_of([&](asio::io_context& ctx) { heddle::go(ctx, doze); }));
    at_most("a task parked two calls deep, in all",
            bytes_of([&](asio::io_context& ctx) { heddle::go(ctx, call, c); }));
    at_most("a task parked in a select of two receives and a token, in all",
            bytes_of([&](asio::io_context& ctx) {
                heddle::go(ctx, choose, c, c, heddle::done_token());
            }));
}

TEST_SUITE_END();
