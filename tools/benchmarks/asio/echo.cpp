// SPDX-License-Identifier: BSL-1.0
// TCP echo servers in Asio: coroutines, and callbacks. They print their port, and run until
// they are killed.
#include "peer.hpp"

#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>

#include <cstdio>

namespace {

using tcp = asio::ip::tcp;
using tcp_acceptor = asio::basic_socket_acceptor<tcp, executor>;
using tcp_socket = asio::basic_stream_socket<tcp, executor>;

template <class Acceptor>
void print_port(const Acceptor& acceptor) {
    std::printf("%d\n", acceptor.local_endpoint().port());
    std::fflush(stdout);
}

const tcp::endpoint anywhere(asio::ip::address_v4::loopback(), 0);

// ---- a coroutine for each connection ----

awaitable<> echo(tcp_socket peer) {
    char data[4096];
    for (;;) {
        auto [failed, n] =
            co_await peer.async_read_some(asio::buffer(data), as_tuple(use_awaitable));
        if (failed)
            co_return;
        auto [broken, written] = co_await asio::async_write(peer, asio::buffer(data, n),
                                                            as_tuple(use_awaitable));
        if (broken)
            co_return;
    }
}

awaitable<result> serve(asio::io_context& io, arguments) {
    tcp_acceptor acceptor(io.get_executor(), anywhere);
    print_port(acceptor);
    for (;;) {
        tcp_socket peer = co_await acceptor.async_accept(use_awaitable);
        peer.set_option(tcp::no_delay(true));
        go(io, echo(std::move(peer)));
    }
}

// ---- an object with callbacks for each connection ----

class session : public std::enable_shared_from_this<session> {
public:
    explicit session(tcp::socket peer) : peer_(std::move(peer)) {}

    void read() {
        peer_.async_read_some(
            asio::buffer(data_),
            [self = shared_from_this()](asio::error_code e, std::size_t n) {
                if (!e)
                    self->write(n);
            });
    }

private:
    void write(std::size_t n) {
        asio::async_write(peer_, asio::buffer(data_, n),
                          [self = shared_from_this()](asio::error_code e, std::size_t) {
                              if (!e)
                                  self->read();
                          });
    }

    tcp::socket peer_;
    char data_[4096];
};

void accept(tcp::acceptor& acceptor) {
    acceptor.async_accept([&acceptor](asio::error_code e, tcp::socket peer) {
        if (e)
            return;
        peer.set_option(tcp::no_delay(true));
        std::make_shared<session>(std::move(peer))->read();
        accept(acceptor);
    });
}

result serve_by_callbacks(arguments) {
    asio::io_context io(1);
    tcp::acceptor acceptor(io, anywhere);
    print_port(acceptor);
    accept(acceptor);
    io.run();
    return {};
}

const workload workloads[] = {
    {"echo", run<serve>},
    {"echo_callbacks", serve_by_callbacks},
};

}  // namespace
