// SPDX-License-Identifier: BSL-1.0
// check.sh tests how these programs end, or what they print on stderr.
#include <heddle/heddle.hpp>
#include <heddle/testing.hpp>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/signal_set.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_future.hpp>

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

using asio::ip::tcp;
using heddle::task;

namespace {

task<> consumer(heddle::receiver<int> jobs) {
    heddle::this_task::name("consumer");
    while (auto job = co_await jobs.receive())
        std::printf("%d\n", *job);
}

task<> starve() {
    std::cout << "from iostream\n";
    std::puts("from stdio");
    heddle::channel<int> jobs;
    jobs.name("jobs");
    heddle::this_task::name("main");
    auto reader = heddle::go(consumer, jobs);
    jobs = nullptr;
    co_await reader;
}

/// Leaves one task that waits for a peer and one that waits for ever, while I/O is
/// pending.
task<> leak() {
    tcp::acceptor acceptor(heddle::this_task::executor(),
                           {asio::ip::address_v4::loopback(), 0});
    heddle::go(
        [](tcp::acceptor at) -> task<> {
            heddle::this_task::name("acceptor");
            auto peer = co_await at.async_accept(heddle::use_task);
        },
        std::move(acceptor));
    heddle::channel<int> jobs;
    jobs.name("jobs");
    heddle::go(consumer, heddle::receiver<int>(jobs));
    heddle::go([]() -> task<> { co_return; });
    jobs = nullptr;
    for (int i = 0; i < 3; ++i)
        co_await heddle::yield();
}

/// Starts a thousand tasks, on whatever threads.
task<> many() {
    heddle::wait_group all;
    for (int i = 0; i < 10; ++i)
        all.go(
            [](heddle::wait_group* in) -> task<> {
                for (int k = 0; k < 99; ++k)
                    in->go([]() -> task<> { co_return; });
                co_return;
            },
            &all);
    co_await all.wait();
}

/// Waits for SIGTERM, and prints that it does.
task<> serve() {
    heddle::this_task::name("server");
    asio::signal_set stop(heddle::this_task::executor(), SIGTERM);
    auto stopped = stop.async_wait(heddle::use_task);
    std::puts("ready");
    std::fflush(stdout);
    co_await std::move(stopped);
    std::puts("stopped");
}

// -- an exception that nobody catches -----------------------------------------------

task<> wait_for_ever() {
    heddle::this_task::name("worker");
    co_await heddle::channel<>().receive();
}

task<> join_a_cancelled_task() {
    heddle::this_task::name("main");
    auto h = heddle::go(wait_for_ever);
    co_await heddle::yield();
    h.cancel(std::make_exception_ptr(std::runtime_error("no longer wanted")));
    co_await h;
}

task<> too_slow() {
    heddle::this_task::name("main");
    co_await heddle::with_timeout(std::chrono::milliseconds(1), wait_for_ever());
}

task<> detached_failure() {
    heddle::go([]() -> task<> {
        heddle::this_task::name("loader");
        throw std::runtime_error("no such file");
        co_return;
    });
    co_await heddle::channel<>().receive();
}

/// The same on a context of the program's own.
void join_on_context() {
    asio::io_context context;
    heddle::go(context, join_a_cancelled_task);
    context.run();
}

/// Says when it waits, when a signal has told it to stop, and when SIGUSR1 has ended it.
task<> stop_slowly(heddle::signals::later then) {
    heddle::signals stop({SIGINT, SIGTERM}, then), end({SIGUSR1});
    auto say = [](const char* word) {
        std::puts(word);
        std::fflush(stdout);
    };
    say("ready");
    co_await stop.token();
    say("stopping");
    co_await end.token();
    say("stopped");
}

task<> use(heddle::channel<int> c) { co_await c.send(1); }

void same_host() {
    asio::io_context first, second;
    heddle::channel<int> c(2, heddle::same_host);
    heddle::go(first, use, c);
    first.run();
    heddle::go(second, use, c);
    second.run();
}

// -- a context is destroyed from inside ---------------------------------------------

std::unique_ptr<asio::io_context> doomed;

void destroy() { doomed.reset(); }

task<> destroy_it(std::string name) {
    if (!name.empty())
        heddle::this_task::name(std::move(name));
    destroy();
    co_return;
}

/// Destroys the context when it is destroyed itself.
struct destroyer {
    explicit destroyer(bool b) noexcept : armed(b) {}
    destroyer(destroyer&& o) noexcept : armed(std::exchange(o.armed, false)) {}
    destroyer& operator=(destroyer&&) = delete;
    ~destroyer() {
        if (armed)
            destroy();
    }
    bool armed;
};

/// A handler that destroys the context when it is moved, once that is armed.
struct moved_handler {
    explicit moved_handler(const bool& m) noexcept : may(&m) {}
    moved_handler(moved_handler&& o) noexcept : may(o.may) {
        if (*may)
            destroy();
    }
    void operator()(heddle::error_code, std::optional<int>) {}
    const bool* may;
};

/// An executor that keeps its context alive.
struct keeping_executor {
    std::shared_ptr<asio::io_context> context;

