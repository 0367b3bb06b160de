// SPDX-License-Identifier: BSL-1.0
// A TCP load balancer gives each connection to the backend that has the fewest. Each backend is a worker of the
// library's balancer; the bytes do not pass through that. main.go is the same program in Go, where one task owns the pool.
#include "../options.hpp"
#include "../progress.hpp"

#include <heddle/balancer.hpp>
#include <heddle/heddle.hpp>

#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>
#include <poll.h>
#include <string>
#include <sys/resource.h>
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

// If `on`, a close cuts the connection off by RST, as does the end of a killed program: so a cut does not look
// like an end. Asio is not told, as its destructor would undo it.
void cut_off_on_close(tcp::socket& socket, bool on) {
    linger how{on, 0};
    (void)setsockopt(socket.native_handle(), SOL_SOCKET, SO_LINGER, &how, sizeof how);
}

void close(connection a, connection b) {
    std::error_code already_gone;
    a->close(already_gone);
    b->close(already_gone);
}

// Copies until `from` has no more, and tells `to` so. If either connection breaks, so does the other.
heddle::task<bool> copy(connection to, connection from, moment last) {
    std::array<char, 16384> data;
    for (;;) {
        auto n = co_await settle(
            from->async_read_some(asio::buffer(data), heddle::use_task));
        if (n.code() == asio::error::eof) {
            std::error_code already_gone;
            to->shutdown(tcp::socket::shutdown_send, already_gone);
            co_return true;
        }
        *last = heddle::now();
        if (n)
            n = co_await settle(
                asio::async_write(*to, asio::buffer(data, *n), heddle::use_task));
        if (!n) {
            close(from, to);
            co_return false;
        }
        *last = heddle::now();
    }
}

// Closes both when the first was reset while nobody reads from it: it has ended before, or what it sent waits to
// be taken. The second that the rest of that may take is over for one that has not taken it.
heddle::task<> watch_for_reset(connection watched, connection other) {
    auto event =
        co_await settle(watched->async_wait(tcp::socket::wait_error, heddle::use_task));
    if (!event || !watched->is_open())
        co_return;
    pollfd state{watched->native_handle(), 0, 0};  // unlike a read, leaves the error
    if (poll(&state, 1, 0) != 1 || !(state.revents & POLLERR))
        co_return;  // both ends have said that they have ended
    co_await heddle::sleep(1s);
    close(watched, other);
}

// Closes both when no byte has passed for too long.
heddle::task<> watch(connection a, connection b, moment last, heddle::duration idle) {
    for (progress reads; *last + idle > heddle::now() || reads.made(*a, *b);)
        co_await heddle::sleep_until(std::max(*last, heddle::now()) + idle);
    close(a, b);
}

heddle::task<> connect(connection to, std::uint16_t port) {
    co_await to->async_connect({asio::ip::address_v4::loopback(), port},
                               heddle::use_task);
}

// Whether a connection failed for want of something of this program's: then no backend is to blame.
bool is_our_lack(const std::error_code& e) {
    constexpr std::array lacks{EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL};
    return e.category() == asio::error::get_system_category() &&
           std::ranges::count(lacks, e.value()) > 0;
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
        cut_off_on_close(*server, true);
        for (auto& each : {server, client})
            each->set_option(tcp::no_delay(true), already_gone);
        auto last = std::make_shared<heddle::time_point>(heddle::now());
        auto watching = heddle::go(watch, server, client, last, idle_);
        heddle::go(watch_for_reset, server, client);
        heddle::go(watch_for_reset, client, server);
        auto [asked, answered] = co_await heddle::when_all(copy(server, client, last),
                                                           copy(client, server, last));
        watching.cancel();
        if (asked && answered)
            for (auto& each : {server, client})
                cut_off_on_close(*each, false);
        close(server, client);
    }

    balancer all_;
    std::uint16_t port_;
    heddle::duration idle_;
    std::optional<balancer::worker> self_;
};

// Each session takes two descriptors; clients beyond that wait in the backlog of the system, and not for a backend.
std::ptrdiff_t most_sessions() {
    rlimit descriptors{};
    getrlimit(RLIMIT_NOFILE, &descriptors);
    auto most = std::min<rlim_t>(descriptors.rlim_cur, 20'000);
    return most > 18 ? static_cast<std::ptrdiff_t>(most - 16) / 2 : 1;
}

heddle::task<> serve(tcp::endpoint at, std::vector<std::uint16_t> ports,
                     heddle::duration idle) {
    heddle::signals stop({SIGINT, SIGTERM});
    tcp::acceptor acceptor(heddle::this_task::executor(), at);
    std::cout << "listening on " << acceptor.local_endpoint() << std::endl;
    balancer b;
    std::vector<std::unique_ptr<backend>> backends;
    for (auto each : ports)
        backends.push_back(std::make_unique<backend>(b, each, idle));
    auto session = [b, n = ports.size()](tcp::socket client) -> heddle::task<> {
        cut_off_on_close(client, true);
        heddle::oneshot<heddle::unit> served;
        request r{std::make_shared<tcp::socket>(std::move(client)), n,
                  std::move(served.promise)};
        co_await b.send(std::move(r));
        co_await settle(served.future.get());
    };
    heddle::serve_options limits{.sessions = most_sessions(), .grace = 0s};
    co_await heddle::serve(std::move(acceptor), stop.token(), session, limits);
}

int main(int argc, char** argv) {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;
    int idle = 300'000;
    auto usage =
        "tcp_balancer [--host ADDRESS] [--port N] [--idle MS] BACKEND...   (ports)";
    auto given = read_options(
        argc, argv, usage, {{"host", host, is_address}, {"port", port}, {"idle", idle}},
        1, 1000);
    std::vector<std::uint16_t> backends;
    for (auto& each : given) {
        auto end = each.data() + each.size();
        int number = 0;
        auto read = std::from_chars(each.data(), end, number);
        if (read.ptr != end || number < 1 || number > 65535)
            wrong_usage(usage);
        backends.push_back(static_cast<std::uint16_t>(number));
    }
    try {
        heddle::run(serve({asio::ip::make_address(host), port}, backends, idle * 1ms));
    } catch (const std::system_error& e) {
        std::cerr << "tcp_balancer: " << e.what() << '\n';
        return 1;
    }
}
