// SPDX-License-Identifier: BSL-1.0
// Many calls share one connection: each has a tag, and the reply with that tag goes to its caller.
// main.go is the same program in Go; both print the lines of expected.txt.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <map>
#include <string>

using namespace std::chrono_literals;

struct message {
    int tag;
    std::string text;
};

struct connection {
    heddle::channel<message> requests, replies;
};

class protocol_mux {
public:
    explicit protocol_mux(connection c) : service_(c) {
        heddle::go(&protocol_mux::receive_all, this);
    }

    heddle::task<std::string> call(std::string text) {
        int tag = ++tags_;
        heddle::channel<std::string> reply;
        pending_.emplace(tag, reply);
        co_await service_.requests.emplace(tag, text);
        co_return *co_await reply.receive();
    }

private:
    heddle::task<> receive_all() {
        while (auto m = co_await service_.replies.receive()) {
            auto reply = pending_.extract(m->tag).mapped();
            co_await reply.send(m->text);
        }
    }

    connection service_;
    int tags_ = 0;
    std::map<int, heddle::channel<std::string>> pending_;
};

// This stands for a server; the earlier a request comes, the later is its reply.
heddle::task<> answer(message m, heddle::sender<message> replies) {
    co_await heddle::sleep((6 - m.tag) * 20ms);
    co_await replies.emplace(m.tag, "answer to " + m.text);
}

heddle::task<> serve(connection c) {
    while (auto m = co_await c.requests.receive())
        heddle::go(answer, *m, c.replies);
}

heddle::task<> caller(protocol_mux& mux, std::string text) {
    auto start = heddle::now();
    auto reply = co_await mux.call(text);
    std::cout << text << " has the " << reply << " after "
              << (heddle::now() - start) / 1ms << " ms\n";
}

heddle::task<> call_all() {
    connection c;
    heddle::go(serve, c);
    protocol_mux mux(c);
    heddle::wait_group calls;
    for (auto text : {"a", "b", "c", "d", "e"}) {
        calls.go(caller, std::ref(mux), text);
        co_await heddle::sleep(1ms);  // so that the calls have tags in this order
    }
    co_await calls.wait();
}

int main(int argc, char** argv) {
    read_options(argc, argv, "protocol_mux");
    heddle::run(call_all());
}
