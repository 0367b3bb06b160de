// SPDX-License-Identifier: BSL-1.0
// A small Redis: one task owns the data, connections send it commands and wait for the reply.
// PING, GET, SET, DEL, PUBLISH, SUBSCRIBE. main.go is the same program in Go.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <asio/completion_condition.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/read_until.hpp>
#include <asio/write.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <iostream>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

using asio::ip::tcp;
using namespace std::chrono_literals;
using words = std::vector<std::string>;

constexpr std::size_t most_words = 64, longest_word = 64 << 10, most_data = 32 << 20;

struct client {
    explicit client(tcp::socket s) : conn(std::move(s)) {}

    tcp::socket conn;
    heddle::channel<std::string> out{64};
    bool subscribed = false;
};
using client_ptr = std::shared_ptr<client>;

struct command {
    client_ptr from;
    words args;  // empty when the client has left
    heddle::channel<std::string> reply;
};

std::string bulk(const std::string& text) {
    return '$' + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}
std::string number(std::size_t n) { return ':' + std::to_string(n) + "\r\n"; }

struct store {
    std::map<std::string, std::string> values;
    std::map<std::string, std::set<client_ptr>> subscribers;
    std::size_t used = 0;

    std::string run(const client_ptr& from, words args) {
        if (args.empty())
            return leave(from);
        auto name = args[0];
        std::ranges::transform(name, name.begin(), [](unsigned char c) {
            return static_cast<char>(std::toupper(c));
        });
        auto n = args.size();
        if (name == "PING" && n == 1)
            return "+PONG\r\n";
        if (name == "GET" && n == 2)
            return get(args[1]);
        if (name == "SET" && n == 3)
            return set(args[1], args[2]);
        if (name == "DEL" && n == 2)
            return number(erase(args[1]));
        if (name == "PUBLISH" && n == 3)
            return publish(args[1], args[2]);
        if (name == "SUBSCRIBE" && n == 2)
            return subscribe(from, args[1]);
        return "-ERR unknown command, or wrong number of arguments\r\n";
    }

    std::string get(const std::string& key) const {
        auto found = values.find(key);
        return found == values.end() ? "$-1\r\n" : bulk(found->second);
    }

    std::string set(const std::string& key, const std::string& value) {
        if (used + key.size() + value.size() > most_data)
            return "-OOM no room for more data\r\n";
        erase(key);
        values[key] = value;
        used += key.size() + value.size();
        return "+OK\r\n";
    }

    std::size_t erase(const std::string& key) {
        auto found = values.find(key);
        if (found == values.end())
            return 0;
        used -= key.size() + found->second.size();
        values.erase(found);
        return 1;
    }

    // No task waits for a slow subscriber: it is dropped.
    static void push(const client_ptr& to, std::string text) {
        if (to->out.try_send(std::move(text)) == heddle::try_status::would_block)
            to->conn.close();
    }

    std::string publish(const std::string& channel, const std::string& text) {
        auto& all = subscribers[channel];
        for (auto& each : all)
            push(each, "*3\r\n" + bulk("message") + bulk(channel) + bulk(text));
        auto n = all.size();
        if (n == 0)
            subscribers.erase(channel);
        return number(n);
    }

    // Sends its reply itself, so that no message can come before the reply.
    std::string subscribe(const client_ptr& from, const std::string& channel) {
        subscribers[channel].insert(from);
        from->subscribed = true;
        push(from, "*3\r\n" + bulk("subscribe") + bulk(channel) + number(1));
        return "";
    }

    std::string leave(const client_ptr& from) {
        for (auto each = subscribers.begin(); each != subscribers.end();) {
            each->second.erase(from);
            each = each->second.empty() ? subscribers.erase(each) : std::next(each);
        }
        return "";
    }
};

heddle::task<> own(heddle::receiver<command> commands) {
    store data;
    while (auto c = co_await commands.receive())
        co_await c->reply.send(data.run(c->from, c->args));  // never waits: it has room
}

struct protocol_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

std::size_t read_number(const std::string& line, char kind, std::size_t most) {
    std::size_t n = 0;
    auto end = line.data() + line.size();
    if (line.empty() || line[0] != kind)
        throw protocol_error(std::string("expected '") + kind + "'");
    auto read = std::from_chars(line.data() + 1, end, n);
    if (read.ec != std::errc() || read.ptr != end || n > most)
        throw protocol_error("invalid length");
    return n;
}

