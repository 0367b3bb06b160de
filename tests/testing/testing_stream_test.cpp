// SPDX-License-Identifier: BSL-1.0
// The promises of heddle/testing_stream.hpp: a connection in memory, and its faults.
#include "support/world.hpp"

#include <heddle/testing.hpp>
#include <heddle/testing_stream.hpp>

#include <asio/co_spawn.hpp>
#include <asio/read.hpp>
#include <asio/read_until.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using heddle::task;
using heddle::use_task;
using heddle::testing::stream;
using test::lines;
using test::tracked;

namespace {

/// Reads to the end. Returns the text, and the error if it is not the end of the
/// stream.
task<std::string> drain(stream& from) {
    std::string all;
    for (std::array<char, 16> part;;) {
        auto buffer = asio::buffer(part);
        auto [ec, n] =
            co_await from.async_read_some(buffer, heddle::as_tuple(use_task));
        all.append(part.data(), n);
        if (ec)
            co_return ec == asio::error::eof ? all : all + " (" + ec.message() + ")";
    }
}

task<> write_all(stream& to, std::string text) {
    auto buffer = asio::buffer(text);
    co_await asio::async_write(to, buffer, use_task);
}

/// A user's function to test: it echoes lines until the peer closes.
template <class Socket>
task<> echo_lines(Socket socket) {
    std::string text;
    try {
        for (;;) {
            auto buffer = asio::dynamic_buffer(text, 1024);
            auto n = co_await asio::async_read_until(socket, buffer, '\n', use_task);
            auto line = asio::buffer(text, n);
            co_await asio::async_write(socket, line, use_task);
            text.erase(0, n);
        }
    } catch (const heddle::system_error& e) {
        if (e.code() != asio::error::eof)
            throw;
    }
}

template <class Operation>
task<std::string> outcome_of(Operation operation) {
    auto [ec, n] = co_await std::move(operation);
    co_return ec ? ec.message() : std::to_string(n) + " bytes";
}

std::string message(heddle::error_code ec) { return ec.message(); }

const std::string text =
    "the quick brown fox jumps over the lazy dog, again and again\n";

}  // namespace

TEST_SUITE_BEGIN("testing.stream");

TEST_CASE("bytes arrive in order in both directions, and then the end") {
    heddle::testing::world world;
    auto [a, b] = stream::pair(world.context());
    std::string at_a, at_b;
    world.go([&]() -> task<> {
        co_await write_all(a, text + text);
        at_a = co_await drain(a);
    });
    world.go([&]() -> task<> {
        co_await write_all(b, "short");
        at_b = co_await drain(b);
        b.close();
    });
    world.settle();
    CHECK(world.live() > 0);  // neither end is closed
    a.close();
    world.settle();
    CHECK(at_b == text + text);
    CHECK(at_a == "short (" + message(asio::error::operation_aborted) + ")");
    world.expect_end();
}

TEST_CASE("bytes that were written before close are read after it") {
    heddle::testing::world world;
    auto [a, b] = stream::pair(world.context());
    std::string got;
    world.run([](stream from, stream& to, std::string& all) -> task<> {
        {
            stream gone = std::move(from);
            co_await write_all(gone, text);
        }
        all = co_await drain(to);
    }(std::move(a), b, got));
    CHECK(got == text);
    CHECK_FALSE(a.is_open());
    CHECK(b.is_open());
}

TEST_CASE("reads and writes are as short as their limits") {
    for (std::size_t most : {1U, 3U, 1000U}) {
        heddle::testing::world world;
        auto [a, b] =
            stream::pair(world.context(), {.write_at_most = most, .read_at_most = 2});
        std::size_t written = 0, read = 0;
        world.run(
            [](stream& from, stream& to, std::size_t& w, std::size_t& r) -> task<> {
                auto out = asio::buffer(text);
                w = co_await from.async_write_some(out, use_task);
                std::array<char, 100> in;
                auto buffer = asio::buffer(in);
                r = co_await to.async_read_some(buffer, use_task);
                CHECK(std::string(in.data(), r) == text.substr(0, r));
            }(a, b, written, read));
        CHECK(written == std::min(most, text.size()));
        CHECK(read == std::min<std::size_t>(2, written));
    }
}

