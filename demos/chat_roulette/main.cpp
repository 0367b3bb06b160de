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
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

using asio::ip::tcp;
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

heddle::task<> print(connection to, std::string line) {
    line += '\n';
    co_await asio::async_write(*to, asio::buffer(line), heddle::use_task);
}

heddle::task<> copy_some(connection to, connection from) {
    std::array<char, 4096> data;
    auto buffer = asio::buffer(data);
    auto n = co_await from->async_read_some(buffer, heddle::use_task);
    co_await asio::async_write(*to, asio::buffer(buffer, n), heddle::use_task);
}

heddle::task<> copy(connection to, connection from, heddle::duration idle,
                    heddle::sender<> ended) {
    try {
        // Until one of the two is silent, or does not read.
        for (bool talks = true; talks;)
            talks = co_await heddle::timeout(idle, copy_some(to, from));
    } catch (const std::system_error&) {
        // One of the two clients has left.
    }
    co_await ended.send();
}

heddle::task<> chat(connection a, connection b, heddle::duration idle) {
    heddle::channel<> ended(2);
    try {
        co_await print(a, "Found one! Say hi.");
        co_await print(b, "Found one! Say hi.");
        heddle::go(copy, a, b, idle, ended);
        heddle::go(copy, b, a, idle, ended);
        co_await ended.receive();
    } catch (const std::system_error&) {
        // One of the two has left before the chat began.
    }
    a->close();
    b->close();
}

heddle::task<> answer_line(connection c, std::string& input) {
    auto buffer = asio::dynamic_buffer(input, 1024);
    auto n = co_await asio::async_read_until(*c, buffer, '\n', heddle::use_task);
    brain.learn(input.substr(0, n));
    input.erase(0, n);
    co_await print(c, brain.say());
}

heddle::task<> chat_with_robot(connection c, heddle::duration idle) {
    co_await print(c, "Found a robot. Say hi.");
    std::string input;
    for (bool talks = true; talks;)
        talks = co_await heddle::timeout(idle, answer_line(c, input));
}

heddle::task<> match(tcp::socket socket, heddle::channel<connection> partner,
                     heddle::duration patience, heddle::duration idle) {
    auto c = std::make_shared<tcp::socket>(std::move(socket));
    std::optional<connection> p;
    try {
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
    } catch (const std::system_error&) {
        // The client has left, or sent the robot too long a line.
    }
}

heddle::task<> serve(std::uint16_t port, heddle::duration patience,
                     heddle::duration idle) {
    heddle::signals stop({SIGINT, SIGTERM});
    tcp::acceptor acceptor(heddle::this_task::executor(),
                           {asio::ip::address_v4::loopback(), port});
    std::cout << "listening on " << acceptor.local_endpoint() << std::endl;
    heddle::channel<connection> partner;
    auto session = [=](tcp::socket s) {
        return match(std::move(s), partner, patience, idle);
    };
    co_await heddle::serve(std::move(acceptor), stop.token(), session, {.grace = 0s});
}

int main(int argc, char** argv) {
    std::uint16_t port = 0;
    int patience = 5000, idle = 300'000;
    read_options(argc, argv, "chat_roulette [--port N] [--patience MS] [--idle MS]",
                 {{"port", port}, {"patience", patience}, {"idle", idle}});
    try {
        heddle::run(serve(port, patience * 1ms, idle * 1ms));
    } catch (const std::system_error& e) {
        std::cerr << "chat_roulette: " << e.what() << '\n';
        return 1;
    }
}
