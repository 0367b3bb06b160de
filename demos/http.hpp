// SPDX-License-Identifier: BSL-1.0
// HTTP/1.1 and HTTP/1.0 for the demos that are servers. http/ holds the parts: a reader of requests, and a connection.
//
// Limits     whatever is not yet a request is bounded, in bytes and in time, however it is framed.
// Answers    are in the version of the request; HEAD is answered as GET is, without the body. The answers of requests
//            that came together are written together.
// Leaving    a client that only shuts its sending side still gets its answer, and a request that comes while another
//            one is answered waits. If the connection is gone, a handler that waits is cancelled. A client that has
//            sent FIN may still wait, or have left: each second it is sent a status 102, if it speaks HTTP/1.1, and
//            one that has left refuses that.
// Stop       closes connections without a request at once; a request under way is answered, with `Connection: close`.
#pragma once

#include <heddle/heddle.hpp>

#include <asio/ip/tcp.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <exception>
#include <functional>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace http {

using asio::ip::tcp;
using namespace std::chrono_literals;

struct request {
    std::string method, path, body;  // the path is decoded
    std::vector<std::pair<std::string, std::string>> query;
    unsigned minor = 1;       // of the version: HTTP/1.1 or 1.0
    bool keep_alive = false;  // the client lets the connection be used again
    bool expects = false;     // it waits for a status 100 before it sends the body

    std::string parameter(std::string_view name) const;  // "" if there is none
};

struct response {
    int status = 200;
    std::string type, body;
    std::string allow = {};  // the methods, with a status 405
    bool sent = false;       // by a stream
};

inline response reply(int status, std::string type, std::string body) {
    return {status, std::move(type), std::move(body)};
}
std::string reason(int status);
response refuse(int status);  // gives the reason, as plain text

// An answer that is written bit by bit. If the client has left, that throws.
class stream {
public:
    // Sends the head. An answer without a length goes in chunks, or, to HTTP/1.0, ends with the connection.
    // Returns whether the client wants the rest: not after HEAD.
    virtual heddle::task<bool> begin(std::string type,
                                     std::optional<std::uint64_t> length = {}) = 0;
    virtual heddle::task<> write(std::string_view data) = 0;
    virtual response end() = 0;  // what the handler then returns

protected:
    ~stream() = default;
};

// A handler that never waits is a function; one that waits, or streams, is a coroutine.
struct endpoint {
    std::string method;
    std::variant<std::function<response(const request&)>,
                 std::function<heddle::task<response>(request, stream&)>>
        answer;
};

struct time_limits {
    heddle::duration header = 10s;  // for the first byte of a connection; for a header
    heddle::duration body = 30s;
    heddle::duration idle = 30s;  // between two requests
    heddle::duration write = 30s;
};

struct service {
    std::map<std::string, endpoint> endpoints;  // by path
    response (*refuse)(int status) = http::refuse;
    void (*answered)(const std::string& path, int status) = nullptr;
    time_limits limits = {};
};

// A connection. The service outlives it.
heddle::task<> session(tcp::socket peer, heddle::done_token stop, const service& s);

void complain(std::exception_ptr failure);

// Serves until SIGINT or SIGTERM, then for another second those who are being answered. each(socket, stop) is a task.
template <class Session>
heddle::task<> serve(tcp::endpoint at, Session each) {
    heddle::signals stop({SIGINT, SIGTERM});
    tcp::acceptor acceptor(heddle::this_task::executor(), at);
    std::cout << "listening on " << acceptor.local_endpoint() << std::endl;
    heddle::serve_options options{.grace = 1s, .on_error = complain};
    co_await heddle::serve(std::move(acceptor), stop.token(), each, options);
}
heddle::task<> serve(tcp::endpoint at, const service& s);

}  // namespace http
