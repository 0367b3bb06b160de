// SPDX-License-Identifier: BSL-1.0
// A search over HTTP: its backends stop when the deadline passes, and when the client goes away.
// GET /search?q=WORD[&timeout=MS] or /stats. A client that only shuts its sending side is still there; net/http of
// main.go, the same program in Go, takes that for its leaving.
#include "../http.hpp"
#include "../options.hpp"

#include <charconv>
#include <cstdint>
#include <iostream>
#include <string>
#include <system_error>

using http::request;
using http::response;
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

response reply(int status, std::string text) {
    return http::reply(status, "text/plain", std::move(text));
}

response stats(const request&) {
    return reply(200, "running " + std::to_string(running) + " finished " +
                          std::to_string(finished) + " stopped " +
                          std::to_string(stopped) + '\n');
}

// A request without a timeout has a minute.
heddle::task<response> answer(request r, heddle::duration work) {
    auto q = r.parameter("q"), timeout = r.parameter("timeout");
    int limit = 60000;
    auto end = timeout.data() + timeout.size();
    auto read = std::from_chars(timeout.data(), end, limit);
    bool number = read.ec == std::errc() && read.ptr == end && limit > 0;
    if (q.empty() || (!timeout.empty() && !number))
        co_return reply(400, "a search needs q, and a timeout in ms\n");
    auto result = co_await heddle::timeout(limit * 1ms, search(q, work));
    if (!result)
        co_return reply(504, "too late\n");
    co_return reply(200, *result);
}

heddle::task<> serve(http::tcp::endpoint at, heddle::duration work) {
    auto searching = [work](request r, http::stream&) {
        return answer(std::move(r), work);
    };
    http::service service{
        {{"/search", {"GET", searching}}, {"/stats", {"GET", stats}}}};
    co_await http::serve(at, service);
}

int main(int argc, char** argv) {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;
    int work = 100;
    read_options(argc, argv, "context_search [--host ADDRESS] [--port N] [--work MS]",
                 {{"host", host, is_address}, {"port", port}, {"work", work}});
    try {
        heddle::run(serve({asio::ip::make_address(host), port}, work * 1ms));
    } catch (const std::system_error& e) {
        std::cerr << "context_search: " << e.what() << '\n';
        return 1;
    }
}
