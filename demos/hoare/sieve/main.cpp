// SPDX-License-Identifier: BSL-1.0
// Each of a hundred tasks takes one prime, and passes on the numbers that are no multiples of it; none divides.
// main.go is the same program in Go.
#include "../../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>

heddle::task<> odd_numbers(heddle::sender<int> out, int limit) {
    for (int n = 3; n < limit; n += 2)
        co_await out.send(n);
    out.close();
}

heddle::task<> sieve(heddle::receiver<int> in, heddle::sender<int> out,
                     heddle::sender<int> print) {
    auto p = co_await in.receive();
    if (p) {
        co_await print.send(*p);
        int multiple = *p;
        while (auto m = co_await in.receive()) {
            while (*m > multiple)
                multiple += *p;
            if (*m < multiple)
                co_await out.send(*m);
        }
    }
    out.close();
}

// The numbers that pass all tasks of the sieve are printed, too: the limit is chosen so that they are primes.
heddle::task<> pass_on(heddle::receiver<int> in, heddle::sender<int> print) {
    while (auto m = co_await in.receive())
        co_await print.send(*m);
    print.close();
}

heddle::task<> primes(int limit) {
    heddle::channel<int> print, in;
    heddle::go(odd_numbers, in, limit);
    for (int i = 0; i < 100; ++i) {
        heddle::channel<int> out;
        heddle::go(sieve, in, out, print);
        in = out;
    }
    heddle::go(pass_on, in, print);
    if (limit > 2)
        std::cout << "2\n";
    while (auto p = co_await print.receive())
        std::cout << *p << '\n';
}

int main(int argc, char** argv) {
    int limit = 10'000;
    read_options(argc, argv, "hoare/sieve [--below LIMIT]",
                 {{"below", limit, 1, 300'000}});  // the 102nd prime squared is more
    heddle::run(primes(limit));
}
