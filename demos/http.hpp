// SPDX-License-Identifier: BSL-1.0
// HTTP/1.1 for the demos that are servers: Boost.Beast parses and serialises; heddle's tasks read and
// write the bytes, over any stream of Asio.
#pragma once

#include <heddle/heddle.hpp>

#include <asio/buffer.hpp>
// Only narrow headers are included: Boost 1.74's Asio and the standalone one cannot be used together.
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>

#include <array>
#include <string>
#include <string_view>

namespace http = boost::beast::http;
using http::status;
using request = http::request<http::string_body>;
using request_parser = http::request_parser<http::string_body>;
using response = http::response<http::string_body>;

inline response reply(status code, std::string type, std::string body) {
    response r(code, 11, std::move(body));
    r.set(http::field::content_type, type);
    return r;
}

inline std::string path_of(const request& r) {
    return std::string(r.target().substr(0, r.target().find('?')));
}

// Reads up to the end of a request, and returns what is wrong with it. The bytes after it stay in `input`.
template <class Stream>
heddle::task<status> read(Stream& peer, std::string& input, request_parser& parser) {
    parser.eager(true);
    parser.header_limit(8 << 10);
    parser.body_limit(64 << 10);
    std::array<char, 4096> data;
    for (boost::system::error_code error;;) {
        input.erase(0, parser.put(boost::asio::buffer(input), error));
        if (parser.is_done())
            co_return status::ok;
        if (error == http::error::header_limit)
            co_return status::request_header_fields_too_large;
        if (error == http::error::body_limit)
            co_return status::payload_too_large;
        if (error && error != http::error::need_more)
            co_return status::bad_request;
        auto n = co_await peer.async_read_some(asio::buffer(data), heddle::use_task);
        input.append(data.data(), n);
    }
}

// Serialises a message by Beast: the whole of it, or the header only.
inline std::string serialize(response answer, bool header_only = false) {
    std::string bytes;
    http::response_serializer<http::string_body> serializer(answer);
    serializer.split(header_only);
    for (boost::system::error_code error;
         !(header_only ? serializer.is_header_done() : serializer.is_done());)
        serializer.next(error, [&](auto&, const auto& buffers) {
            for (boost::asio::const_buffer b : boost::beast::buffers_range_ref(buffers))
                bytes.append(static_cast<const char*>(b.data()), b.size());
            serializer.consume(boost::asio::buffer_size(buffers));
        });
    return bytes;
}

// If a connection is closed with unread input, the answer that is under way may be lost.
template <class Stream>
heddle::task<> read_all(Stream& peer) {
    for (std::array<char, 4096> data;;)
        co_await peer.async_read_some(asio::buffer(data), heddle::use_task);
}
