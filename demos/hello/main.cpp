// SPDX-License-Identifier: BSL-1.0
// `go` starts a task, and the caller must wait for it to see its work; sleeping is a bad way to wait.
// main.go is the same program in Go; both print expected.txt.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>

using namespace std::chrono_literals;

heddle::task<> process() {
    co_await heddle::sleep(1ms);
    std::cout << "processing\n";
}

heddle::task<> hello(bool wait) {
    std::cout << "start\n";
    heddle::go(process);
    if (wait)
        co_await heddle::sleep(10ms);  // bad: is it long enough?
    std::cout << "done\n";
}

int main(int argc, char** argv) {
    bool no_wait = false;
    read_options(argc, argv, "hello [--no-wait]", {{"no-wait", no_wait}});
    heddle::run(hello(!no_wait));
}