TEST_CASE("a write waits while the window is full") {
    heddle::testing::world world;
    auto [a, b] = stream::pair(world.context(), {.window = 10});
    bool written = false;
    world.go([&]() -> task<> {
        co_await write_all(a, "0123456789abcde");
        written = true;
    });
    world.settle();
    CHECK_FALSE(written);
    std::string got;
    world.go([&]() -> task<> {
        std::array<char, 5> part;
        auto buffer = asio::buffer(part);
        auto n = co_await b.async_read_some(buffer, use_task);
        got.assign(part.data(), n);
    });
    world.settle();
    CHECK(got == "01234");
    CHECK(written);
}

TEST_CASE("each operation takes its delay, in the time of the world") {
    heddle::testing::world world;
    auto [a, b] = stream::pair(world.context(), {.delay = 10ms});
    world.run([](stream& from, stream& to) -> task<> {
        co_await write_all(from, "x");
        CHECK(heddle::now() == heddle::time_point(10ms));
        std::array<char, 1> in;
        auto buffer = asio::buffer(in);
        (void)co_await to.async_read_some(buffer, use_task);
        CHECK(heddle::now() == heddle::time_point(20ms));
        co_await write_all(to, "y");  // the other direction has none
        CHECK(heddle::now() == heddle::time_point(20ms));
    }(a, b));
}

TEST_CASE("a stream ends, or is reset, after the given number of bytes") {
    for (bool reset : {false, true}) {
        heddle::testing::world world;
        heddle::testing::stream_faults faults;
        (reset ? faults.reset_after : faults.end_after) = 5;
        auto [a, b] = stream::pair(world.context(), faults);
        std::string got, second;
        world.run([](stream& from, stream& to, std::string& all,
                     std::string& other) -> task<> {
            co_await write_all(from, "0123456789");
            all = co_await drain(to);
            auto again = asio::buffer("x", 1);
            other = co_await outcome_of(
                from.async_write_some(again, heddle::as_tuple(use_task)));
        }(a, b, got, second));
        if (reset) {
            CHECK(got == " (" + message(asio::error::connection_reset) + ")");
            CHECK(second == message(asio::error::connection_reset));
        } else {
            CHECK(got == "01234");
            CHECK(second == message(asio::error::broken_pipe));
        }
    }
}

TEST_CASE("operations after close, after the peer's close, and after a reset fail as "
          "on a socket") {
    heddle::testing::world world;
    auto [a, b] = stream::pair(world.context());
    auto [c, d] = stream::pair(world.context());
    lines seen;
    world.run([](stream& closed, stream& peer, stream& broken, stream& other,
                 lines& to) -> task<> {
        std::array<char, 4> in;
        auto part = asio::buffer(in);
        closed.close();
        closed.close();  // no effect
        auto token = heddle::as_tuple(use_task);
        to.push_back(co_await outcome_of(closed.async_read_some(part, token)));
        to.push_back(co_await outcome_of(closed.async_write_some(part, token)));
        to.push_back(co_await outcome_of(peer.async_write_some(part, token)));
        to.push_back(co_await outcome_of(peer.async_read_some(part, token)));
        co_await write_all(broken, "lost");
        broken.reset();
        to.push_back(co_await outcome_of(other.async_read_some(part, token)));
        to.push_back(co_await outcome_of(other.async_write_some(part, token)));
    }(a, b, c, d, seen));
    CHECK(seen == lines{message(asio::error::bad_descriptor),
                        message(asio::error::bad_descriptor),
                        message(asio::error::broken_pipe), message(asio::error::eof),
                        message(asio::error::connection_reset),
                        message(asio::error::connection_reset)});
}

TEST_CASE("an empty buffer is read and written at once") {
    heddle::testing::world world;
    auto [a, b] = stream::pair(world.context());
    world.run([](stream& from) -> task<> {
        auto nothing = asio::buffer(static_cast<char*>(nullptr), 0);
        CHECK(co_await from.async_read_some(nothing, use_task) == 0);
        CHECK(co_await from.async_write_some(nothing, use_task) == 0);
    }(a));
}

