// SPDX-License-Identifier: BSL-1.0
// A buffered channel is a free list: who finds none in it makes a buffer, and who finds no room drops one.
// main.go is the same program in Go.
#include "../../options.hpp"
#include "../../random.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <memory>

using namespace std::chrono_literals;

struct buffer {
    int message;
};
using buffer_ptr = std::unique_ptr<buffer>;

struct lists {
    explicit lists(int capacity) : free_list(capacity) {}
    heddle::channel<buffer_ptr> free_list, server_chan;
    int made = 0, processed = 0, dropped = 0;
};

heddle::task<> client(lists& l) {
    for (int message = 0; message < 100; ++message) {
        std::optional<buffer_ptr> b;
        if (co_await heddle::select(l.free_list.receive(b), heddle::otherwise) == 1) {
            b = std::make_unique<buffer>();  // the list is empty
            ++l.made;
        }
        co_await heddle::sleep(random_below(2ms));
        (*b)->message = message;
        co_await l.server_chan.send(*std::move(b));
    }
}

heddle::task<> server(lists& l) {
    while (auto b = co_await l.server_chan.receive()) {
        co_await heddle::sleep(random_below(1ms));
        ++l.processed;
        if (co_await heddle::select(l.free_list.send(std::move(*b)),
                                    heddle::otherwise) == 1)
            ++l.dropped;  // the list is full, so this buffer is destroyed
    }
}

heddle::task<> leaky_buffer(int capacity) {
    lists l(capacity);
    auto serving = heddle::go(server, std::ref(l));
    heddle::wait_group clients;
    for (int i = 0; i < 5; ++i)
        clients.go(client, std::ref(l));
    co_await clients.wait();
    l.server_chan.close();
    co_await serving;
    std::cout << l.processed << " messages in " << l.made << " buffers, " << l.dropped
              << " dropped, " << l.free_list.size() << " in the free list\n";
}

int main(int argc, char** argv) {
    int capacity = 3;
    read_options(argc, argv, "effective/leaky_buffer [--capacity N]",
                 {{"capacity", capacity, 0}});
    heddle::run(leaky_buffer(capacity));
}
