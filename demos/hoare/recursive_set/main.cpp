// SPDX-License-Identifier: BSL-1.0
// A set is a chain of tasks that each hold one number, in order, and the next task has the larger ones.
// main.go is the same program in Go; both print expected.txt.
#include "../../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>

struct ends {
    heddle::channel<int> has, insert;
    heddle::channel<heddle::sender<int>> scan;
};

heddle::task<> set(ends west, heddle::sender<bool> answer) {
    std::optional<int> mine, n;  // no number is mine: the set ends here
    std::optional<heddle::sender<int>> to;
    for (ends east;;)
        switch (co_await heddle::select(west.has.receive(n), west.insert.receive(n),
                                        west.scan.receive(to))) {
        case 0:
            if (mine && *n > *mine)
                co_await east.has.send(*n);
            else
                co_await answer.send(mine == n);
            break;
        case 1:
            if (!mine) {
                mine = n;
                heddle::go(set, east, answer);
                break;
            }
            if (*n < *mine)
                std::swap(*n, *mine);
            if (*n != *mine)
                co_await east.insert.send(*n);
            break;
        case 2:
            if (mine) {
                co_await to->send(*mine);
                co_await east.scan.send(*to);
            } else {
                to->close();  // no number is left
            }
        }
}

heddle::task<> user() {
    ends x;
    heddle::channel<bool> answer;
    heddle::go(set, x, answer);
    for (int n : {5, 3, 8, 3, 5, 1})
        co_await x.insert.send(n);
    for (int n : {3, 4, 9}) {
        co_await x.has.send(n);
        auto has = co_await answer.receive();
        std::cout << n << (*has ? " is in the set\n" : " is not in the set\n");
    }
    heddle::channel<int> numbers;
    co_await x.scan.send(numbers);
    while (auto n = co_await numbers.receive())
        std::cout << *n << '\n';
    std::cout << heddle::live_tasks() - 1 << " tasks\n";
}

int main(int argc, char** argv) {
    read_options(argc, argv, "hoare/recursive_set");
    heddle::run(user());
}
