// SPDX-License-Identifier: BSL-1.0
// An HTTP server on one thread holds a thousand requests at once, each in a task of its own.
// Boost.Beast parses and serialises; the sockets are heddle's. main.go is the same program in Go.
#include "../http.hpp"
#include "../options.hpp"

#include <asio/ip/tcp.hpp>
#include <asio/signal_set.hpp>
#include <asio/write.hpp>

#include <cctype>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <iostream>
#include <map>
#include <string>
#include <system_error>

using asio::ip::tcp;
using namespace std::chrono_literals;

response refuse(status code) {
    return reply(code, "text/plain", std::string(http::obsolete_reason(code)) + '\n');
}

heddle::task<response> hello(request) {
    co_await heddle::sleep(100ms);  // the work
    co_return reply(status::ok, "text/plain", "hello\n");
}

heddle::task<response> count(request) {
    static int counted = 0;  // no lock: all requests are on this thread
    co_await heddle::sleep(100ms);
    auto number = std::to_string(++counted);
    co_return reply(status::ok, "application/json", "{\"count\": " + number + "}\n");
}

heddle::task<response> square(request r) {
    co_await heddle::sleep(100ms);
    std::string query(r.target().substr(r.target().find('?') + 1));
    std::int32_t n = 0;
    auto end = query.data() + query.size();
    auto read = std::from_chars(query.data() + query.find('=') + 1, end, n);
    if (!query.starts_with("n=") || read.ptr != end || read.ec != std::errc())
        co_return refuse(status::bad_request);
    auto result = std::to_string(std::int64_t(n) * n);
    co_return reply(status::ok, "application/json", "{\"square\": " + result + "}\n");
}

heddle::task<response> upper(request r) {
    co_await heddle::sleep(100ms);
    for (char& c : r.body())
        c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    co_return reply(status::ok, "text/plain", r.body());
}

struct endpoint {
    http::verb method;
    heddle::task<response> (*answer)(request);
};
const std::map<std::string, endpoint> endpoints{{"/count", {http::verb::get, count}},
                                                {"/hello", {http::verb::get, hello}},
                                                {"/square", {http::verb::get, square}},
                                                {"/upper", {http::verb::post, upper}}};

heddle::task<response> handle(request r) {
    auto found = endpoints.find(path_of(r));
    if (found == endpoints.end())
        co_return refuse(status::not_found);
    auto [method, answer] = found->second;
    if (r.method() == method)
        co_return co_await answer(std::move(r));
    auto refusal = refuse(status::method_not_allowed);
    refusal.set(http::field::allow, http::to_string(method));
    co_return refusal;
}

heddle::task<> converse(tcp::socket peer) {
    std::string input;
    try {
        for (bool open = true; open;) {
            request_parser parser;
            auto code = co_await read(peer, input, parser);
            open = code == status::ok && parser.keep_alive();
            auto answer = refuse(code);
            if (code == status::ok)
                answer = co_await handle(parser.release());
            answer.keep_alive(open);
            answer.prepare_payload();
            auto bytes = serialize(answer);
            co_await asio::async_write(peer, asio::buffer(bytes), heddle::use_task);
        }
        peer.shutdown(tcp::socket::shutdown_send);
        co_await heddle::timeout(1s,
                                 read_all(peer));  // the peer closes its half, or not
    } catch (const std::system_error&) {
        // The peer has left.
    }
}

heddle::task<> accept_all(tcp::acceptor acceptor) {
    for (;;) {
        try {
            heddle::go(converse, co_await acceptor.async_accept(heddle::use_task));
            continue;
        } catch (const std::system_error& e) {
            std::cerr << "accept: " << e.what() << std::endl;
        }
        co_await heddle::sleep(100ms);  // until descriptors are free again
    }
}

heddle::task<> serve(std::uint16_t port) {
    auto here = heddle::this_task::executor();
    asio::signal_set stop(here, SIGINT, SIGTERM);
    tcp::acceptor acceptor(here, {asio::ip::address_v4::loopback(), port});
    std::cout << "listening on " << acceptor.local_endpoint() << std::endl;
    heddle::go(accept_all, std::move(acceptor));
    co_await stop.async_wait(heddle::use_task);
}

int main(int argc, char** argv) {
    std::uint16_t port = 0;
    read_options(argc, argv,
                 "four_endpoints [--port N]   (0, the default: any free port)",
                 {{"port", port}});
    try {
        heddle::run(serve(port));
    } catch (const std::system_error& e) {
        std::cerr << "four_endpoints: " << e.what() << '\n';
        return 1;
    }
}