    asio::io_context& query(asio::execution::context_t) const noexcept {
        return *context;
    }
    static constexpr asio::execution::blocking_t
    query(asio::execution::blocking_t) noexcept {
        return asio::execution::blocking.never;
    }
    template <class F>
    void execute(F&& f) const {
        asio::post(*context, std::forward<F>(f));
    }
    friend bool operator==(const keeping_executor&,
                           const keeping_executor&) noexcept = default;
};

void by_task() {
    heddle::go(*doomed, destroy_it, "builder");
    doomed->run();
}
void by_task_on_strand() {
    heddle::go(asio::make_strand(*doomed), destroy_it, "");
    doomed->run();
}
void by_task_of_pool() {
    static auto pool = std::make_unique<asio::thread_pool>(2);
    heddle::go(*pool, []() -> task<> {
        pool.reset();
        co_return;
    });
    for (;;)
        ::pause();
}
void by_worker() {
    heddle::go(heddle::parallel(*doomed, 2), destroy_it, "");
    // By reference: the pointer is null while the task ends the context.
    std::thread other([&context = *doomed] { context.run(); });
    doomed->run();
}
/// The host of another context is drained in between.
void by_task_in_between() {
    static asio::io_context inner;
    heddle::go(*doomed, []() -> task<> {
        heddle::go(inner, destroy_it, "");
        inner.run();
        co_return;
    });
    doomed->run();
}
void by_world() {
    static auto world = std::make_unique<heddle::testing::world>();
    world->run([]() -> task<> {
        world.reset();
        co_return;
    }());
}
void by_blocking_work() {
    heddle::go(*doomed, []() -> task<> { co_await heddle::go_blocking(destroy); });
    doomed->run();
}
void by_unhandled() {
    heddle::on_unhandled(*doomed, [](std::exception_ptr) { destroy(); });
    heddle::go(*doomed, []() -> task<> {
        throw 1;
        co_return;
    });
    doomed->run();
}
void by_value() {
    heddle::go(*doomed, []() -> task<> {
        heddle::channel<destroyer> c(1);
        co_await c.emplace(true);
    });
    doomed->run();
}
#ifdef HEDDLE_HAS_STOP_TOKEN
void by_stop_callback() {
    static heddle::done_source stop;
    std::stop_callback on_stop(stop.token().stop_token(), destroy);
    heddle::go(*doomed, []() -> task<> {
        stop.close();
        co_return;
    });
    doomed->run();
}
void by_stop_callback_of_deadline() {
    heddle::done_source stop(*doomed, heddle::done_token(),
                             std::chrono::milliseconds(100));  // it closes in run()
    std::stop_callback on_stop(stop.token().stop_token(), destroy);
    doomed->run();
}
#else
void by_stop_callback() { std::exit(77); }
void by_stop_callback_of_deadline() { std::exit(77); }
#endif
void by_handler() {
    heddle::channel<int> c(1);
    c.async_receive(*doomed, [](heddle::error_code, std::optional<int>) { destroy(); });
    heddle::go(
        *doomed, [](heddle::channel<int> to) -> task<> { co_await to.send(1); }, c);
    doomed->run();
}
/// If async_send refuses the value, it destroys the value before it has posted its
/// handler.
void by_refused_value() {
    heddle::channel<destroyer> c;
    c.async_send(*doomed, destroyer(true), [](heddle::error_code) {});
    c.close();
}
/// Two handlers are woken together; waking the first one ends the context of the other.
void by_first_of_two() {
    static asio::io_context other;
    static bool may = false;
    heddle::channel<int> c;
    c.async_receive(other, moved_handler(may));
    c.async_receive(*doomed, [](heddle::error_code, std::optional<int>) {});
    may = true;
    c.close();
}
void by_first_of_handler_and_task() {
    static asio::io_context other;
    static bool may = false;
    heddle::channel<int> c;
    c.async_receive(other, moved_handler(may));
    heddle::go(
        *doomed, [](heddle::channel<int> from) -> task<> { co_await from.receive(); },
        c);
    doomed->poll();
    may = true;
    c.close();
}
void by_executor() {
    auto context = std::make_shared<asio::io_context>();
    auto& runs = *context;
    heddle::go(keeping_executor{std::move(context)}, []() -> task<> { co_return; });
    runs.run();
}

struct inside {
    const char* mode;
    void (*destroys)();
} const insides[] = {
    {"by_task", by_task},
    {"by_task_on_strand", by_task_on_strand},
    {"by_task_of_pool", by_task_of_pool},
    {"by_worker", by_worker},
    {"by_task_in_between", by_task_in_between},
    {"by_world", by_world},
    {"by_blocking_work", by_blocking_work},
    {"by_unhandled", by_unhandled},
    {"by_value", by_value},
    {"by_stop_callback", by_stop_callback},
    {"by_stop_callback_of_deadline", by_stop_callback_of_deadline},
    {"by_handler", by_handler},
    {"by_refused_value", by_refused_value},
    {"by_first_of_two", by_first_of_two},
    {"by_first_of_handler_and_task", by_first_of_handler_and_task},
    {"by_executor", by_executor},
};

int destroy_from_inside(std::string_view mode) {
    for (auto& i : insides) {
        if (mode != i.mode)
            continue;
        doomed = std::make_unique<asio::io_context>();
        i.destroys();
        return 0;
    }
    return 64;
}

}  // namespace

