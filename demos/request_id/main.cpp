// SPDX-License-Identifier: BSL-1.0
// A task-local carries the number of a request into all that serves it, so no function has to pass it on.
// main.go is the same program in Go, where each function takes a context; both print expected.txt.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <string>

using namespace std::chrono_literals;

const heddle::task_local<std::string> request_id;

void log(const std::string& what) {
    auto* id = request_id.get();
    std::cout << (id ? *id : "no request") << ": " << what << '\n';
}

heddle::task<> ask(std::string table) {
    log("asks for " + table);
    co_await heddle::sleep(100ms);
    log("has " + table);
}

heddle::task<> audit() {
    co_await heddle::sleep(105ms);
    log("is audited");
}

heddle::task<> handle() {
    co_await ask("the user");
    co_await ask("the orders");
    heddle::go(
        audit);  // goes on when the request has been answered, and still knows its number
    log("is answered");
}

heddle::task<> serve() {
    heddle::wait_group requests;
    for (int i = 1; i <= 3; ++i) {
        requests.go(
            heddle::with_local(request_id, "request " + std::to_string(i), handle()));
        co_await heddle::sleep(30ms);
    }
    log("all have begun");
    co_await requests.wait();
    co_await heddle::sleep(200ms);
    log("all have ended");
}

int main(int argc, char** argv) {
    read_options(argc, argv, "request_id");
    heddle::run(serve());
}
