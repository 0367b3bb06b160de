// SPDX-License-Identifier: BSL-1.0
// A call waits for the function, go does not; both evaluate the arguments at once.
// main.go is the same program in Go; both print expected.txt.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <string>

using namespace std::chrono_literals;

heddle::task<> f(std::string text) {
    co_await heddle::sleep(10ms);
    std::cout << "f: " << text << '\n';
}

void g() { std::cout << "g\n"; }

int next(int& x) { return x++; }

heddle::task<> go_statement() {
    co_await f("Hello");  // this call waits
    g();

    heddle::go(f, "Hello again");  // this one does not
    g();
    co_await heddle::sleep(50ms);

    int x = 1;
    heddle::go(f, std::to_string(next(x)));
    std::cout << "x is " << x << '\n';  // not printed yet, but f has it
    x = 100;
    co_await heddle::sleep(50ms);
}

int main(int argc, char** argv) {
    read_options(argc, argv, "go_statement");
    heddle::run(go_statement());
}
