// SPDX-License-Identifier: BSL-1.0
// An HTTP server on one thread holds a thousand requests at once, each in a task of its own.
// ../http.hpp reads and writes them. main.go is the same program in Go.
#include "../http.hpp"
#include "../options.hpp"

#include <cctype>
#include <charconv>
#include <cstdint>
#include <iostream>
#include <string>
#include <system_error>

using http::request;
using http::response;
using namespace std::chrono_literals;

heddle::task<response> hello(request, http::stream&) {
    co_await heddle::sleep(100ms);  // the work
    co_return http::reply(200, "text/plain", "hello\n");
}

heddle::task<response> count(request, http::stream&) {
    static int counted = 0;  // no lock: all requests are on this thread
    co_await heddle::sleep(100ms);
    auto number = std::to_string(++counted);
    co_return http::reply(200, "application/json", "{\"count\": " + number + "}\n");
}

heddle::task<response> square(request r, http::stream&) {
    co_await heddle::sleep(100ms);
    auto text = r.parameter("n");
    std::int32_t n = 0;
    auto end = text.data() + text.size();
    auto read = std::from_chars(text.data(), end, n);
    if (read.ptr != end || read.ec != std::errc())
        co_return http::refuse(400);
    auto result = std::to_string(std::int64_t(n) * n);
    co_return http::reply(200, "application/json", "{\"square\": " + result + "}\n");
}

heddle::task<response> upper(request r, http::stream&) {
    co_await heddle::sleep(100ms);
    for (char& c : r.body)
        c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    co_return http::reply(200, "text/plain", std::move(r.body));
}

const http::service endpoints{{{"/count", {"GET", count}},
                               {"/hello", {"GET", hello}},
                               {"/square", {"GET", square}},
                               {"/upper", {"POST", upper}}}};

int main(int argc, char** argv) {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;
    read_options(
        argc, argv,
        "four_endpoints [--host ADDRESS] [--port N]   (0, the default: any free "
        "port)",
        {{"host", host, is_address}, {"port", port}});
    try {
        heddle::run(http::serve({asio::ip::make_address(host), port}, endpoints));
    } catch (const std::system_error& e) {
        std::cerr << "four_endpoints: " << e.what() << '\n';
        return 1;
    }
}
