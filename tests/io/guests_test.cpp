// SPDX-License-Identifier: BSL-1.0
// Kinds of Asio objects that a task may use beside TCP and TLS: datagrams, local
// sockets, pipes, files, the resolver, signals. Their operations complete, are
// cancelled, and stay in flight.
#include "support/sockets.hpp"
#include "support/world.hpp"

#include <asio/buffer.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ip/udp.hpp>
#include <asio/local/connect_pair.hpp>
#include <asio/local/datagram_protocol.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/random_access_file.hpp>
#include <asio/read.hpp>
#include <asio/read_at.hpp>
#include <asio/read_until.hpp>
#include <asio/signal_set.hpp>
#include <asio/stream_file.hpp>
#include <asio/write.hpp>
#include <asio/write_at.hpp>
#include <doctest/doctest.h>

#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <string>

namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;
using asio::ip::udp;
using heddle::inflight;
using heddle::task;
using heddle::use_task;
using test::finish;
using test::lines;

/// Returns whether `op`, which never completes by itself, ends by the deadline of its
/// task.
template <class Op>
task<bool> ends_late(Op op) {
    auto wait = [](Op o) -> task<> { co_await std::move(o); };
    bool in_time = co_await heddle::timeout(1ms, wait(std::move(op)));
    co_return !in_time;
}

template <class Op>
task<int> beats_before(Op& op) {
    int beats = 0;
    while (co_await heddle::select(op, heddle::after(1ms)) == 1 && beats < 3)
        ++beats;
    co_return beats;
}

}  // namespace

TEST_SUITE_BEGIN("guests");

TEST_CASE("UDP datagrams arrive whole, with their sender, and a receive may wait") {
    test::world world;
    udp::endpoint any(asio::ip::address_v4::loopback(), 0);
    udp::socket a(world.ctx, any), b(world.ctx, any);
    lines seen;
    finish(world, [&]() -> task<> {
        std::array<char, 100> data;
        udp::endpoint from;
        co_await a.async_send_to(asio::buffer("one", 3), b.local_endpoint(), use_task);
        auto n = co_await b.async_receive_from(asio::buffer(data), from, use_task);
        seen.emplace_back(data.data(), n);
        CHECK(from == a.local_endpoint());
        inflight receiving(
            b.async_receive_from(asio::buffer(data), from, heddle::deferred));
        int beats = co_await beats_before(receiving);
        CHECK(beats == 3);
        co_await a.async_send_to(asio::buffer("two", 3), b.local_endpoint(), use_task);
        n = co_await receiving;
        seen.emplace_back(data.data(), n);
        bool late = co_await ends_late(a.async_receive(asio::buffer(data), use_task));
        CHECK(late);
        co_await a.async_send_to(asio::buffer("", 0), b.local_endpoint(), use_task);
        n = co_await b.async_receive(asio::buffer(data), use_task);
        seen.emplace_back(data.data(), n);
    });
    CHECK(seen == lines{"one", "two", ""});
}

TEST_CASE("local sockets work as streams and as datagrams, with accept and connect by "
          "a path") {
    test::world world;
    std::string path = "/tmp/heddle_guests_" + std::to_string(::getpid());
    ::unlink(path.c_str());
    lines seen;
    finish(world, [&]() -> task<> {
        using local = asio::local::stream_protocol;
        auto here = heddle::this_task::executor();
        local::acceptor acceptor(here, local::endpoint(path));
        local::socket near(here);
        inflight accepting(acceptor.async_accept(use_task));
        co_await near.async_connect(local::endpoint(path), use_task);
        auto far = co_await accepting;
        co_await asio::async_write(near, asio::buffer("hello\nrest", 10), use_task);
        std::string line;
        auto n = co_await asio::async_read_until(far, asio::dynamic_buffer(line), '\n',
                                                 use_task);
        seen.push_back(line.substr(0, n - 1));
        char one;
        bool late =
            co_await ends_late(near.async_read_some(asio::buffer(&one, 1), use_task));
        CHECK(late);

        asio::local::datagram_protocol::socket a(here), b(here);
        asio::local::connect_pair(a, b);
        std::array<char, 10> data;
        co_await a.async_send(asio::buffer("datagram", 8), use_task);
        n = co_await b.async_receive(asio::buffer(data), use_task);
        seen.emplace_back(data.data(), n);
    });
    ::unlink(path.c_str());
    CHECK(seen == lines{"hello", "datagram"});
}