TEST_CASE("a cancelled operation has moved no bytes") {
    heddle::testing::world world;
    auto [a, b] = stream::pair(world.context());
    std::array<char, 4> in{};
    std::string first;
    auto reader = world.go([&]() -> task<> {
        auto buffer = asio::buffer(in);
        try {
            (void)co_await b.async_read_some(buffer, use_task);
        } catch (const heddle::cancelled&) {
            first = "cancelled";
        }
    });
    world.settle();
    reader.cancel();
    world.settle();
    CHECK(first == "cancelled");
    std::string rest;
    world.go([&]() -> task<> {
        co_await write_all(a, "left");
        a.close();
        rest = co_await drain(b);
    });
    world.settle();
    CHECK(rest == "left");
    world.expect_end();
}

TEST_CASE("callbacks and asio::awaitable use it like any other stream") {
    heddle::testing::world world;
    auto [a, b] = stream::pair(world.context(), {.vary = true});
    std::string got(text.size(), ' '), echoed(text.size(), ' ');
    asio::co_spawn(
        world.context(),
        [](stream& s, std::string& to) -> asio::awaitable<void> {
            co_await asio::async_read(s, asio::buffer(to), asio::use_awaitable);
            co_await asio::async_write(s, asio::buffer(to), asio::use_awaitable);
        }(b, got),
        [](std::exception_ptr e) { CHECK_FALSE(e); });
    asio::async_write(
        a, asio::buffer(text), [&, &near = a](heddle::error_code ec, std::size_t n) {
            CHECK_FALSE(ec);
            CHECK(n == text.size());
            asio::async_read(near, asio::buffer(echoed),
                             [](heddle::error_code e, std::size_t) { CHECK_FALSE(e); });
        });
    world.settle();
    CHECK(got == text);
    CHECK(echoed == text);
    world.expect_end();
}

TEST_CASE("an inflight read loses no byte, however the connection behaves") {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        heddle::testing::world world(seed);
        auto [a, b] =
            stream::pair(world.context(), {.vary = true, .delay = 3ms, .window = 7});
        std::string got;
        int beats = 0;
        world.go([&]() -> task<> {
            co_await write_all(a, text);
            a.close();
        });
        world.run([](stream& from, std::string& all, int& ticks) -> task<> {
            std::array<char, 8> part;
            auto buffer = asio::buffer(part);
            heddle::inflight reading(from.async_read_some(buffer, use_task));
            try {
                for (;;)
                    if (co_await heddle::select(reading, heddle::after(1ms)) == 0) {
                        all.append(part.data(), reading.result());
                        reading.start(from.async_read_some(buffer, use_task));
                    } else {
                        ++ticks;
                    }
            } catch (const heddle::system_error& e) {
                CHECK(e.code() == asio::error::eof);
            }
        }(b, got, beats));
        CHECK(got == text);
        CHECK(beats > 0);
    }
}

TEST_CASE(
    "a session is correct on every schedule, however its reads and writes are split") {
    auto program = []() -> task<> {
        asio::any_io_executor here = heddle::this_task::executor();
        struct context {
            asio::any_io_executor ex;
            auto get_executor() const { return ex; }
        } at{here};
        auto [near, far] = stream::pair(at, {.vary = true}, {.read_at_most = 2});
        auto session = heddle::go(echo_lines<stream>, std::move(far));
        auto client = std::make_unique<stream>(std::move(near));
        co_await write_all(*client, "a\nb\n");
        std::string back(4, ' ');
        auto buffer = asio::buffer(back);
        co_await asio::async_read(*client, buffer, use_task);
        client.reset();
        co_await session;
        if (back != "a\nb\n")
            throw std::logic_error("echoed: " + back);
    };
    auto all = heddle::testing::explore("echo session", program,
                                        {.schedules = 3000, .deviations = 3});
    CHECK(all.schedules > 100);
    heddle::testing::with_seeds("echo session", 100, program);
}

TEST_CASE("a context that is destroyed destroys its operations") {
    auto alive = tracked::alive();
    {
        heddle::testing::world world;
        auto ends =
            std::make_unique<std::pair<stream, stream>>(stream::pair(world.context()));
        world.go(
            [](tracked, stream& from) -> task<> {
                std::array<char, 4> in;
                auto buffer = asio::buffer(in);
                (void)co_await from.async_read_some(buffer, use_task);
            },
            tracked(1), std::ref(ends->first));
        std::array<char, 4> in;
        ends->second.async_read_some(
            asio::buffer(in), [held = tracked(2)](heddle::error_code, std::size_t) {});
        world.settle();
        CHECK(tracked::alive() > alive);
    }
    CHECK(tracked::alive() == alive);
}

TEST_SUITE_END();
