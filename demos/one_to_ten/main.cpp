// SPDX-License-Identifier: BSL-1.0
// One task sends the numbers up to ten; one or more readers print them until the channel is closed.
// main.go is the same program in Go; both print expected.txt, with several readers in some order.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>

heddle::task<> send_numbers(heddle::sender<int> out) {
    for (int n = 1; n <= 10; ++n)
        co_await out.send(n);
    out.close();
}

heddle::task<> print_numbers(heddle::receiver<int> in) {
    while (auto n = co_await in.receive())
        std::cout << *n << '\n';
}

heddle::task<> one_to_ten(int readers) {
    heddle::channel<int> numbers;
    heddle::wait_group wg;
    wg.go(send_numbers, numbers);
    for (int i = 0; i < readers; ++i)
        wg.go(print_numbers, numbers);
    co_await wg.wait();
}

int main(int argc, char** argv) {
    int readers = 1;
    read_options(argc, argv, "one_to_ten [--readers N]", {{"readers", readers}});
    heddle::run(one_to_ten(readers));
}