int main(int argc, char** argv) {
    std::ios::sync_with_stdio(false);
    std::string_view mode = argc == 2 ? argv[1] : "";
    if (mode == "deadlock") {
        heddle::run(starve());
    } else if (mode == "caught") {
        try {
            heddle::run(starve());
        } catch (const heddle::deadlock&) {
        }
        // Another exception is thrown after a deadlock was caught.
    } else if (mode == "other") {
        try {
            heddle::run(starve());
        } catch (const heddle::deadlock&) {
        }
        throw std::runtime_error("something else");
    } else if (mode == "cancelled") {
        heddle::run(join_a_cancelled_task());
    } else if (mode == "cancelled_on_context") {
        join_on_context();
    } else if (mode == "cancelled_in_future") {
        asio::io_context context;
        auto h = heddle::go(context, wait_for_ever);
        context.poll();
        h.cancel();
        auto joined = h.async_join(context, asio::use_future);
        context.restart();
        context.run();
        joined.get();
    } else if (mode == "timed_out") {
        heddle::run(too_slow());
    } else if (mode == "detached") {
        heddle::run(detached_failure());
    } else if (mode == "leak") {
        heddle::run(leak());
    } else if (mode == "threads") {
        heddle::run(heddle::run_options{.threads = 3}, many());
    } else if (mode == "quit") {
        heddle::run(heddle::run_options{.dump_on_quit = true}, serve());
    } else if (mode == "no_quit") {
        heddle::run(serve());
    } else if (mode.starts_with("signals_caught")) {
        heddle::run(stop_slowly(heddle::signals::later::caught));
    } else if (mode.starts_with("signals_end")) {
        heddle::run(stop_slowly(heddle::signals::later::all_end));
    } else if (mode.starts_with("signals")) {
        heddle::run(stop_slowly(heddle::signals::later::interrupt_ends));
    } else if (mode == "same_host") {
        same_host();
    } else {
        return destroy_from_inside(mode);
    }
}
