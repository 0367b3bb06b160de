// SPDX-License-Identifier: BSL-1.0
// One task owns a map, and no lock guards it: a hundred readers and ten writers send requests to the owner.
// main.go is the same program in Go; both print expected.txt, and with --log also each request and answer.
#include "../options.hpp"
#include "../random.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <map>

using namespace std::chrono_literals;

struct read_op {
    int key;
    heddle::channel<int> resp;
};
struct write_op {
    int key, value;
    heddle::channel<> resp;
};

heddle::task<> own(heddle::receiver<read_op> reads, heddle::receiver<write_op> writes) {
    std::map<int, int> state;
    std::optional<read_op> r;
    std::optional<write_op> w;
    for (;;)
        switch (co_await heddle::select(reads.receive(r), writes.receive(w))) {
        case 0:
            co_await r->resp.send(state[r->key]);
            break;
        case 1:
            state[w->key] = w->value;
            co_await w->resp.send();
        }
}

heddle::task<> reader(int id, heddle::sender<read_op> reads, std::ostream& log) {
    heddle::channel<int> resp;
    for (int i = 0; i < 10; ++i) {
        co_await heddle::sleep(random_below(5ms));
        int key = random_below(10);
        log << "reader " << id << " asks for " << key << '\n';
        co_await reads.emplace(key, resp);
        int value = *co_await resp.receive();
        log << "reader " << id << " gets " << value << '\n';
    }
}

heddle::task<> writer(int id, heddle::sender<write_op> writes, std::ostream& log) {
    heddle::channel<> resp;
    for (int value = 1; value <= 10; ++value) {
        co_await heddle::sleep(random_below(5ms));
        log << "writer " << id << " sets " << value << '\n';
        co_await writes.emplace(id, value, resp);  // no other task writes to this key
        co_await resp.receive();
        log << "writer " << id << " has set " << value << '\n';
    }
}

heddle::task<> stateful(std::ostream& log) {
    heddle::channel<read_op> reads;
    heddle::channel<write_op> writes;
    heddle::go(own, reads, writes);
    heddle::wait_group users;
    for (int id = 0; id < 100; ++id)
        users.go(reader, id, reads, std::ref(log));
    for (int id = 0; id < 10; ++id)
        users.go(writer, id, writes, std::ref(log));
    co_await users.wait();
    std::cout << "1000 reads, 100 writes, and no lock\n";
}

int main(int argc, char** argv) {
    bool log = false;
    read_options(argc, argv, "stateful [--log]", {{"log", log}});
    std::ostream nowhere(nullptr);
    heddle::run(stateful(log ? std::cout : nowhere));
}
