// SPDX-License-Identifier: BSL-1.0
// The state of a state machine belongs to a loop; methods send the loop functions to run.
// main.go is the same program in Go; both print expected.txt.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <functional>
#include <iostream>
#include <optional>
#include <string>

using action = std::function<heddle::task<>()>;

class state_machine {
public:
    heddle::task<> loop() {
        std::optional<action> f;
        for (;;)
            switch (co_await heddle::select(actions.receive(f), quit.token())) {
            case 0:
                co_await (*f)();
                break;
            case 1:
                co_return;
            }
    }

    void stop() { quit.close(); }

    // The result is empty if the machine was stopped.
    heddle::task<std::optional<int>> foo() {
        heddle::channel<int> c(1);
        action f = [this, c]() -> heddle::task<> {
            if (state == "A") {
                state = "B";
                std::cout << "from A to B\n";
            }
            co_await c.send(123);
        };
        if (co_await heddle::select(actions.send(f), quit.token()) == 1)
            co_return std::nullopt;
        co_return co_await c.receive();
    }

private:
    std::string state = "A";  // belongs to the loop
    heddle::channel<action> actions;
    heddle::done_source quit;
};

heddle::task<> call_foo(state_machine& machine, int& sum, int& refused) {
    auto answer = co_await machine.foo();
    if (answer)
        sum += *answer;
    else
        ++refused;
}

heddle::task<> call_often(state_machine& machine) {
    int sum = 0, refused = 0;
    heddle::wait_group calls;
    for (int i = 0; i < 10; ++i)
        calls.go(call_foo, std::ref(machine), std::ref(sum), std::ref(refused));
    co_await calls.wait();
    std::cout << "10 calls: " << sum << " in sum, " << refused << " refused\n";
}

heddle::task<> use() {
    state_machine machine;
    auto loop = heddle::go(&state_machine::loop, &machine);
    co_await call_often(machine);
    machine.stop();
    co_await loop;
    co_await call_often(machine);
}

int main(int argc, char** argv) {
    read_options(argc, argv, "state_machine");
    heddle::run(use());
}