TEST_CASE("a reader of a pipe waits, is cancelled, and reads to the end") {
    test::world world;
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    asio::posix::stream_descriptor in(world.ctx, ends[0]), out(world.ctx, ends[1]);
    std::string got;
    finish(world, [&]() -> task<> {
        std::array<char, 8> data;
        bool late =
            co_await ends_late(in.async_read_some(asio::buffer(data), use_task));
        CHECK(late);
        // The text is longer than the pipe holds, so writer and reader wait for each
        // other.
        auto writer = heddle::go(
            [](asio::posix::stream_descriptor& to) -> task<> {
                std::string large(200'000, 'x');
                co_await asio::async_write(to, asio::buffer(large), use_task);
                to.close();
            },
            std::ref(out));
        try {
            co_await asio::async_read(in, asio::dynamic_buffer(got), use_task);
        } catch (const heddle::system_error& e) {
            CHECK(e.code() == asio::error::eof);
        }
        co_await writer;
    });
    CHECK(got == std::string(200'000, 'x'));
}

TEST_CASE("a task waits for a set of signals, selects it, and cancels it") {
    test::world world;
    lines seen;
    finish(world, [&]() -> task<> {
        asio::signal_set signals(heddle::this_task::executor(), SIGUSR1);
        bool late = co_await ends_late(signals.async_wait(use_task));
        CHECK(late);
        std::raise(SIGUSR1);
        int number = co_await signals.async_wait(use_task);
        seen.push_back(number == SIGUSR1 ? "USR1" : "?");
        inflight waiting(signals.async_wait(heddle::deferred));
        int beats = co_await beats_before(waiting);
        CHECK(beats == 3);
        std::raise(SIGUSR1);
        number = co_await waiting;
        seen.push_back(number == SIGUSR1 ? "USR1 again" : "?");
    });
    CHECK(seen == lines{"USR1", "USR1 again"});
}

// This is Windows, or Linux with io_uring, which Debian's Asio does not use.
#if defined(ASIO_HAS_FILE)

TEST_CASE("files work as streams and with random access") {
    test::world world;
    std::string path = "/tmp/heddle_file_" + std::to_string(::getpid());
    std::string got(5, '\0');
    finish(world, [&]() -> task<> {
        auto here = heddle::this_task::executor();
        auto flags = asio::file_base::read_write | asio::file_base::create;
        asio::stream_file file(here, path, flags);
        co_await asio::async_write(file, asio::buffer("hello world", 11), use_task);
        asio::random_access_file at(here, path, flags);
        co_await asio::async_read_at(at, 6, asio::buffer(got), use_task);
    });
    ::unlink(path.c_str());
    CHECK(got == "world");
}

#endif

TEST_SUITE_END();
TEST_SUITE_BEGIN("guests.threads");

TEST_CASE("the resolver, which has a thread of its own, resumes its task on the host") {
    test::world world;
    bool found = false, unknown = false;
    finish(world, [&]() -> task<> {
        auto thread = std::this_thread::get_id();
        tcp::resolver resolver(heddle::this_task::executor());
        auto flags = tcp::resolver::numeric_host | tcp::resolver::numeric_service;
        auto results =
            co_await resolver.async_resolve("127.0.0.1", "80", flags, use_task);
        found = results.begin()->endpoint() ==
                tcp::endpoint(asio::ip::address_v4::loopback(), 80);
        CHECK(std::this_thread::get_id() == thread);
        inflight again(
            resolver.async_resolve("127.0.0.1", "81", flags, heddle::deferred));
        while (co_await heddle::select(again, heddle::after(1ms)) != 0) {
        }
        CHECK(again.result().begin()->endpoint().port() == 81);
        try {
            co_await resolver.async_resolve("no address", "80", flags, use_task);
        } catch (const heddle::system_error&) {
            unknown = true;
        }
        CHECK(std::this_thread::get_id() == thread);
    });
    CHECK(found);
    CHECK(unknown);
}

TEST_SUITE_END();