// The bytes after the line stay in `input`.
heddle::task<std::string> read_line(tcp::socket& conn, std::string& input) {
    auto buffer = asio::dynamic_buffer(input, longest_word + 2);
    auto n = co_await asio::async_read_until(conn, buffer, '\n', heddle::use_task);
    auto line = input.substr(0, n - 1);
    input.erase(0, n);
    if (line.ends_with('\r'))
        line.pop_back();
    co_return line;
}

heddle::task<words> read_command(tcp::socket& conn, std::string& input) {
    words args;
    auto line = co_await read_line(conn, input);
    if (!line.starts_with('*')) {  // a command as people type it
        std::istringstream in(line);
        for (std::string word; in >> word;)
            args.push_back(word);
        co_return args;
    }
    for (auto n = read_number(line, '*', most_words); args.size() < n;) {
        auto head = co_await read_line(conn, input);
        auto size = read_number(head, '$', longest_word);
        if (input.size() < size + 2)
            co_await asio::async_read(conn, asio::dynamic_buffer(input),
                                      asio::transfer_exactly(size + 2 - input.size()),
                                      heddle::use_task);
        if (input.compare(size, 2, "\r\n") != 0)
            throw protocol_error("expected the end of a word");
        args.push_back(input.substr(0, size));
        input.erase(0, size + 2);
    }
    co_return args;
}

heddle::task<> write(tcp::socket& conn, std::string text) {
    co_await asio::async_write(conn, asio::buffer(text), heddle::use_task);
}

heddle::task<> write_all(client_ptr c, heddle::duration idle) {
    while (auto text = co_await c->out.receive()) {
        try {
            if (!co_await heddle::timeout(idle, write(c->conn, std::move(*text))))
                c->conn.close();  // the client does not read
        } catch (const std::system_error&) {
            c->conn.close();  // the client has left
        }
    }
}

// If a socket is closed with unread input, the error reply that is under way may be lost.
heddle::task<> read_all(tcp::socket& conn) {
    conn.shutdown(tcp::socket::shutdown_send);
    for (std::array<char, 4096> data;;)
        co_await conn.async_read_some(asio::buffer(data), heddle::use_task);
}

heddle::task<> converse(tcp::socket s, heddle::sender<command> commands,
                        heddle::duration idle) {
    std::error_code already_gone;
    s.set_option(tcp::no_delay(true), already_gone);  // replies are small, and many
    auto c = std::make_shared<client>(std::move(s));
    auto writing = heddle::go(write_all, c, idle);
    heddle::channel<std::string> reply(1);
    std::string input, error;
    try {
        for (;;) {  // a subscriber receives and need not send
            auto patience = c->subscribed ? heddle::duration::max() : idle;
            auto reading = read_command(c->conn, input);
            auto args = co_await heddle::timeout(patience, std::move(reading));
            if (!args)
                break;  // the client has been silent for too long
            if (args->empty())
                continue;
            co_await commands.emplace(c, *args, reply);
            auto answer = co_await reply.receive();
            if (!answer->empty())
                co_await c->out.send(*answer);
        }
    } catch (const protocol_error& e) {
        error = e.what();
    } catch (const std::system_error& e) {
        if (e.code() == asio::error::not_found)
            error = "too long a line";
    }
    co_await commands.emplace(c, words{}, reply);
    co_await reply.receive();
    if (!error.empty())
        (void)c->out.try_send("-ERR Protocol error: " + error + "\r\n");
    c->out.close();
    co_await heddle::select(writing, heddle::after(1s));
    try {
        if (!error.empty())
            co_await heddle::timeout(1s, read_all(c->conn));
    } catch (const std::system_error&) {
    }
    c->conn.close();
}

heddle::task<> serve(tcp::endpoint at, heddle::duration idle) {
    heddle::signals stop({SIGINT, SIGTERM});
    tcp::acceptor acceptor(heddle::this_task::executor(), at);
    acceptor.set_option(tcp::no_delay(true));  // its connections inherit that
    std::cout << "listening on " << acceptor.local_endpoint() << std::endl;
    heddle::channel<command> commands;
    heddle::go(own, commands);
    auto session = [=](tcp::socket s) {
        return converse(std::move(s), commands, idle);
    };
    co_await heddle::serve(std::move(acceptor), stop.token(), session, {.grace = 0s});
}

int main(int argc, char** argv) {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;
    int idle = 300'000;
    read_options(argc, argv, "resp_server [--host ADDRESS] [--port N] [--idle MS]",
                 {{"host", host, is_address}, {"port", port}, {"idle", idle}});
    try {
        heddle::run(serve({asio::ip::make_address(host), port}, idle * 1ms));
    } catch (const std::system_error& e) {
        std::cerr << "resp_server: " << e.what() << '\n';
        return 1;
    }
}
