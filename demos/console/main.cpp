// SPDX-License-Identifier: BSL-1.0
// A console is concurrent: one thread serves lines, signals and a clock. See also dot_product.
// main.go is the same program in Go.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <asio/posix/stream_descriptor.hpp>
#include <asio/read_until.hpp>
#include <asio/signal_set.hpp>

#include <csignal>
#include <fcntl.h>
#include <iostream>
#include <string>
#include <unistd.h>

using namespace std::chrono_literals;
using heddle::as_tuple;

// Asio makes the open file non-blocking, and other processes share it: the shell, if it is a terminal.
struct flags_of_stdin {
    int flags = ::fcntl(STDIN_FILENO, F_GETFL);
    ~flags_of_stdin() { ::fcntl(STDIN_FILENO, F_SETFL, flags); }
};

heddle::task<> keyboard(heddle::sender<std::string> lines) {
    asio::posix::stream_descriptor in(heddle::this_task::executor(),
                                      ::dup(STDIN_FILENO));
    std::string typed;
    auto buffer = asio::dynamic_buffer(typed, 65536);
    for (;;) {
        auto [error, n] = co_await asio::async_read_until(in, buffer, '\n',
                                                          as_tuple(heddle::use_task));
        if (error)
            break;
        co_await lines.send(typed.substr(0, n - 1));
        typed.erase(0, n);
    }
    if (!typed.empty())
        co_await lines.send(typed);
    lines.close();
}

heddle::task<> interrupts(heddle::sender<int> signals) {
    asio::signal_set set(heddle::this_task::executor(), SIGINT, SIGTERM);
    for (;;) {
        int which = co_await set.async_wait(heddle::use_task);
        co_await signals.send(which);
    }
}

heddle::task<> console() {
    flags_of_stdin restored;
    heddle::channel<std::string> lines;
    heddle::channel<int> signals;
    heddle::go(keyboard, lines);
    heddle::go(interrupts, signals);
    heddle::ticker every(100ms);
    auto tick = every.next();
    std::optional<std::string> line;
    std::optional<int> which;
    for (int ticks = 0;;) {
        switch (co_await heddle::select(lines.receive(line), signals.receive(which),
                                        tick)) {
        case 0:
            if (!line) {
                std::cout << "end of input" << std::endl;
                co_return;
            }
            std::cout << "line: " << *line << std::endl;
            break;
        case 1:
            std::cout << "signal " << *which << std::endl;
            if (*which == SIGTERM)
                co_return;
            break;
        case 2:
            std::cout << "tick " << ++ticks << std::endl;
            tick = every.next();
        }
    }
}

int main(int argc, char** argv) {
    read_options(argc, argv, "console   (ends with its input, or by SIGTERM)");
    heddle::run(console());
}
