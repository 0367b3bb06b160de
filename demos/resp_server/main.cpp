// SPDX-License-Identifier: BSL-1.0
// A small Redis, of RESP2 and RESP3: one task owns the data. A connection hands it the commands that came together, and
// writes the answers together. main.go is the same program in Go.
#include "../options.hpp"
#include "../progress.hpp"
#include "store.hpp"

#include <heddle/heddle.hpp>

#include <asio/ip/tcp.hpp>

#include <array>
#include <csignal>
#include <cstdint>
#include <iostream>
#include <memory>
#include <span>
#include <string>
#include <system_error>

using heddle::settle;

constexpr std::size_t most_answers = 256 << 10;  // bytes; then commands have to wait

struct request {
    client_ptr from;
    std::span<const words> commands;     // none: the client has left
    heddle::channel<std::size_t> reply;  // how many were answered
};

heddle::task<> own(heddle::receiver<request> requests) {
    store data;
    while (auto r = co_await requests.receive()) {
        client& c = *r->from;
        std::size_t n = 0;
        for (; n < r->commands.size() && !c.leaving && c.out.size() < most_answers; ++n)
            data.run(r->from, r->commands[n]);
        if (r->commands.empty())
            data.leave(r->from);
        if (!c.out.empty())
            c.more.notify_one();
        co_await r->reply.send(n);  // never waits: it has room
    }
}

// Writes at once all that waits.
heddle::task<> write_all(client_ptr c) {
    for (std::string text;;) {
        while (c->out.empty()) {
            if (c->leaving)
                co_return;
            co_await c->more.wait();
        }
        text.clear();
        text.swap(c->out);
        c->less.notify_one();
        c->last = heddle::now();
        c->writing = true;
        for (asio::const_buffer rest(asio::buffer(text)); rest.size() > 0;) {
            auto n = co_await settle(c->conn.async_write_some(rest, heddle::use_task));
            if (!n) {
                c->conn.close();  // the client has left, or was dropped
                c->less.notify_one();
                co_return;
            }
            c->last = heddle::now();
            rest += *n;
        }
        c->writing = false;
        if (text.capacity() > usual_input)
            text = std::string();
    }
}

// Disconnects a client that has been silent, or has not read, for too long: a subscriber may be silent. When the server
// stops, no more commands are read, and those that were are answered.
heddle::task<> watch(client_ptr c, heddle::done_token stop, heddle::duration idle) {
    for (progress reads;;) {
        bool patient = !c->channels.empty() && !c->writing;
        auto now = heddle::now();
        auto until = patient ? now + idle : c->last + idle;
        if (until <= now) {
            if (!reads.made(c->conn))
                break;
            c->last = now;
            continue;
        }
        if (co_await heddle::select(stop, heddle::after(until - now)) == 0) {
            std::error_code already_gone;
            c->conn.shutdown(tcp::socket::shutdown_receive, already_gone);
            co_return;
        }
    }
    c->conn.close();
}

// If a socket is closed with unread input, the answer that is under way may be lost.
heddle::task<> read_all(client_ptr c) {
    std::array<char, 4096> data;
    for (bool more = true; more;) {
        auto n = co_await settle(
            c->conn.async_read_some(asio::buffer(data), heddle::use_task));
        more = n.has_value();
    }
}

// Returns false if no more commands are to be read.
heddle::task<bool> answer(client_ptr c, std::span<const words> commands,
                          heddle::sender<request> requests,
                          heddle::channel<std::size_t> reply) {
    while (!commands.empty()) {
        co_await requests.emplace(c, commands, reply);
        auto n = co_await reply.receive();
        commands = commands.subspan(*n);
        while (c->out.size() >= most_answers && c->conn.is_open())
            co_await c->less.wait();
        if (c->leaving || !c->conn.is_open())
            co_return false;
    }
    co_return true;
}

heddle::task<> converse(tcp::socket s, heddle::done_token stop,
                        heddle::sender<request> requests, heddle::duration idle) {
    auto c = std::make_shared<client>(std::move(s));
    auto writing = heddle::go(write_all, c);
    auto watching = heddle::go(watch, c, stop, idle);
    heddle::channel<std::size_t> reply(1);
    std::string wrong;
    for (bool on = true; on && wrong.empty();) {
        std::size_t n = 0;
        auto next = found::command;
        while (next == found::command && n < most_at_once) {
            next = next_command(c->in, c->commands[n], wrong);
            n += next == found::command && !c->commands[n].empty();
        }
        on = co_await answer(c, std::span(c->commands).first(n), requests, reply);
        if (on && next == found::part) {
            auto got = co_await settle(
                c->conn.async_read_some(c->in.room(), heddle::use_task));
            on = got.has_value();
            c->in.end += on ? *got : 0;
            c->last = heddle::now();
        }
    }
    co_await requests.emplace(c, std::span<const words>(), reply);
    co_await reply.receive();
    if (!wrong.empty())
        error(c->out, "ERR Protocol error: " + wrong);
    c->leaving = true;
    c->more.notify_one();
    co_await heddle::select(writing, heddle::after(1s));
    std::error_code already_gone;
    c->conn.shutdown(tcp::socket::shutdown_send, already_gone);
    // After the stop only the bytes are read that have come.
    if (!already_gone && (!stop.closed() || c->conn.available(already_gone) > 0))
        co_await heddle::timeout(1s, read_all(c));
    c->conn.close();
    watching.cancel();
}

heddle::task<> serve(tcp::endpoint at, heddle::duration idle) {
    heddle::signals stop({SIGINT, SIGTERM});
    tcp::acceptor acceptor(heddle::this_task::executor(), at);
    acceptor.set_option(tcp::no_delay(true));  // its connections inherit that
    std::cout << "listening on " << acceptor.local_endpoint() << std::endl;
    heddle::channel<request> requests;
    heddle::go(own, requests);
    auto session = [=](tcp::socket s, heddle::done_token stopped) {
        return converse(std::move(s), std::move(stopped), requests, idle);
    };
    co_await heddle::serve(std::move(acceptor), stop.token(), session, {.grace = 1s});
}

int main(int argc, char** argv) {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;
    int idle = 300'000;
    read_options(argc, argv, "resp_server [--host ADDRESS] [--port N] [--idle MS]",
                 {{"host", host, is_address}, {"port", port}, {"idle", idle}});
    try {
        heddle::run(serve({asio::ip::make_address(host), port}, idle * 1ms));
    } catch (const std::system_error& e) {
        std::cerr << "resp_server: " << e.what() << '\n';
        return 1;
    }
}
