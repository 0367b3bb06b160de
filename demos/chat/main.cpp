// SPDX-License-Identifier: BSL-1.0
// A chat server: one task owns the set of clients and sends each of them everything that is said.
// A client sends its name, then lines. main.go is the same program in Go.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <asio/ip/tcp.hpp>
#include <asio/read_until.hpp>
#include <asio/write.hpp>

#include <csignal>
#include <cstdint>
#include <iostream>
#include <memory>
#include <set>
#include <string>
#include <system_error>

using asio::ip::tcp;
using namespace std::chrono_literals;

struct client {
    explicit client(tcp::socket s) : conn(std::move(s)) {}

    tcp::socket conn;
    heddle::channel<std::string> out{16};
};
using client_ptr = std::shared_ptr<client>;

struct hall {
    heddle::channel<client_ptr> entering, leaving;
    heddle::channel<std::string> messages;
};

heddle::task<> broadcast(hall h) {
    std::set<client_ptr> clients;
    std::optional<client_ptr> c;
    std::optional<std::string> text;
    for (;;) {
        switch (co_await heddle::select(h.entering.receive(c), h.leaving.receive(c),
                                        h.messages.receive(text))) {
        case 0:
            clients.insert(*c);
            break;
        case 1:
            clients.erase(*c);
            break;
        case 2:
            for (auto& each : clients)
                if (each->out.try_send(*text) == heddle::try_status::would_block)
                    each->conn.close();  // dropped: it is too slow
        }
    }
}

heddle::task<> tell(client_ptr c) {
    try {
        while (auto text = co_await c->out.receive()) {
            *text += '\n';
            co_await asio::async_write(c->conn, asio::buffer(*text), heddle::use_task);
        }
    } catch (const std::system_error&) {
        // The client has left, which read_line will notice too.
    }
}

// Reads a line of at most 1024 bytes; the bytes after it stay in `input`.
heddle::task<std::string> read_line(tcp::socket& conn, std::string& input) {
    auto n = co_await asio::async_read_until(conn, asio::dynamic_buffer(input, 1024),
                                             '\n', heddle::use_task);
    auto line = input.substr(0, n - 1);
    input.erase(0, n);
    co_return line;
}

heddle::task<> chat(tcp::socket conn, hall h, heddle::duration idle) {
    auto c = std::make_shared<client>(std::move(conn));
    auto telling = heddle::go(tell, c);
    std::string name, input;
    try {
        name = co_await heddle::with_timeout(idle, read_line(c->conn, input));
        co_await h.entering.send(c);
        co_await h.messages.send(name + " has arrived");
        for (;;) {
            auto line = co_await heddle::with_timeout(idle, read_line(c->conn, input));
            co_await h.messages.send(name + ": " + line);
        }
    } catch (const std::system_error&) {
        // The client has left, was dropped, or sent too long a line.
    } catch (const heddle::timed_out&) {
        // The client has been silent for too long.
    }
    c->conn.close();
    co_await h.leaving.send(c);
    c->out.close();
    if (!name.empty())
        co_await h.messages.send(name + " has left");
    co_await telling;
}

heddle::task<> serve(std::uint16_t port, heddle::duration idle) {
    heddle::signals stop({SIGINT, SIGTERM});
    tcp::acceptor acceptor(heddle::this_task::executor(),
                           {asio::ip::address_v4::loopback(), port});
    std::cout << "listening on " << acceptor.local_endpoint() << std::endl;
    hall h;
    heddle::go(broadcast, h);
    auto session = [h, idle](tcp::socket conn) {
        return chat(std::move(conn), h, idle);
    };
    co_await heddle::serve(std::move(acceptor), stop.token(), session, {.grace = 0s});
}

int main(int argc, char** argv) {
    std::uint16_t port = 0;
    int idle = 300'000;
    read_options(argc, argv, "chat [--port N] [--idle MS]",
                 {{"port", port}, {"idle", idle}});
    try {
        heddle::run(serve(port, idle * 1ms));
    } catch (const std::system_error& e) {
        std::cerr << "chat: " << e.what() << '\n';
        return 1;
    }
}
