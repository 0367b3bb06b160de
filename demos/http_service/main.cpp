// SPDX-License-Identifier: BSL-1.0
// An HTTP service for production: JSON, a stream, metrics, TLS, and protection from clients that misbehave.
// GET /hello?name=N, POST /sum of [numbers], GET /ticks?n=N, GET /metrics. main.go is the same program in Go.
#include "../http.hpp"
#include "../options.hpp"

#include <asio/ip/tcp.hpp>
#include <asio/ssl.hpp>
#include <asio/write.hpp>
#include <nlohmann/json.hpp>

#include <charconv>
#include <csignal>
#include <cstdint>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <utility>

using asio::ip::tcp;
using namespace std::chrono_literals;
using nlohmann::json;
using tls_stream = asio::ssl::stream<tcp::socket>;

// They need no lock: all tasks are on this thread.
struct {
    std::map<std::pair<std::string, unsigned>, long> requests;
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

response reply(status code, const json& body) {
    auto text = body.dump(-1, ' ', false, json::error_handler_t::replace);
    return reply(code, "application/json", text + '\n');
}
response refuse(status code) {
    return reply(code, json{{"error", std::string(http::obsolete_reason(code))}});
}

// Returns "" if there is no such parameter.
std::string parameter(const request& r, const std::string& name) {
    std::istringstream all(std::string(r.target()).substr(path_of(r).size()));
    all.ignore();  // '?'
    for (std::string each; std::getline(all, each, '&');)
        if (each.starts_with(name + '='))
            return each.substr(name.size() + 1);
    return "";
}

response hello(const request& r) {
    auto name = parameter(r, "name");
    return reply(status::ok, json{{"hello", name.empty() ? "world" : name}});
}

response sum(const request& r) {
    auto numbers = json::parse(r.body(), nullptr, false);
    bool good = numbers.is_array();
    double total = 0;
    for (auto each = numbers.begin(); good && each != numbers.end(); ++each)
        if ((good = each->is_number()))
            total += each->get<double>();
    return good ? reply(status::ok, json{{"sum", total}}) : refuse(status::bad_request);
}

response show_metrics(const request&) {
    return reply(status::ok, "text/plain; version=0.0.4", metrics.text());
}

struct endpoint {
    http::verb method;
    response (*answer)(const request&);  // null for a stream
};
const std::map<std::string, endpoint> endpoints{
    {"/hello", {http::verb::get, hello}},
    {"/metrics", {http::verb::get, show_metrics}},
    {"/sum", {http::verb::post, sum}},
    {"/ticks", {http::verb::get, nullptr}}};

// A connection. Each wait for its peer ends when the peer has been idle for too long.
template <class Stream>
struct connection {
    Stream peer;
    heddle::duration idle;

