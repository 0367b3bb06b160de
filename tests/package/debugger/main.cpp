// SPDX-License-Identifier: BSL-1.0
// A program that a debugger stops inside a task, and outside all tasks.
#include <heddle/channel.hpp>
#include <heddle/go.hpp>

#ifdef HEDDLE_BOOST_ASIO
#include <boost/asio/io_context.hpp>
namespace asio = boost::asio;
#else
#include <asio/io_context.hpp>
#endif

#include <optional>
#include <thread>

extern "C" {
volatile int stops = 0;
[[gnu::noinline]] void stop_in_task() { stops = stops + 1; }
[[gnu::noinline]] void stop_outside() { stops = stops + 1; }
[[gnu::noinline]] void stop_locked() { stops = stops + 1; }
}

heddle::task<> consumer(heddle::receiver<int> jobs) {
    heddle::this_task::name("consumer");
    for (std::optional<int> job; co_await jobs.receive(job);)
        stops = stops + *job;
}

heddle::task<> stops_here() {
    heddle::this_task::name("stopped");
    stop_in_task();
    co_return;
}

int main(int argc, char**) {
    std::thread([] {}).join();  // locks are real from now on
    asio::io_context context, other;
    heddle::channel<int> jobs;
    jobs.name("jobs");
    heddle::go(context, consumer, jobs);
    if (argc == 2)  // this program refers to dump_tasks itself only by name
        heddle::go(other, consumer, jobs);
    context.run();
    other.run();
    heddle::go(context, stops_here);
    context.restart();
    context.run();
    stop_outside();
    {
        heddle::detail::guard held(jobs.core()->lock());
        stop_locked();
    }
    jobs.close();
}
