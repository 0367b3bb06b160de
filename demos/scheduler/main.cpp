// SPDX-License-Identifier: BSL-1.0
// A scheduler runs tasks on servers, which may join later; a task whose server fails goes to another one.
// main.go is the same program in Go; both print the lines of expected.txt, in some order.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <iostream>
#include <string>

using namespace std::chrono_literals;

// Server 2 is broken. The result says whether the task is done.
heddle::task<bool> call(int server, int job) {
    co_await heddle::sleep(100ms);
    if (server == 2)
        co_return false;
    std::cout << "task " << job << " is done\n";
    co_return true;
}

heddle::task<> run_tasks(int server, heddle::channel<int> work, heddle::sender<> done) {
    while (auto job = co_await work.receive()) {
        if (co_await call(server, *job)) {
            co_await done.send();
            continue;
        }
        co_await work.send(*job);  // there is room for all
        std::cerr << "server " << server << " has failed\n";
        co_return;
    }
}

heddle::task<> start_servers(heddle::receiver<int> servers, heddle::channel<int> work,
                             heddle::sender<> done) {
    while (auto server = co_await servers.receive())
        heddle::go(run_tasks, *server, work, done);
}

heddle::task<> schedule(heddle::receiver<int> servers, int jobs) {
    heddle::channel<int> work(jobs);
    heddle::channel<> done;
    for (int job = 1; job <= jobs; ++job)
        co_await work.send(job);
    heddle::go(start_servers, servers, work, done);
    for (int job = 1; job <= jobs; ++job)
        co_await done.receive();
    work.close();
}

heddle::task<> join(heddle::sender<int> servers) {
    co_await servers.send(1);
    co_await servers.send(2);
    co_await heddle::sleep(250ms);
    co_await servers.send(3);
    servers.close();
}

heddle::task<> scheduler() {
    heddle::channel<int> servers;
    auto start = heddle::now();
    heddle::go(join, servers);
    co_await schedule(servers, 10);
    std::cout << "10 tasks took " << (heddle::now() - start) / 1ms << " ms\n";
}

int main(int argc, char** argv) {
    read_options(argc, argv, "scheduler");
    heddle::run(scheduler());
}