    heddle::task<> write(std::string bytes) {
        auto writing = [](Stream& to, std::string& all) -> heddle::task<> {
            co_await asio::async_write(to, asio::buffer(all), heddle::use_task);
        };
        co_await heddle::with_timeout(idle, writing(peer, bytes));
    }
    heddle::task<> write(response answer, bool open) {
        answer.keep_alive(open);
        answer.prepare_payload();
        auto bytes = serialize(std::move(answer));
        co_await write(std::move(bytes));
    }
    heddle::task<> stream_ticks(int n, bool open);
    heddle::task<status> handle(request r, bool open);
    heddle::task<> converse();
};

// Returns -1 if the parameter is no number.
int how_many(const request& r) {
    int n = 5;
    auto text = parameter(r, "n");
    auto end = text.data() + text.size();
    auto [rest, error] = std::from_chars(text.data(), end, n);
    return text.empty() || (rest == end && error == std::errc() && n >= 0) ? n : -1;
}

json numbered(int i) { return {{"tick", i}}; }

heddle::task<> tick(heddle::sender<json> out, int n) {
    for (int i = 1; i <= n; ++i) {
        co_await heddle::sleep(10ms);
        co_await out.send(numbered(i));
    }
    out.close();
}

// Writes a chunk for each value of the channel. If the client leaves, the task that sends ends too.
template <class Stream>
heddle::task<> connection<Stream>::stream_ticks(int n, bool open) {
    response head(status::ok, 11);
    head.set(http::field::content_type, "application/x-ndjson");
    head.chunked(true);
    head.keep_alive(open);
    auto bytes = serialize(std::move(head), true);
    co_await write(std::move(bytes));
    heddle::channel<json> ticks;
    heddle::group senders;
    senders.go(tick, ticks, n);
    while (auto each = co_await ticks.receive()) {
        auto line = each->dump() + '\n';
        std::ostringstream chunk;
        chunk << std::hex << line.size() << "\r\n" << line << "\r\n";
        co_await write(chunk.str());
    }
    co_await write(std::string("0\r\n\r\n"));
    co_await senders.wait();
}

template <class Stream>
heddle::task<status> connection<Stream>::handle(request r, bool open) {
    auto found = endpoints.find(path_of(r));
    auto answer = refuse(status::not_found);
    if (found != endpoints.end() && r.method() != found->second.method) {
        answer = refuse(status::method_not_allowed);
        answer.set(http::field::allow, http::to_string(found->second.method));
    } else if (found != endpoints.end() && found->second.answer) {
        answer = found->second.answer(r);
    } else if (found != endpoints.end()) {
        auto n = how_many(r);
        if (n >= 0) {
            co_await stream_ticks(n, open);
            co_return status::ok;
        }
        answer = refuse(status::bad_request);
    }
    auto code = answer.result();
    co_await write(std::move(answer), open);
    co_return code;
}

template <class Stream>
heddle::task<> connection<Stream>::converse() {
    counted here;
    std::string input;
    for (bool open = true; open;) {
        request_parser parser;
        auto code = co_await heddle::with_timeout(idle, read(peer, input, parser));
        open = code == status::ok && parser.keep_alive();
        std::string path = "other";
        if (code == status::ok) {
            auto asked = parser.release();
            if (endpoints.contains(path_of(asked)))
                path = path_of(asked);
            code = co_await handle(std::move(asked), open);
        } else {
            co_await write(refuse(code), open);
        }
        ++metrics.requests[{path, static_cast<unsigned>(code)}];
    }
}

heddle::task<> close(tcp::socket& peer) {
    peer.shutdown(tcp::socket::shutdown_send);
    co_await read_all(peer);
}
heddle::task<> close(tls_stream& peer) {
    co_await peer.async_shutdown(heddle::use_task);
}

heddle::task<> open(tcp::socket&) { co_return; }
heddle::task<> open(tls_stream& peer) {
    co_await peer.async_handshake(tls_stream::server, heddle::use_task);
}

template <class Stream>
heddle::task<> session(Stream peer, heddle::duration idle) {
    connection<Stream> c{std::move(peer), idle};
    try {
        c.peer.lowest_layer().set_option(tcp::no_delay(true));
        co_await heddle::with_timeout(idle, open(c.peer));
        co_await c.converse();
        co_await heddle::with_timeout(1s, close(c.peer));
    } catch (const heddle::system_error&) {
        // The peer has left, or does not speak TLS.
    } catch (const heddle::timed_out&) {
        // The peer is too slow.
    }
}

void complain(std::exception_ptr failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& e) {
        std::cerr << e.what() << std::endl;
    }
}

heddle::task<> serve(std::uint16_t port, int idle, std::string pem) {
    heddle::signals stop({SIGINT, SIGTERM});
    asio::ssl::context tls(asio::ssl::context::tls_server);
    if (!pem.empty()) {
        tls.use_certificate_chain_file(pem);
        tls.use_private_key_file(pem, asio::ssl::context::pem);
    }
    tcp::acceptor acceptor(heddle::this_task::executor(),
                           {asio::ip::address_v4::loopback(), port});
    std::cout << "listening on " << acceptor.local_endpoint() << std::endl;
    auto plain = [idle](tcp::socket s) { return session(std::move(s), idle * 1ms); };
    auto secure = [idle, &tls](tcp::socket s) {
        return session(tls_stream(std::move(s), tls), idle * 1ms);
    };
    heddle::serve_options options{.grace = 1s, .on_error = complain};
    if (pem.empty())
        co_await heddle::serve(std::move(acceptor), stop.token(), plain, options);
    else
        co_await heddle::serve(std::move(acceptor), stop.token(), secure, options);
}

int main(int argc, char** argv) {
    std::uint16_t port = 0;
    int idle = 30000;
    std::string pem;
    read_options(argc, argv, "http_service [--port N] [--idle MS] [--tls PEM]",
                 {{"port", port}, {"idle", idle}, {"tls", pem}});
    try {
        heddle::run(serve(port, idle, pem));
    } catch (const heddle::system_error& e) {
        std::cerr << "http_service: " << e.what() << '\n';
        return 1;
    }
}
