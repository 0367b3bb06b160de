// SPDX-License-Identifier: BSL-1.0
// The prime sieve is a chain of tasks that each drop the multiples of one prime; threads may not help.
// main.go is the same program in Go; both print expected.txt.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <filesystem>
#include <iostream>
#include <iterator>
#include <vector>

using namespace std::chrono_literals;

enum { sent, stopped };

heddle::task<> generate(heddle::done_token done, heddle::sender<int> out) {
    for (int i = 2; co_await heddle::select(out.send(i), done) == sent;)
        ++i;
    out.close();
}

heddle::task<> filter(heddle::done_token done, heddle::receiver<int> in,
                      heddle::sender<int> out, int prime) {
    while (auto i = co_await in.receive())
        if (*i % prime != 0)
            if (co_await heddle::select(out.send(*i), done) == stopped)
                break;
    out.close();
}

heddle::task<std::vector<int>> sieve(int n) {
    heddle::done_source done;
    heddle::channel<int> ch;
    heddle::wait_group stages;
    stages.go(generate, done.token(), ch);
    std::vector<int> primes;
    for (int i = 0; i < n; ++i) {
        int prime = *co_await ch.receive();
        primes.push_back(prime);
        heddle::channel<int> next;
        stages.go(filter, done.token(), ch, next, prime);
        ch = next;
    }
    done.close();
    co_await stages.wait();
    co_return primes;
}

auto threads() {
    std::filesystem::directory_iterator all("/proc/self/task");
    return std::distance(begin(all), end(all));
}

heddle::task<> measure(int n, int asked_for) {
    auto start = heddle::now();
    auto primes = co_await sieve(n);
    std::cout << asked_for << " threads asked for: " << primes.size() << " primes in "
              << (heddle::now() - start) / 1ms << " ms, " << threads()
              << " threads there\n";
}

int main(int argc, char** argv) {
    int n = 10;
    std::vector<int> asked_for;
    const char* usage = "sieve [-n PRIMES] [--threads N,...]";
    read_options(argc, argv, usage, {{"n", n}, {"threads", asked_for}});
    for (int t : asked_for)
        if (t < 1)
            wrong_usage(usage);
    for (int t : asked_for)
        heddle::run({.threads = static_cast<unsigned>(t)}, measure(n, t));
    if (asked_for.empty())
        for (int prime : heddle::run(sieve(n)))
            std::cout << prime << '\n';
}
