// SPDX-License-Identifier: BSL-1.0
// The stages of gophers serve a file over HTTP: books are bytes, a cart is a buffer, the fire is a browser.
// main.go is the same program in Go.
#include "../http.hpp"
#include "../options.hpp"

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <system_error>

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

heddle::task<> mover(heddle::receiver<cart> full, http::stream& client,
                     heddle::sender<cart> back) {
    while (auto c = co_await full.receive()) {
        co_await client.write(*c);
        co_await back.send(std::move(*c));
    }
    back.close();
}

heddle::task<> returner(heddle::receiver<cart> back, heddle::sender<cart> empty) {
    while (auto c = co_await back.receive())
        co_await empty.send(std::move(*c));
}

// The client unloads the carts. If it is slow, all stages are: there are no other carts.
heddle::task<> haul(std::ifstream& pile, http::stream& client) {
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

heddle::task<http::response> answer(std::string path, http::stream& client) {
    std::uintmax_t size;
    auto pile = open(path, size);
    bool wanted = co_await client.begin("application/octet-stream", size);
    if (wanted)
        co_await haul(pile, client);
    co_return client.end();
}

heddle::task<> serve(http::tcp::endpoint at, std::string path) {
    std::uintmax_t size;
    open(path, size);  // reports at once a file that cannot be read
    auto fetch = [path](http::request, http::stream& client) {
        return answer(path, client);
    };
    http::service service{{{"/", {"GET", fetch}}}};
    co_await http::serve(at, service);
}

int main(int argc, char** argv) {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;
    auto files =
        read_options(argc, argv,
                     "gopher_web [--host ADDRESS] [--port N] [FILE]   (port 0, the "
                     "default: any; the file is else its own program)",
                     {{"host", host, is_address}, {"port", port}}, 0, 1);
    try {
        heddle::run(serve({asio::ip::make_address(host), port},
                          files.empty() ? "/proc/self/exe" : files[0]));
    } catch (const std::system_error& e) {
        std::cerr << "gopher_web: " << e.what() << '\n';
        return 1;
    }
}
