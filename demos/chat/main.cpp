// SPDX-License-Identifier: BSL-1.0
// A chat server: one task owns the set of clients and sends each of them everything that is said.
// A client sends its name, then lines. main.go is the same program in Go.
#include "../options.hpp"
#include "../progress.hpp"

#include <heddle/heddle.hpp>

#include <asio/ip/tcp.hpp>
#include <asio/read_until.hpp>

#include <csignal>
#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <vector>

using asio::ip::tcp;
using heddle::settle;
using namespace std::chrono_literals;
using text = std::shared_ptr<const std::string>;  // a message, which all clients share

constexpr int most_lines = 4096, most_bytes = 1 << 20;  // that wait for a client

struct client {
    explicit client(tcp::socket s) : conn(std::move(s)) {}

    tcp::socket conn;
    heddle::channel<text> out{
        most_lines,
        heddle::weight_limit(most_bytes, [](const text& t) { return t->size(); })};
};
using client_ptr = std::shared_ptr<client>;

struct hall {
    heddle::channel<client_ptr> entering, leaving;
    heddle::channel<text> messages;
};

text line(std::string words) {
    return std::make_shared<const std::string>(std::move(words) + '\n');
}

heddle::task<> broadcast(hall h) {
    std::set<client_ptr> clients;
    std::optional<client_ptr> c;
    std::optional<text> said;
    for (;;) {
        switch (co_await heddle::select(h.entering.receive(c), h.leaving.receive(c),
                                        h.messages.receive(said))) {
        case 0:
            clients.insert(*c);
            break;
        case 1:
            clients.erase(*c);
            break;
        case 2:
            for (auto& each : clients)
                if (each->out.try_send(*said) == heddle::try_status::would_block)
                    each->conn.close();  // dropped: it is too slow
        }
    }
}

heddle::task<std::size_t> write_some(tcp::socket& to, asio::const_buffer bytes) {
    co_return co_await to.async_write_some(bytes, heddle::use_task);
}

// Writes at once all that waits. A client that reads none of it for the time `idle` is disconnected.
heddle::task<> tell(client_ptr c, heddle::duration idle) {
    std::vector<text> lines;
    std::string all;
    progress reads;
    while (co_await c->out.receive_many(lines, most_lines) > 0) {
        for (auto& each : lines)
            all += *each;
        for (asio::const_buffer rest(asio::buffer(all)); rest.size() > 0;) {
            auto n =
                co_await settle(heddle::with_timeout(idle, write_some(c->conn, rest)));
            if (n.code() == asio::error::timed_out && reads.made(c->conn))
                continue;
            if (!n) {
                c->conn.close();  // which its task notices, too
                co_return;
            }
            rest += *n;
        }
        lines.clear();
        all.clear();
    }
}

// Reads a line of at most 1024 bytes, and gives it without its end, which is \r\n if telnet sends it. Gives nothing
// if the client has left, or sent too long a line. The bytes after the line stay in `input`.
heddle::task<std::optional<std::string>> read_line(tcp::socket& conn,
                                                   std::string& input) {
    auto buffer = asio::dynamic_buffer(input, 1024);
    auto n =
        co_await settle(asio::async_read_until(conn, buffer, '\n', heddle::use_task));
    if (!n)
        co_return std::nullopt;
    auto words = input.substr(0, *n - 1);
    input.erase(0, *n);
    if (words.ends_with('\r'))
        words.pop_back();
    co_return words;
}

heddle::task<> chat(tcp::socket conn, hall h, heddle::duration idle) {
    auto c = std::make_shared<client>(std::move(conn));
    auto telling = heddle::go(tell, c, idle);
    std::string name, input;
    for (;;) {
        // Nothing: the client has left, was dropped, or has been silent for too long.
        auto in_time = co_await heddle::timeout(idle, read_line(c->conn, input));
        auto words = in_time.value_or(std::nullopt);
        if (!words)
            break;
        if (!name.empty()) {
            co_await h.messages.send(line(name + ": " + *words));
        } else if (!words->empty()) {
            name = *words;
            co_await h.entering.send(c);
            co_await h.messages.send(line(name + " has arrived"));
        }
    }
    c->conn.close();
    co_await h.leaving.send(c);
    c->out.close();
    if (!name.empty())
        co_await h.messages.send(line(name + " has left"));
    co_await telling;
}

heddle::task<> serve(tcp::endpoint at, heddle::duration idle) {
    heddle::signals stop({SIGINT, SIGTERM});
    tcp::acceptor acceptor(heddle::this_task::executor(), at);
    acceptor.set_option(tcp::no_delay(true));  // its connections inherit that
    std::cout << "listening on " << acceptor.local_endpoint() << std::endl;
    hall h;
    heddle::go(broadcast, h);
    auto session = [h, idle](tcp::socket conn) {
        return chat(std::move(conn), h, idle);
    };
    co_await heddle::serve(std::move(acceptor), stop.token(), session, {.grace = 0s});
}

int main(int argc, char** argv) {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;
    int idle = 300'000;
    read_options(argc, argv, "chat [--host ADDRESS] [--port N] [--idle MS]",
                 {{"host", host, is_address}, {"port", port}, {"idle", idle}});
    try {
        heddle::run(serve({asio::ip::make_address(host), port}, idle * 1ms));
    } catch (const std::system_error& e) {
        std::cerr << "chat: " << e.what() << '\n';
        return 1;
    }
}
