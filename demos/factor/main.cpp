// SPDX-License-Identifier: BSL-1.0
// Ten workers factor a hundred numbers ten times as fast as one: a producer, a pool, and a consumer.
// main.go is the same program in Go.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <vector>

using namespace std::chrono_literals;

const int numbers = 100;

heddle::task<> produce(heddle::sender<int> in) {
    for (int n = 1000; n < 1000 + numbers; ++n)
        co_await in.send(n);
    in.close();
}

struct factored {
    int n;
    std::vector<int> factors;
};

heddle::task<> worker(heddle::receiver<int> in, heddle::sender<factored> out) {
    while (auto n = co_await in.receive()) {
        co_await heddle::sleep(10ms);  // this stands for work
        factored result{*n, {}};
        int rest = *n;
        for (int p = 2; p <= rest; ++p)
            for (; rest % p == 0; rest /= p)
                result.factors.push_back(p);
        co_await out.send(std::move(result));
    }
}

heddle::task<> consume(heddle::receiver<factored> out) {
    for (int i = 0; i < numbers; ++i) {
        auto result = co_await out.receive();
        std::cout << result->n << ':';
        for (int p : result->factors)
            std::cout << ' ' << p;
        std::cout << '\n';
    }
}

heddle::task<> factor(int workers) {
    heddle::channel<int> in;
    heddle::channel<factored> out;
    auto start = heddle::now();
    heddle::go(produce, in);
    heddle::wait_group pool;
    for (int i = 0; i < workers; ++i)
        pool.go(worker, in, out);
    co_await consume(out);
    co_await pool.wait();
    std::cerr << numbers << " numbers took " << (heddle::now() - start) / 1ms
              << " ms\n";
}

int main(int argc, char** argv) {
    int workers = 10;
    read_options(argc, argv, "factor [-w WORKERS]", {{"w", workers}});
    heddle::run(factor(workers));
}
