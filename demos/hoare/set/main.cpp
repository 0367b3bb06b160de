// SPDX-License-Identifier: BSL-1.0
// A set is a task that owns its content: select takes the next question, insertion or scan.
// main.go is the same program in Go; both print expected.txt.
#include "../../options.hpp"

#include <heddle/heddle.hpp>

#include <algorithm>
#include <iostream>
#include <vector>

struct ends {
    heddle::channel<int> has, insert;
    heddle::channel<bool> answer;
    heddle::channel<heddle::sender<int>> scan;
};

heddle::task<> set(ends x) {
    std::vector<int> content;
    std::optional<int> n;
    std::optional<heddle::sender<int>> to;
    for (;;) {
        auto asked = co_await heddle::select(x.has.receive(n), x.insert.receive(n),
                                             x.scan.receive(to));
        bool found = std::find(content.begin(), content.end(), n) != content.end();
        switch (asked) {
        case 0:
            co_await x.answer.send(found);
            break;
        case 1:
            if (!found)
                content.push_back(*n);
            break;
        case 2:
            for (int each : content)
                co_await to->send(each);
            to->close();  // no number is left
        }
    }
}

heddle::task<> user() {
    ends x;
    heddle::go(set, x);
    for (int n : {5, 3, 8, 3, 5, 1})
        co_await x.insert.send(n);
    for (int n : {3, 4}) {
        co_await x.has.send(n);
        auto has = co_await x.answer.receive();
        std::cout << n << (*has ? " is in the set\n" : " is not in the set\n");
    }
    heddle::channel<int> numbers;
    co_await x.scan.send(numbers);
    while (auto n = co_await numbers.receive())
        std::cout << *n << '\n';
}

int main(int argc, char** argv) {
    read_options(argc, argv, "hoare/set");
    heddle::run(user());
}
