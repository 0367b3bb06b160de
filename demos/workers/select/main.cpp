// SPDX-License-Identifier: BSL-1.0
// Each job has a channel, and one more channel says quit; a select takes the channel that is ready.
// main.go is the same program in Go; both print the lines of serial, in some order.
#include "../../options.hpp"
#include "../../random.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <optional>
#include <string>

using namespace std::chrono_literals;

heddle::task<> worker(std::string t, heddle::sender<std::string> ch) {
    for (int i = 0; i < 3; ++i) {
        co_await heddle::sleep(random_below(200ms));
        co_await ch.send(t + ' ' + std::to_string(i) + " complete");
    }
}

heddle::task<> work() {
    std::cout << "Starting...\n";
    heddle::channel<std::string> sorted, parsed, generated;
    heddle::channel<> quit;
    heddle::wait_group wg;
    wg.go(worker, "sort data", sorted);
    wg.go(worker, "parse files", parsed);
    wg.go(worker, "generate output", generated);
    heddle::go([&wg, quit]() -> heddle::task<> {
        co_await wg.wait();
        co_await quit.send();
    });

    std::optional<std::string> line;
    std::optional<heddle::unit> stop;
    for (;;)
        switch (co_await heddle::select(sorted.receive(line), parsed.receive(line),
                                        generated.receive(line), quit.receive(stop))) {
        case 3:
            co_return;
        default:
            std::cout << *line << '\n';
        }
}

int main(int argc, char** argv) {
    read_options(argc, argv, "workers/select");
    heddle::run(work());
}
