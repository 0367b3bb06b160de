// SPDX-License-Identifier: BSL-1.0
// The stages of gophers serve a file over TCP: books are bytes, a cart is a buffer, the fire is a browser.
// main.go is the same program in Go.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <asio/ip/tcp.hpp>
#include <asio/read_until.hpp>
#include <asio/signal_set.hpp>
#include <asio/write.hpp>

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <system_error>

using asio::ip::tcp;
using namespace std::chrono_literals;

using cart = std::string;
constexpr std::size_t cartload = 4096;

std::ifstream open(const std::string& path, std::uintmax_t& size) {
    size = std::filesystem::file_size(path);
    std::ifstream file(path, std::ios::binary);
    if (!file)
        throw std::system_error(errno, std::generic_category(), path);
    return file;
}

cart fill(std::ifstream& pile, cart c) {
    c.resize(cartload);
    pile.read(c.data(), cartload);
    c.resize(static_cast<std::size_t>(pile.gcount()));
    return c;
}

heddle::task<> loader(heddle::receiver<cart> empty, std::ifstream& pile,
                      heddle::sender<cart> full) {
    while (auto c = co_await empty.receive()) {
        *c = co_await heddle::go_blocking(fill, std::ref(pile), std::move(*c));
        if (c->empty())
            break;
        co_await full.send(std::move(*c));
    }
    full.close();
}

heddle::task<> mover(heddle::receiver<cart> full, tcp::socket& client,
                     heddle::sender<cart> back) {
    while (auto c = co_await full.receive()) {
        co_await asio::async_write(client, asio::buffer(*c), heddle::use_task);
        co_await back.send(std::move(*c));
    }
    back.close();
}

heddle::task<> returner(heddle::receiver<cart> back, heddle::sender<cart> empty) {
    while (auto c = co_await back.receive())
        co_await empty.send(std::move(*c));
}

// The client unloads the carts. If it is slow, all stages are: there are no other carts.
heddle::task<> haul(std::ifstream& pile, tcp::socket& client) {
    constexpr int carts = 4;
    heddle::channel<cart> empty(carts), full(carts), back(carts);
    for (int i = 0; i < carts; ++i)
        co_await empty.emplace();
    heddle::group gophers;  // if one gopher fails, all end
    gophers.go(loader, empty, std::ref(pile), full);
    gophers.go(mover, full, std::ref(client), back);
    gophers.go(returner, back, empty);
    co_await gophers.wait();
}

heddle::task<> answer(tcp::socket client, std::string path) {
    try {
        std::string request;
        auto buffer = asio::dynamic_buffer(request, 8192);
        co_await asio::async_read_until(client, buffer, "\r\n\r\n", heddle::use_task);
        std::uintmax_t size;
        auto pile = open(path, size);
        auto head =
            "HTTP/1.0 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n";
        co_await asio::async_write(client, asio::buffer(head), heddle::use_task);
        co_await haul(pile, client);
    } catch (const std::system_error& e) {
        std::cerr << e.what() << std::endl;  // the client or the file has gone
    }
}

heddle::task<> accept_all(tcp::acceptor acceptor, std::string path) {
    for (;;) {
        try {
            heddle::go(answer, co_await acceptor.async_accept(heddle::use_task), path);
            continue;
        } catch (const std::system_error& e) {
            std::cerr << "accept: " << e.what() << std::endl;
        }
        co_await heddle::sleep(100ms);  // until descriptors are free again
    }
}

heddle::task<> serve(std::uint16_t port, std::string path) {
    std::uintmax_t size;
    open(path, size);  // reports at once a file that cannot be read
    auto here = heddle::this_task::executor();
    asio::signal_set stop(here, SIGINT, SIGTERM);
    tcp::acceptor acceptor(here, {asio::ip::address_v4::loopback(), port});
    std::cout << "listening on " << acceptor.local_endpoint() << std::endl;
    heddle::go(accept_all, std::move(acceptor), path);
    co_await stop.async_wait(heddle::use_task);
}

int main(int argc, char** argv) {
    std::uint16_t port = 0;
    auto files = read_options(argc, argv,
                              "gopher_web [--port N] [FILE]   (port 0, the default: "
                              "any; the file is else its own program)",
                              {{"port", port}}, 0, 1);
    try {
        heddle::run(serve(port, files.empty() ? "/proc/self/exe" : files[0]));
    } catch (const std::system_error& e) {
        std::cerr << "gopher_web: " << e.what() << '\n';
        return 1;
    }
}
