// SPDX-License-Identifier: BSL-1.0
// An HTTP service for production: JSON, a stream, metrics, TLS, and protection from clients that misbehave.
// GET /hello?name=N, POST /sum of [numbers], GET /ticks?n=N, GET /metrics. main.go is the same program in Go.
#include "../http.hpp"
#include "../http/connection.hpp"
#include "../options.hpp"

#include <asio/ssl.hpp>
#include <nlohmann/json.hpp>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <iostream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <utility>

using asio::ip::tcp;
using http::request;
using http::response;
using namespace std::chrono_literals;
using nlohmann::json;

// They need no lock: all tasks are on this thread.
struct {
    std::map<std::pair<std::string, int>, long> requests;
    int connections = 0;

    std::string text() const {
        std::ostringstream to;
        to << "# TYPE http_requests_total counter\n";
        for (auto& [key, n] : requests)
            to << "http_requests_total{path=\"" << key.first << "\",code=\""
               << key.second << "\"} " << n << '\n';
        to << "# TYPE http_connections gauge\nhttp_connections " << connections << '\n';
        return to.str();
    }
} metrics;

struct counted {
    counted() { ++metrics.connections; }
    ~counted() { --metrics.connections; }
    counted(const counted&) = delete;
};

response reply(int status, const json& body) {
    auto text = body.dump(-1, ' ', false, json::error_handler_t::replace);
    return http::reply(status, "application/json", text + '\n');
}
response refuse(int status) {
    return reply(status, json{{"error", http::reason(status)}});
}

response hello(const request& r) {
    auto name = r.parameter("name");
    return reply(200, json{{"hello", name.empty() ? "world" : name}});
}

response sum(const request& r) {
    auto numbers = json::parse(r.body, nullptr, false);
    bool good = numbers.is_array();
    double total = 0;
    for (auto each = numbers.begin(); good && each != numbers.end(); ++each)
        if ((good = each->is_number()))
            total += each->get<double>();
    good = good && std::isfinite(total);  // JSON has no word for infinity
    return good ? reply(200, json{{"sum", total}}) : refuse(400);
}

response show_metrics(const request&) {
    return http::reply(200, "text/plain; version=0.0.4", metrics.text());
}

json numbered(int i) { return {{"tick", i}}; }

heddle::task<> tick(heddle::sender<json> out, int n) {
    for (int i = 1; i <= n; ++i) {
        co_await heddle::sleep(10ms);
        co_await out.send(numbered(i));
    }
    out.close();
}

std::optional<int> how_many(const request& r) {
    auto text = r.parameter("n");
    if (text.empty())
        return 5;
    int n = 0;
    auto end = text.data() + text.size();
    auto [rest, error] = std::from_chars(text.data(), end, n);
    return rest == end && error == std::errc() && n >= 0 ? std::optional(n)
                                                         : std::nullopt;
}

// Writes a chunk for each value of the channel. If the client leaves, the task that sends ends too.
heddle::task<response> stream_ticks(request r, http::stream& out) {
    auto n = how_many(r);
    if (!n)
        co_return refuse(400);
    bool wanted = co_await out.begin("application/x-ndjson");
    if (!wanted)
        co_return out.end();
    heddle::channel<json> ticks;
    heddle::group senders;
    senders.go(tick, ticks, *n);
    while (auto each = co_await ticks.receive()) {
        auto line = each->dump() + '\n';
        co_await out.write(line);
    }
    co_await senders.wait();
    co_return out.end();
}

heddle::task<> plain(tcp::socket peer, heddle::done_token stop,
                     const http::service& service) {
    counted here;
    co_await http::session(std::move(peer), stop, service);
}
heddle::task<> secure(tcp::socket peer, heddle::done_token stop,
                      const http::service& service, asio::ssl::context& tls) {
    counted here;
    http::connection c(asio::ssl::stream<tcp::socket>(std::move(peer), tls), stop,
                       service);
    co_await c.converse();
}

heddle::task<> serve(tcp::endpoint at, http::time_limits limits, std::string pem) {
    http::service service{
        {{"/hello", {"GET", hello}},
         {"/metrics", {"GET", show_metrics}},
         {"/sum", {"POST", sum}},
         {"/ticks", {"GET", stream_ticks}}},
        refuse,
        [](const std::string& path, int status) { ++metrics.requests[{path, status}]; },
        limits};
    asio::ssl::context tls(asio::ssl::context::tls_server);
    if (!pem.empty()) {
        tls.use_certificate_chain_file(pem);
        tls.use_private_key_file(pem, asio::ssl::context::pem);
    }
    auto session = [&](tcp::socket peer, heddle::done_token stop) {
        return pem.empty() ? plain(std::move(peer), stop, service)
                           : secure(std::move(peer), stop, service, tls);
    };
    co_await http::serve(at, session);
}

int main(int argc, char** argv) {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;
    int header = 10000, idle = 30000;
    std::string pem;
    read_options(argc, argv,
                 "http_service [--host ADDRESS] [--port N] [--header MS] [--idle MS] "
                 "[--tls PEM]",
                 {{"host", host, is_address},
                  {"port", port},
                  {"header", header},
                  {"idle", idle},
                  {"tls", pem}});
    // No limit is longer than the one for a client that is idle.
    http::time_limits limits{std::min(header, idle) * 1ms, idle * 1ms, idle * 1ms,
                             idle * 1ms};
    try {
        heddle::run(serve({asio::ip::make_address(host), port}, limits, pem));
    } catch (const heddle::system_error& e) {
        std::cerr << "http_service: " << e.what() << '\n';
        return 1;
    }
}
