// SPDX-License-Identifier: BSL-1.0
// A shop asks several services at the same time: it needs the answers of all, or of the first, or how each has ended.
// main.go is the same program in Go; both print expected.txt.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;

// This stands for a service, which fails if its answer is empty.
heddle::task<std::string> ask(std::string service, heddle::duration time,
                              std::string answer) {
    try {
        co_await heddle::sleep(time);
    } catch (const heddle::cancelled&) {
        std::cout << "  " << service << " is cancelled\n";
        throw;
    }
    if (answer.empty())
        throw std::runtime_error(service + " failed");
    co_return answer;
}

std::string reason(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const std::runtime_error& e) {
        return e.what();
    }
}

heddle::task<> checkout() {
    auto start = heddle::now();
    auto report = [&start](const std::string& line) {
        std::cout << line << " after " << (heddle::now() - start) / 1ms << " ms\n";
        start = heddle::now();
    };

    // All answers are needed: this takes as long as the slowest.
    auto [price, stock] = co_await heddle::when_all(ask("price", 80ms, "9 coins"),
                                                    ask("stock", 40ms, "3 left"));
    report(price + ", " + stock);

    // One fails, so no answer of the others is needed: they are cancelled.
    try {
        co_await heddle::when_all(ask("price", 80ms, "9 coins"), ask("tax", 40ms, ""));
    } catch (const std::runtime_error& e) {
        report(e.what());
    }

    // The first answer is enough: the others are cancelled.
    auto paid = co_await heddle::race(ask("bank", 120ms, "paid by bank"),
                                      ask("card", 60ms, "paid by card"));
    report(paid);

    // Each runs to its end, whatever becomes of the others.
    std::vector<heddle::task<std::string>> notes;
    notes.push_back(ask("mail", 50ms, "mail was sent"));
    notes.push_back(ask("fax", 20ms, ""));
    notes.push_back(ask("letter", 90ms, "letter was sent"));
    auto endings = co_await heddle::when_all_settled(std::move(notes));
    for (auto& each : endings)
        std::cout << (each ? *each : reason(each.error())) << '\n';
    report("settled");
}

int main(int argc, char** argv) {
    read_options(argc, argv, "checkout");
    heddle::run(checkout());
}
