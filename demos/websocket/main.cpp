// SPDX-License-Identifier: BSL-1.0
// WebSockets by Boost.Beast, on Boost.Asio: /echo sends each message back, /chat is a room, and / is the page of a client.
// One task owns the room, as in ../chat; a member that does not read is dropped, so no task waits for a slow one.
#include "../options.hpp"
#include "page.hpp"

#include <heddle/heddle.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>

#include <csignal>
#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>
#include <set>
#include <string>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using asio::ip::tcp;
using heddle::use_task;
using namespace std::chrono_literals;

using request = http::request<http::empty_body>;
using socket_stream = websocket::stream<tcp::socket>;

struct member {
    explicit member(socket_stream s) : peer(std::move(s)) {}

    socket_stream peer;
    heddle::channel<std::string> out{16};
};
using member_ptr = std::shared_ptr<member>;

struct room {
    heddle::channel<member_ptr> entering, leaving;
    heddle::channel<std::string> messages;
};

heddle::task<> broadcast(room r) {
    std::set<member_ptr> members;
    std::optional<member_ptr> m;
    std::optional<std::string> text;
    for (;;) {
        switch (co_await heddle::select(r.entering.receive(m), r.leaving.receive(m),
                                        r.messages.receive(text))) {
        case 0:
            members.insert(*m);
            break;
        case 1:
            members.erase(*m);
            break;
        case 2:
            for (auto& each : members)
                if (each->out.try_send(*text) == heddle::try_status::would_block)
                    each->peer.next_layer().close();  // dropped: it is too slow
        }
    }
}

heddle::task<> tell(member_ptr m) {
    try {
        while (auto text = co_await m->out.receive())
            co_await m->peer.async_write(asio::buffer(*text), use_task);
    } catch (const heddle::system_error&) {
        // The member has left, which `chat` will notice too.
    }
}

heddle::task<> chat(socket_stream peer, room r) {
    auto m = std::make_shared<member>(std::move(peer));
    auto telling = heddle::go(tell, m);
    co_await r.entering.send(m);
    try {
        for (beast::flat_buffer said;; said.clear()) {
            co_await m->peer.async_read(said, use_task);
            co_await r.messages.send(beast::buffers_to_string(said.data()));
        }
    } catch (const heddle::system_error&) {
        // The member has left, was dropped, or sent too long a message.
    }
    co_await r.leaving.send(m);
    m->out.close();
    co_await telling;
}

heddle::task<> echo(socket_stream peer) {
    for (beast::flat_buffer said;; said.clear()) {
        co_await peer.async_read(said, use_task);
        peer.text(peer.got_text());
        co_await peer.async_write(said.data(), use_task);
    }
}

heddle::task<> answer(tcp::socket& peer, const request& asked) {
    bool found = asked.target() == "/" && asked.method() == http::verb::get;
    http::response<http::string_body> r(
        found ? http::status::ok : http::status::not_found, asked.version());
    r.set(http::field::content_type, "text/html; charset=utf-8");
    r.body() = found ? page : "";
    r.keep_alive(false);
    r.prepare_payload();
    co_await http::async_write(peer, r, use_task);
    peer.shutdown(tcp::socket::shutdown_send);
}

heddle::task<> session(tcp::socket peer, room r, heddle::duration idle) {
    try {
        beast::flat_buffer input(8 << 10);
        request asked;
        co_await heddle::with_timeout(
            idle, [](auto& from, auto& buffer, auto& into) -> heddle::task<> {
                co_await http::async_read(from, buffer, into, use_task);
            }(peer, input, asked));
        std::string target(asked.target());
        if (!websocket::is_upgrade(asked) || (target != "/echo" && target != "/chat")) {
            co_await answer(peer, asked);
            co_return;
        }
        socket_stream upgraded(std::move(peer));
        upgraded.set_option(websocket::stream_base::timeout{idle, idle, true});
        upgraded.read_message_max(64 << 10);
        co_await upgraded.async_accept(asked, use_task);
        if (target == "/echo")
            co_await echo(std::move(upgraded));
        else
            co_await chat(std::move(upgraded), r);
    } catch (const heddle::system_error&) {
        // The peer has left, or does not keep to the protocol.
    } catch (const heddle::timed_out&) {
        // The peer was silent for too long.
    }
}

heddle::task<> serve(std::uint16_t port, heddle::duration idle) {
    heddle::signals stop({SIGINT, SIGTERM});
    tcp::acceptor acceptor(heddle::this_task::executor(),
                           {asio::ip::address_v4::loopback(), port});
    std::cout << "listening on " << acceptor.local_endpoint() << std::endl;
    room r;
    heddle::go(broadcast, r);
    auto each = [r, idle](tcp::socket peer) {
        return session(std::move(peer), r, idle);
    };
    co_await heddle::serve(std::move(acceptor), stop.token(), each, {.grace = 0s});
}

int main(int argc, char** argv) {
    std::uint16_t port = 0;
    int idle = 30'000;
    read_options(argc, argv, "websocket [--port N] [--idle MS]",
                 {{"port", port}, {"idle", idle}});
    try {
        heddle::run(serve(port, idle * 1ms));
    } catch (const heddle::system_error& e) {
        std::cerr << "websocket: " << e.what() << '\n';
        return 1;
    }
}
