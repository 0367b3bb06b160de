// SPDX-License-Identifier: BSL-1.0
// Chat roulette: one select both offers itself as a partner and looks for one.
// A client that finds none talks to a robot. main.go is the same program in Go.
#include "../options.hpp"
#include "../random.hpp"

#include <heddle/heddle.hpp>

#include <asio/ip/tcp.hpp>
#include <asio/read_until.hpp>
#include <asio/write.hpp>

#include <array>
#include <csignal>
#include <cstdint>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

using asio::ip::tcp;
using heddle::settle;
using namespace std::chrono_literals;
using connection = std::shared_ptr<tcp::socket>;

// A Markov chain knows which words have followed each word. It needs no lock: all tasks are on
// this thread.
struct chain {
    std::vector<std::string> words;
    std::map<std::string, std::vector<std::string>> next;

    void learn(const std::string& line) {
        std::istringstream in(line);
        std::string before;
        for (std::string word; words.size() < 10000 && in >> word; before = word) {
            words.push_back(word);
            if (!before.empty())
                next[before].push_back(word);
        }
    }

    std::string say() const {
        std::string line;
        for (auto from = &words; !from->empty() && line.size() < 60;) {
            auto& word = (*from)[std::size_t(random_below(int(from->size())))];
            line += line.empty() ? word : ' ' + word;
            auto found = next.find(word);
            if (found == next.end())
                break;
            from = &found->second;
        }
        return line;
    }
};
chain brain;

// These return whether the client is still there.
heddle::task<bool> print(connection to, std::string line) {
    line += '\n';
    auto n =
        co_await settle(asio::async_write(*to, asio::buffer(line), heddle::use_task));
    co_return n.has_value();
}

heddle::task<bool> copy_some(connection to, connection from) {
    std::array<char, 4096> data;
    auto n =
        co_await settle(from->async_read_some(asio::buffer(data), heddle::use_task));
    if (n)
        n = co_await settle(
            asio::async_write(*to, asio::buffer(data, *n), heddle::use_task));
    co_return n.has_value();
}

heddle::task<bool> answer_line(connection c, std::string& input) {
    auto buffer = asio::dynamic_buffer(input, 1024);
    auto n =
        co_await settle(asio::async_read_until(*c, buffer, '\n', heddle::use_task));
    if (!n)
        co_return false;  // it has left, or sent too long a line
    brain.learn(input.substr(0, *n));
    input.erase(0, *n);
    co_return co_await print(c, brain.say());
}

heddle::task<> copy(connection to, connection from, heddle::duration idle,
                    heddle::sender<> ended) {
    // Until one of the two leaves, is silent, or does not read.
    for (bool talks = true; talks;) {
        auto copied = co_await heddle::timeout(idle, copy_some(to, from));
        talks = copied.value_or(false);
    }
    co_await ended.send();
}

heddle::task<> chat(connection a, connection b, heddle::duration idle) {
    heddle::channel<> ended(2);
    for (auto each : {a, b})
        co_await print(each, "Found one! Say hi.");
    heddle::go(copy, a, b, idle, ended);
    heddle::go(copy, b, a, idle, ended);
    co_await ended.receive();
    a->close();
    b->close();
}

heddle::task<> chat_with_robot(connection c, heddle::duration idle) {
    std::string input;
    bool talks = co_await print(c, "Found a robot. Say hi.");
    while (talks) {
        auto answered = co_await heddle::timeout(idle, answer_line(c, input));
        talks = answered.value_or(false);
    }
}

heddle::task<> match(tcp::socket socket, heddle::channel<connection> partner,
                     heddle::duration patience, heddle::duration idle) {
    auto c = std::make_shared<tcp::socket>(std::move(socket));
    std::optional<connection> p;
    co_await print(c, "Waiting for a partner...");
    switch (co_await heddle::select(partner.send(c), partner.receive(p),
                                    heddle::after(patience))) {
    case 0:
        break;  // the other task serves this client from now on
    case 1:
        co_await chat(*p, c, idle);
        break;
    case 2:
        co_await chat_with_robot(c, idle);
    }
}

heddle::task<> serve(tcp::endpoint at, heddle::duration patience,
                     heddle::duration idle) {
    heddle::signals stop({SIGINT, SIGTERM});
    tcp::acceptor acceptor(heddle::this_task::executor(), at);
    acceptor.set_option(tcp::no_delay(true));  // its connections inherit that
    std::cout << "listening on " << acceptor.local_endpoint() << std::endl;
    heddle::channel<connection> partner;
    auto session = [=](tcp::socket s) {
        return match(std::move(s), partner, patience, idle);
    };
    co_await heddle::serve(std::move(acceptor), stop.token(), session, {.grace = 0s});
}

int main(int argc, char** argv) {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;
    int patience = 5000, idle = 300'000;
    read_options(
        argc, argv,
        "chat_roulette [--host ADDRESS] [--port N] [--patience MS] [--idle MS]",
        {{"host", host, is_address},
         {"port", port},
         {"patience", patience},
         {"idle", idle}});
    try {
        heddle::run(
            serve({asio::ip::make_address(host), port}, patience * 1ms, idle * 1ms));
    } catch (const std::system_error& e) {
        std::cerr << "chat_roulette: " << e.what() << '\n';
        return 1;
    }
}
