// SPDX-License-Identifier: BSL-1.0
// A daemon copies values in the background until its input is closed and drained.
// main.go is the same program in Go; both print expected.txt.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>

void start_copying(heddle::receiver<int> input, heddle::sender<int> output,
                   heddle::wait_group& daemons) {
    daemons.go([=]() -> heddle::task<> {
        while (auto val = co_await input.receive())
            co_await output.send(*val);
    });
}

heddle::task<> pass(heddle::sender<int> to, int from, int end) {
    for (int i = from; i < end; ++i)
        co_await to.send(i);
}

heddle::task<> print(heddle::receiver<int> from, int count) {
    for (int i = 0; i < count; ++i)
        std::cout << *co_await from.receive() << ' ';
}

heddle::task<> daemon_copy() {
    heddle::channel<int> input(5), output;
    heddle::wait_group daemons;
    start_copying(input, output, daemons);  // returns at once

    co_await pass(input, 0, 5);
    co_await print(output, 5);
    std::cout << "input is empty: " << heddle::live_tasks() - 1 << " daemon\n";

    co_await pass(input, 5, 10);
    input.close();  // the values sent before are still copied
    co_await print(output, 5);
    co_await daemons.wait();
    std::cout << "input is closed: no daemon\n";

    std::optional<int> val;
    if (co_await heddle::select(output.receive(val), heddle::otherwise) == 1)
        std::cout << "output is open\n";  // another task may send to it
}

int main(int argc, char** argv) {
    read_options(argc, argv, "daemon_copy");
    heddle::run(daemon_copy());
}
