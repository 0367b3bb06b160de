// SPDX-License-Identifier: BSL-1.0
// A send that does not wait loses the answer if the reader comes late, unless there is a buffer of 1.
// main.go is the same program in Go; both print expected.txt.
#include "../../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>

heddle::task<> ask(int number, heddle::sender<int> ch) {
    co_await heddle::select(ch.send(number), heddle::otherwise);
}

heddle::task<bool> late_query(int replicas, heddle::channel<int> ch) {
    heddle::wait_group others;
    for (int i = 0; i < replicas; ++i)
        others.go(ask, i, ch);
    co_await others.wait();  // the reader is busy meanwhile
    std::optional<int> first;
    co_return co_await heddle::select(ch.receive(first), heddle::otherwise) == 0;
}

heddle::task<> replicated_query(int runs) {
    int unbuffered = 0, buffered = 0;
    for (int i = 0; i < runs; ++i) {
        if (!co_await late_query(3, heddle::channel<int>()))
            ++unbuffered;  // no receiver waited, so all sends took the default
        if (!co_await late_query(3, heddle::channel<int>(1)))
            ++buffered;
    }
    std::cout << "unbuffered: " << unbuffered << " of " << runs << " answers lost\n"
              << "a buffer of 1: " << buffered << " of " << runs << " answers lost\n";
}

int main(int argc, char** argv) {
    int runs = 50;
    read_options(argc, argv, "replicated_query/racy [--runs N]", {{"runs", runs}});
    heddle::run(replicated_query(runs));
}
