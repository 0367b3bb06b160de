// SPDX-License-Identifier: BSL-1.0
// A select waits until it can send the next number, or is told to quit.
// main.go is the same program in Go; both print expected.txt.
#include "../../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <utility>

heddle::task<> fibonacci(heddle::sender<int> c, heddle::receiver<int> quit) {
    int x = 0, y = 1;
    for (std::optional<int> asked;;)
        switch (co_await heddle::select(c.send(x), quit.receive(asked))) {
        case 0:
            x = std::exchange(y, x + y);
            break;
        case 1:
            std::cout << "quit\n";
            co_return;
        }
}

heddle::task<> print(heddle::receiver<int> c, heddle::sender<int> quit) {
    for (int i = 0; i < 10; ++i)
        std::cout << *co_await c.receive() << '\n';
    co_await quit.send(0);
}

heddle::task<> fib_quit() {
    heddle::channel<int> c, quit;
    heddle::go(print, c, quit);
    co_await fibonacci(c, quit);
}

int main(int argc, char** argv) {
    read_options(argc, argv, "tour/fib_quit");
    heddle::run(fib_quit());
}
