// SPDX-License-Identifier: BSL-1.0
// A TCP load balancer gives each connection to the backend that has the fewest.
// One task owns the pool; the bytes do not pass through it. main.go is the same program in Go.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>
#include <system_error>
#include <tuple>
#include <vector>

using asio::ip::tcp;
using namespace std::chrono_literals;
using connection = std::shared_ptr<tcp::socket>;

struct backend {
    std::uint16_t port;
    int pending;
    heddle::time_point down_until;
};
struct result {
    backend* from;
    bool reached;
};
struct balancer {
    heddle::channel<heddle::channel<backend*>> requests;  // each brings a channel
    heddle::channel<result> done;
};

heddle::task<> balance(balancer b, std::vector<std::uint16_t> ports) {
    std::vector<backend> pool;
    for (auto port : ports)
        pool.push_back({port, 0, {}});
    std::optional<heddle::channel<backend*>> reply;
    std::optional<result> r;
    for (;;) {
        switch (co_await heddle::select(b.requests.receive(reply), b.done.receive(r))) {
        case 0: {
            auto load = [now = heddle::now()](const backend& each) {
                return std::tuple(each.down_until > now, each.pending);
            };
            auto least = std::ranges::min_element(pool, {}, load);
            ++least->pending;
            co_await reply->send(&*least);  // never waits: there is room
            break;
        }
        case 1:
            --r->from->pending;
            if (!r->reached)
                r->from->down_until = heddle::now() + 1s;
        }
    }
}

using moment = std::shared_ptr<heddle::time_point>;  // of the last byte

// Copies until `from` has no more; if either connection fails, both are closed.
heddle::task<> copy(connection to, connection from, moment last) {
    std::array<char, 16384> data;
    try {
        for (;;) {
            auto buffer = asio::buffer(data);
            auto n = co_await from->async_read_some(buffer, heddle::use_task);
            *last = heddle::now();
            co_await asio::async_write(*to, asio::buffer(buffer, n), heddle::use_task);
            *last = heddle::now();
        }
    } catch (const std::system_error& e) {
        if (e.code() == asio::error::eof)
            co_return;
        from->close();
        to->close();
    }
}

void end_of_data(connection to) {
    std::error_code already_gone;
    to->shutdown(tcp::socket::shutdown_send, already_gone);
}

// Closes both connections when no byte has passed for too long.
heddle::task<> watch(connection a, connection b, moment last, heddle::duration idle) {
    while (*last + idle > heddle::now())
        co_await heddle::sleep_until(*last + idle);
    a->close();
    b->close();
}

heddle::task<> ask(connection server, connection client, moment last) {
    co_await copy(server, client, last);
    end_of_data(server);
}

heddle::task<bool> connect(connection to, std::uint16_t port) {
    tcp::endpoint there(asio::ip::address_v4::loopback(), port);
    try {
        co_return co_await heddle::timeout(
            1s, [](auto socket, auto end) -> heddle::task<> {
                co_await socket->async_connect(end, heddle::use_task);
            }(to, there));
    } catch (const std::system_error&) {
    }
    co_return false;
}

heddle::task<> proxy(tcp::socket socket, balancer b, std::size_t attempts,
                     heddle::duration idle) {
    auto client = std::make_shared<tcp::socket>(std::move(socket));
    heddle::channel<backend*> reply(1);
    for (; attempts > 0; --attempts) {
        co_await b.requests.send(reply);
        auto chosen = co_await reply.receive();
        auto server = std::make_shared<tcp::socket>(client->get_executor());
        bool reached = co_await connect(server, (*chosen)->port);
        if (!reached) {
            co_await b.done.emplace(*chosen, false);
            continue;
        }
        std::error_code already_gone;
        for (auto& each : {server, client})
            each->set_option(tcp::no_delay(true), already_gone);
        auto last = std::make_shared<heddle::time_point>(heddle::now());
        auto watching = heddle::go(watch, server, client, last, idle);
        auto asking = heddle::go(ask, server, client, last);
        co_await copy(client, server, last);
        co_await b.done.emplace(*chosen, true);
        end_of_data(client);
        co_await heddle::select(asking, heddle::after(1s));
        watching.cancel();
        server->close();
        client->close();
        co_return;
    }
    std::cerr << "no backend answers" << std::endl;
}

heddle::task<> serve(std::uint16_t port, std::vector<std::uint16_t> backends,
                     heddle::duration idle) {
    heddle::signals stop({SIGINT, SIGTERM});
    tcp::acceptor acceptor(heddle::this_task::executor(),
                           {asio::ip::address_v4::loopback(), port});
    std::cout << "listening on " << acceptor.local_endpoint() << std::endl;
    balancer b;
    heddle::go(balance, b, backends);
    auto session = [=](tcp::socket client) {
        return proxy(std::move(client), b, backends.size(), idle);
    };
    co_await heddle::serve(std::move(acceptor), stop.token(), session, {.grace = 0s});
}

int main(int argc, char** argv) {
    std::uint16_t port = 0;
    int idle = 300'000;
    auto usage = "tcp_balancer [--port N] [--idle MS] BACKEND...   (ports)";
    auto given =
        read_options(argc, argv, usage, {{"port", port}, {"idle", idle}}, 1, 1000);
    std::vector<std::uint16_t> backends;
    for (auto& each : given) {
        auto end = each.data() + each.size();
        int number = 0;
        auto read = std::from_chars(each.data(), end, number);
        if (read.ptr != end || number < 1 || number > 65535) {
            std::cerr << "usage: " << usage << '\n';
            return 2;
        }
        backends.push_back(static_cast<std::uint16_t>(number));
    }
    try {
        heddle::run(serve(port, backends, idle * 1ms));
    } catch (const std::system_error& e) {
        std::cerr << "tcp_balancer: " << e.what() << '\n';
        return 1;
    }
}
