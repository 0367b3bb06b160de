// SPDX-License-Identifier: BSL-1.0
// A plugin with a heddle of its own: the static library is a part of the plugin.
#include <heddle/heddle.hpp>

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/write.hpp>

#include <unistd.h>

#include <chrono>
#include <stdexcept>
#include <thread>

using namespace std::chrono_literals;

namespace {

heddle::task<> doubler(heddle::receiver<int> in, heddle::sender<int> out) {
    while (auto v = co_await in.receive())
        co_await out.send(2 * *v);
    out.close();
}

heddle::task<> feeder(heddle::sender<int> out, int n) {
    for (int i = 0; i < n; ++i) {
        if (i % 8 == 0)
            co_await heddle::sleep(100us);
        co_await out.send(1);
    }
    out.close();
}

/// Sends a byte through a pipe, which waits in an Asio operation.
heddle::task<int> through_pipe() {
    int ends[2];
    if (::pipe(ends) != 0)
        throw std::runtime_error("pipe");
    asio::posix::stream_descriptor in(heddle::this_task::executor(), ends[0]);
    asio::posix::stream_descriptor out(heddle::this_task::executor(), ends[1]);
    char byte = 2, got = 0;
    auto read = heddle::go([&]() -> heddle::task<> {
        co_await in.async_read_some(asio::buffer(&got, 1), heddle::use_task);
    });
    co_await asio::async_write(out, asio::buffer(&byte, 1), heddle::use_task);
    co_await read;
    co_return got;
}

/// Returns 42, by way of channels, timers, selects, a pipe and a wait that is
/// cancelled.
heddle::task<int> compute() {
    heddle::channel<int> in, out(4), never;
    heddle::go(doubler, in, out);
    heddle::go(feeder, in, 20);
    int sum = 0;
    for (std::optional<int> v;;) {
        if (co_await heddle::select(out.receive(v), heddle::after(10s)) == 1)
            throw std::runtime_error("the values did not come");
        if (!v)
            break;
        sum += *v;
    }
    try {
        co_await heddle::with_timeout(1ms,
                                      [](heddle::receiver<int> from) -> heddle::task<> {
                                          co_await from.receive();
                                      }(never));
        sum = -1000;
    } catch (const heddle::timed_out&) {
    }
    co_return sum + co_await through_pipe();
}

heddle::task<> compute_into(int& result) { result = co_await compute(); }

struct counts_at_end {
    int& ended;
    ~counts_at_end() { ++ended; }
};

heddle::task<> wait_for_end(int& ended) {
    counts_at_end count{ended};
    heddle::channel<int> never;
    co_await never.receive();
}

}  // namespace

#define PLUGIN_API extern "C" [[gnu::visibility("default")]]

/// Returns 42 from an io_context of its own, which it runs.
PLUGIN_API int plugin_run() { return heddle::run(compute()); }

/// Returns the same from two threads.
PLUGIN_API int plugin_run_on_threads() {
    return heddle::run({.threads = 2}, compute());
}

/// Starts tasks in the caller's context, which store 42 in `result`.
PLUGIN_API void plugin_start(asio::io_context& ctx, int& result) {
    heddle::go(ctx, compute_into, std::ref(result));
}

/// Starts a task that waits until the context ends, and then counts that.
PLUGIN_API void plugin_wait(asio::io_context& ctx, int& ended) {
    heddle::go(ctx, wait_for_end, std::ref(ended));
}

/// Returns the number of tasks of this plugin in that context.
PLUGIN_API int plugin_live(asio::io_context& ctx) {
    return static_cast<int>(heddle::live_tasks(ctx));
}
