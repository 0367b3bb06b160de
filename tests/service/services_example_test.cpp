// SPDX-License-Identifier: BSL-1.0
// The README's example of heddle in a service.
#include <heddle/heddle.hpp>

#include <asio/buffer.hpp>
#include <asio/connect.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/connect_pair.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/read.hpp>
#include <asio/read_until.hpp>
#include <asio/write.hpp>
#include <doctest/doctest.h>

#include <array>
#include <csignal>
#include <memory>
#include <optional>
#include <string>

using asio::ip::tcp;
using namespace std::chrono_literals;

namespace {

using local = asio::local::stream_protocol;

// The sending end that some connections share. No line follows once the last has ended.
struct line_sender {
    explicit line_sender(heddle::sender<std::string> s) : to(std::move(s)) {}
    ~line_sender() { to.try_close(); }
    heddle::sender<std::string> to;
};

struct reader : std::enable_shared_from_this<reader> {
    reader(local::socket s, std::shared_ptr<line_sender> to)
        : socket(std::move(s)), lines(std::move(to)) {}
    void read();

    local::socket socket;
    std::shared_ptr<line_sender> lines;
    std::string input;
};

// An existing handler uses a channel: it reads on when a task has taken the line.
void reader::read() {
    auto next = [self = shared_from_this()](heddle::error_code e) {
        if (!e)
            self->read();
    };
    auto got = [self = shared_from_this(), next](heddle::error_code e, std::size_t n) {
        if (e)
            return;
        auto line = self->input.substr(0, n);
        self->input.erase(0, n);
        self->lines->to.async_send(self->socket.get_executor(), line, next);
    };
    asio::async_read_until(socket, asio::dynamic_buffer(input), '\n', got);
}

heddle::task<> echo(tcp::socket peer) {
    std::array<char, 512> data;
    for (;;) {
        auto n = co_await peer.async_read_some(asio::buffer(data), heddle::use_task);
        co_await asio::async_write(peer, asio::buffer(data, n), heddle::use_task);
    }
}

// An orderly end: five seconds after SIGTERM every session has ended, or was cancelled.
heddle::task<> server(tcp::acceptor acceptor) {
    heddle::signals stop({SIGINT, SIGTERM});
    auto failed = [](std::exception_ptr) {};  // its peer has left
    heddle::serve_options options{.sessions = 1000, .grace = 5s, .on_error = failed};
    co_await heddle::serve(std::move(acceptor), stop.token(), echo, options);
}

// A socket, a channel and a time limit in one select: no byte and no note is lost.
heddle::task<> session(local::socket peer, heddle::receiver<std::string> in) {
    std::array<char, 512> data;
    heddle::inflight said(peer.async_read_some(asio::buffer(data), heddle::use_task));
    for (std::optional<std::string> note;;) {
        auto first =
            co_await heddle::select(said, in.receive(note), heddle::after(30s));
        if (first != 1 || !note)
            co_return;  // the peer wrote, or was silent too long, or `in` closed
        co_await asio::async_write(peer, asio::buffer(*note), heddle::use_task);
    }
}

heddle::task<> ask_and_stop(tcp::endpoint where, std::string& answer) {
    tcp::socket s(heddle::this_task::executor());
    co_await s.async_connect(where, heddle::use_task);
    co_await asio::async_write(s, asio::buffer("hello", 5), heddle::use_task);
    answer.resize(5);
    co_await asio::async_read(s, asio::buffer(answer), heddle::use_task);
    std::raise(SIGTERM);
}

}  // namespace

TEST_SUITE_BEGIN("services.example");

TEST_CASE("handlers of two connections send lines to a task, and the last one to end "
          "closes the channel") {
    asio::io_context ctx;
    std::array<local::socket, 2> theirs{local::socket(ctx), local::socket(ctx)};
    heddle::channel<std::string> lines;
    auto sender = std::make_shared<line_sender>(lines);
    for (auto& peer : theirs) {
        local::socket ours(ctx);
        asio::local::connect_pair(ours, peer);
        std::make_shared<reader>(std::move(ours), sender)->read();
    }
    sender.reset();
    std::string all;
    bool closed = false;
    heddle::go(ctx, [&]() -> heddle::task<> {
        while (auto line = co_await lines.receive())
            all += *line;
        closed = true;
    });
    asio::write(theirs[0], asio::buffer("one\ntwo\n", 8));
    theirs[0].close();
    auto work = asio::make_work_guard(ctx);
    while (all.size() < 8)
        ctx.run_one();
    ctx.poll();  // the first connection has ended
    CHECK(!closed);
    asio::write(theirs[1], asio::buffer("three\n", 6));
    theirs[1].close();
    work.reset();
    ctx.run();
    CHECK(all == "one\ntwo\nthree\n");
    CHECK(closed);
}

TEST_CASE("a server answers until it gets a signal") {
    std::string answer;
    heddle::run([](std::string& to) -> heddle::task<> {
        tcp::acceptor a(heddle::this_task::executor(),
                        tcp::endpoint(asio::ip::address_v4::loopback(), 0));
        auto client = heddle::go(ask_and_stop, a.local_endpoint(), std::ref(to));
        co_await server(std::move(a));
        co_await client;
    }(answer));
    CHECK(answer == "hello");
}

TEST_CASE("a session waits for a socket and a channel") {
    asio::io_context ctx;
    local::socket ours(ctx), theirs(ctx);
    asio::local::connect_pair(ours, theirs);
    heddle::channel<std::string> notes(2);
    std::string one = "one", two = "two";
    CHECK(notes.try_send(one) == heddle::try_status::done);
    CHECK(notes.try_send(two) == heddle::try_status::done);
    auto h =
        heddle::go(ctx, session, std::move(ours), heddle::receiver<std::string>(notes));
    std::string got(6, ' ');
    asio::async_read(theirs, asio::buffer(got), [&](heddle::error_code, std::size_t) {
        asio::write(theirs, asio::buffer("x", 1));
    });
    ctx.run();
    CHECK(got == "onetwo");
    CHECK(heddle::live_tasks(ctx) == 0);
}

TEST_SUITE_END();
