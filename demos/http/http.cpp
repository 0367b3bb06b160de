// SPDX-License-Identifier: BSL-1.0
#include "../http.hpp"

#include "connection.hpp"

#include <boost/beast/http/status.hpp>

namespace http {

std::string reason(int status) {
    auto known = boost::beast::http::int_to_status(static_cast<unsigned>(status));
    return std::string(boost::beast::http::obsolete_reason(known));
}

response refuse(int status) {
    return reply(status, "text/plain", reason(status) + '\n');
}

void append_head(std::string& to, const response& answer,
                 std::optional<std::uint64_t> length, unsigned minor, bool open) {
    auto field = [&to](std::string_view name, std::string_view value) {
        to.append(name).append(": ").append(value).append("\r\n");
    };
    to.append(minor == 0 ? "HTTP/1.0 " : "HTTP/1.1 ")
        .append(std::to_string(answer.status));
    to.append(" ").append(reason(answer.status)).append("\r\n");
    if (!answer.type.empty())
        field("Content-Type", answer.type);
    if (!answer.allow.empty())
        field("Allow", answer.allow);
    if (length)
        field("Content-Length", std::to_string(*length));
    else if (minor > 0)
        field("Transfer-Encoding", "chunked");
    if (!open)
        field("Connection", "close");
    else if (minor == 0)
        field("Connection", "keep-alive");
    to.append("\r\n");
}

heddle::task<> session(tcp::socket peer, heddle::done_token stop, const service& s) {
    connection<tcp::socket> c(std::move(peer), std::move(stop), s);
    co_await c.converse();
}

void complain(std::exception_ptr failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& e) {
        std::cerr << e.what() << std::endl;
    }
}

heddle::task<> serve(tcp::endpoint at, const service& s) {
    auto each = [&s](tcp::socket peer, heddle::done_token stop) {
        return session(std::move(peer), std::move(stop), s);
    };
    co_await serve(at, each);
}

}  // namespace http
