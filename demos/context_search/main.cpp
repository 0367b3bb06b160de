// SPDX-License-Identifier: BSL-1.0
// A search over HTTP: its backends stop when the deadline passes, and when the client goes away.
// GET /search?q=WORD[&timeout=MS] or /stats. main.go is the same program in Go.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <asio/ip/tcp.hpp>
#include <asio/read_until.hpp>
#include <asio/write.hpp>

#include <array>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <iostream>
#include <sstream>
#include <string>
#include <system_error>

using asio::ip::tcp;
using namespace std::chrono_literals;

int running = 0, finished = 0, stopped = 0;  // backends; all are on this thread

struct counted {
    counted() { ++running; }
    ~counted() {
        --running;
        ++(done ? finished : stopped);
    }
    counted(const counted&) = delete;
    bool done = false;
};

heddle::task<> backend(std::string kind, std::string q, heddle::duration work,
                       std::string& result) {
    counted here;
    co_await heddle::sleep(work);
    result += kind + " of " + q + '\n';
    here.done = true;
}

heddle::task<std::string> search(std::string q, heddle::duration work) {
    std::string result;
    heddle::group backends;
    for (auto kind : {"web", "image", "video"})
        backends.go(backend, kind, q, work, std::ref(result));
    co_await backends.wait();
    co_return result;
}

std::string reply(const char* status, const std::string& body) {
    return std::string("HTTP/1.1 ") + status +
           "\r\nContent-Type: text/plain\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + body;
}

std::string parameter(const std::string& target, const std::string& name) {
    std::istringstream all(target.substr(target.find('?') + 1));
    for (std::string each; std::getline(all, each, '&');)
        if (each.starts_with(name + '='))
            return each.substr(name.size() + 1);
    return "";
}

// A request without a timeout has a minute.
heddle::task<std::string> answer(std::string request, heddle::duration work) {
    std::istringstream line(request.substr(0, request.find("\r\n")));
    std::string method, target, version, rest;
    line >> method >> target >> version;
    if (!version.starts_with("HTTP/1.") || line >> rest)
        co_return reply("400 Bad Request", "no HTTP\n");
    if (method != "GET")
        co_return reply("405 Method Not Allowed", "GET only\n");
    if (target == "/stats")
        co_return reply("200 OK", "running " + std::to_string(running) + " finished " +
                                      std::to_string(finished) + " stopped " +
                                      std::to_string(stopped) + '\n');
    if (!target.starts_with("/search?"))
        co_return reply("404 Not Found", "/search or /stats\n");
    auto q = parameter(target, "q");
    auto timeout = parameter(target, "timeout");
    int limit = 60000;
    auto end = timeout.data() + timeout.size();
    auto read = std::from_chars(timeout.data(), end, limit);
    bool number = read.ec == std::errc() && read.ptr == end && limit > 0;
    if (q.empty() || (!timeout.empty() && !number))
        co_return reply("400 Bad Request", "a search needs q, and a timeout in ms\n");
    auto result = co_await heddle::timeout(limit * 1ms, search(q, work));
    if (!result)
        co_return reply("504 Gateway Timeout", "too late\n");
    co_return reply("200 OK", *result);
}

heddle::task<> handle(tcp::socket peer, heddle::duration work) {
    std::string input;
    std::array<char, 1> more;
    try {
        auto n = co_await heddle::with_timeout(
            10s, [](auto& from, auto& to) -> heddle::task<std::size_t> {
                co_return co_await asio::async_read_until(
                    from, asio::dynamic_buffer(to, 8192), "\r\n\r\n", heddle::use_task);
            }(peer, input));
        auto answering = heddle::go(answer, input.substr(0, n), work);
        heddle::inflight leaving(
            peer.async_read_some(asio::buffer(more), heddle::use_task));
        auto first = co_await heddle::select(answering, leaving);
        if (first == 1)
            answering.cancel();  // the client has gone, or does not wait for the answer
        auto text = co_await answering;
        if (first == 0)
            co_await asio::async_write(peer, asio::buffer(text), heddle::use_task);
    } catch (const std::system_error&) {
        // The client has left, or its request is too long.
    } catch (const heddle::timed_out&) {
        // The client is too slow.
    } catch (const heddle::cancelled&) {
        // The client has gone, so the answer was cancelled.
    }
}

heddle::task<> serve(std::uint16_t port, heddle::duration work) {
    heddle::signals stop({SIGINT, SIGTERM});
    tcp::acceptor acceptor(heddle::this_task::executor(),
                           {asio::ip::address_v4::loopback(), port});
    std::cout << "listening on " << acceptor.local_endpoint() << std::endl;
    auto session = [work](tcp::socket peer) { return handle(std::move(peer), work); };
    co_await heddle::serve(std::move(acceptor), stop.token(), session, {.grace = 0s});
}

int main(int argc, char** argv) {
    std::uint16_t port = 0;
    int work = 100;
    read_options(argc, argv, "context_search [--port N] [--work MS]",
                 {{"port", port}, {"work", work}});
    try {
        heddle::run(serve(port, work * 1ms));
    } catch (const std::system_error& e) {
        std::cerr << "context_search: " << e.what() << '\n';
        return 1;
    }
}
