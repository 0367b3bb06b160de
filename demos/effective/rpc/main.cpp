// SPDX-License-Identifier: BSL-1.0
// A request carries the channel for its answer, so a server needs no other way back to its clients.
// main.go is the same program in Go; both print expected.txt.
#include "../../options.hpp"

#include <heddle/heddle.hpp>

#include <functional>
#include <iostream>
#include <numeric>
#include <vector>

struct request {
    std::vector<int> args;
    std::function<int(const std::vector<int>&)> f;
    heddle::channel<int> result_chan;
};

int sum(const std::vector<int>& a) { return std::accumulate(a.begin(), a.end(), 0); }

heddle::task<> handle(heddle::receiver<request> queue) {
    while (auto req = co_await queue.receive())
        co_await req->result_chan.send(req->f(req->args));
}

heddle::task<> call() {
    heddle::channel<request> client_requests;
    heddle::go(handle, client_requests);
    request req{{3, 4, 5}, sum, {}};
    co_await client_requests.send(req);
    std::cout << "answer: " << *co_await req.result_chan.receive() << '\n';
}

int main(int argc, char** argv) {
    read_options(argc, argv, "effective/rpc");
    heddle::run(call());
}
