// SPDX-License-Identifier: BSL-1.0
// Three tasks run on two threads; a task that pauses may resume on the other thread.
// main.go is the same program in Go, which prints similar lines.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <cstdint>
#include <iostream>
#include <map>
#include <string>
#include <unistd.h>
#include <vector>

using namespace std::chrono_literals;

struct slice {
    int task;
    int thread;
};

std::uint64_t compute(std::uint64_t state) {
    for (int step = 0; step < 300'000; ++step)
        state = state * 6364136223846793005 + 1442695040888963407;  // Knuth's MMIX
    return state;
}

heddle::task<> work(int task, int slices, heddle::sender<slice> trace) {
    std::uint64_t state = 0;
    for (int i = 0; i < slices; ++i) {
        state = compute(state);
        slice here{task, ::gettid()};
        co_await trace.send(here);
        co_await heddle::sleep(100us);  // the task pauses
    }
}

heddle::task<> time_slicing(int tasks, int slices) {
    heddle::channel<slice> trace;
    for (int t = 0; t < tasks; ++t)
        heddle::go(work, t, slices, trace);

    std::map<int, char> letters;  // a letter for each thread, in order of appearance
    std::vector<std::string> lanes(static_cast<std::size_t>(tasks));
    int moved = 0;
    for (int i = 0; i < tasks * slices; ++i) {
        auto s = co_await trace.receive();
        auto next = static_cast<char>('a' + letters.size() % 26);
        char letter = letters.try_emplace(s->thread, next).first->second;
        auto& lane = lanes[static_cast<std::size_t>(s->task)];
        moved += !lane.empty() && lane.back() != letter;
        lane += letter;
    }
    for (int t = 0; t < tasks; ++t)
        std::cout << "task " << t << " ran on " << lanes[static_cast<std::size_t>(t)]
                  << '\n';
    std::cout << letters.size() << " threads, moved " << moved << " times\n";
}

int main(int argc, char** argv) {
    int tasks = 3, slices = 40;
    unsigned threads = 2;
    read_options(argc, argv, "time_slicing [--tasks N] [--slices N] [--threads N]",
                 {{"tasks", tasks}, {"slices", slices}, {"threads", threads, 1, 1024}});
    heddle::run({.threads = threads}, time_slicing(tasks, slices));
}
