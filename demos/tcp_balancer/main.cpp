// SPDX-License-Identifier: BSL-1.0
// A TCP load balancer gives each connection to the backend that has the fewest. Each backend is a worker of the
// library's balancer; the bytes do not pass through that. main.go is the same program in Go, where one task owns the pool.
#include "../options.hpp"

#include <heddle/balancer.hpp>
#include <heddle/heddle.hpp>

#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>

#include <array>
#include <csignal>
#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

using asio::ip::tcp;
using heddle::settle;
using namespace std::chrono_literals;
using connection = std::shared_ptr<tcp::socket>;
using moment = std::shared_ptr<heddle::time_point>;  // of the last byte

// A client, how many backends it may still be given to, and a promise that is dropped when it has been served.
struct request {
    connection client;
    std::size_t attempts;
    heddle::promise<heddle::unit> served;
};
using balancer = heddle::balancer<request>;

// Closes by RST, as a connection that broke: what was cut off must not look like an end.
void reset(tcp::socket& socket) {
    std::error_code already_gone;
    socket.set_option(asio::socket_base::linger(true, 0), already_gone);
    socket.close(already_gone);
}

// Copies until `from` has no more, and tells `to` so. If either connection breaks, so does the other.
heddle::task<> copy(connection to, connection from, moment last) {
    std::array<char, 16384> data;
    for (;;) {
        auto n = co_await settle(
            from->async_read_some(asio::buffer(data), heddle::use_task));
        if (n.code() == asio::error::eof) {
            std::error_code already_gone;
            to->shutdown(tcp::socket::shutdown_send, already_gone);
            co_return;
        }
        if (!n)
            break;
        *last = heddle::now();
        if (!co_await settle(
                asio::async_write(*to, asio::buffer(data, *n), heddle::use_task)))
            break;
        *last = heddle::now();
    }
    reset(*from);
    reset(*to);
}

// Resets both connections when no byte has passed for too long.
heddle::task<> watch(connection a, connection b, moment last, heddle::duration idle) {
    while (*last + idle > heddle::now())
        co_await heddle::sleep_until(*last + idle);
    reset(*a);
    reset(*b);
}

heddle::task<> connect(connection to, std::uint16_t port) {
    co_await to->async_connect({asio::ip::address_v4::loopback(), port},
                               heddle::use_task);
}

// Whether a connection failed for want of something of this program's: then no backend is to blame.
bool is_our_lack(const std::error_code& e) {
    return e == std::errc::too_many_files_open ||
           e == std::errc::too_many_files_open_in_system ||
           e == std::errc::no_buffer_space || e == std::errc::not_enough_memory ||
           e == std::errc::address_not_available;
}

class backend {
public:
    backend(balancer b, std::uint16_t port, heddle::duration idle)
        : all_(b), port_(port), idle_(idle) {
        self_.emplace(
            all_.add([this](request r) { return handle(std::move(r)); }, 10'000));
    }

private:
    heddle::task<> handle(request r) {
        auto server = std::make_shared<tcp::socket>(r.client->get_executor());
        auto connected =
            co_await settle(heddle::with_timeout(1s, connect(server, port_)));
        while (!connected && is_our_lack(connected.code())) {
            co_await heddle::sleep(100ms);
            connected =
                co_await settle(heddle::with_timeout(1s, connect(server, port_)));
        }
        if (connected) {
            co_await proxy(r.client, server);
        } else if (--r.attempts > 0) {
            self_->pause();
            heddle::go(resume_later, this);
            co_await all_.send(std::move(r));
        } else {
            std::cerr << "no backend answers" << std::endl;
        }
    }

    static heddle::task<> resume_later(backend* self) {
        co_await heddle::sleep(1s);
        self->self_->resume();
    }

    heddle::task<> proxy(connection client, connection server) {
        std::error_code already_gone;
        for (auto& each : {server, client})
            each->set_option(tcp::no_delay(true), already_gone);
        auto last = std::make_shared<heddle::time_point>(heddle::now());
        auto watching = heddle::go(watch, server, client, last, idle_);
        co_await heddle::when_all(copy(server, client, last),
                                  copy(client, server, last));
        watching.cancel();
    }

    balancer all_;
    std::uint16_t port_;
    heddle::duration idle_;
    std::optional<balancer::worker> self_;
};

heddle::task<> serve(std::uint16_t port, std::vector<std::uint16_t> ports,
                     heddle::duration idle) {
    heddle::signals stop({SIGINT, SIGTERM});
    tcp::acceptor acceptor(heddle::this_task::executor(),
                           {asio::ip::address_v4::loopback(), port});
    std::cout << "listening on " << acceptor.local_endpoint() << std::endl;
    balancer b;
    std::vector<std::unique_ptr<backend>> backends;
    for (auto each : ports)
        backends.push_back(std::make_unique<backend>(b, each, idle));
    auto session = [b, n = ports.size()](tcp::socket client) -> heddle::task<> {
        heddle::oneshot<heddle::unit> served;
        request r{std::make_shared<tcp::socket>(std::move(client)), n,
                  std::move(served.promise)};
        co_await b.send(std::move(r));
        co_await settle(served.future.get());
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
