// SPDX-License-Identifier: BSL-1.0
#include <heddle/run.hpp>

#include <heddle/channel.hpp>

#include "context/context_state.hpp"
#include "core/uncaught.hpp"
#include "platform/port.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace heddle HEDDLE_VARIANT::detail {
namespace {

std::optional<std::uint64_t> number_from_environment(const char* name) {
    const char* text = std::getenv(name);
    if (!text)
        return {};
    std::uint64_t n = 0;
    const char* end = text + std::strlen(text);
    auto [stop, error] = std::from_chars(text, end, n);
    if (error != std::errc() || stop != end || text == end)
        throw std::invalid_argument("heddle: " + std::string(name) + "=" + text +
                                    " is not a number");
    return n;
}

bool virtual_by_environment() {
    const char* text = std::getenv("HEDDLE_CLOCK");
    if (!text)
        return false;
    if (std::string_view(text) != "virtual")
        throw std::invalid_argument("heddle: HEDDLE_CLOCK=" + std::string(text) +
                                    ": the only clock to name is `virtual`");
    return true;
}

}  // namespace

/// Stops the loop when the process it joins ends.
struct run_loop::stop_at_end : foreign_sleeper {
    stop_at_end(run_loop& l, process& main) noexcept
        : foreign_sleeper(stop), loop(l), join(&main) {
        join.who = this;
        join.exclusive = true;
        guard g(main.lock);
        join.enlist_locked();
    }
    ~stop_at_end() { join.withdraw(); }

    static void stop(foreign_sleeper& s) noexcept {
        static_cast<stop_at_end&>(s).loop.stop();
        if (host* here = host::current())
            here->spend_all();  // ready tasks do not run any more
    }

    struct operation_of_join final : join_operation {
        using join_operation::join_operation;
    };

    run_loop& loop;
    operation_of_join join;
};

/// The settings of a run: its arguments, as the environment overrides them.
class run_loop::settings {
public:
    settings(unsigned wanted, std::optional<std::uint64_t> s, bool v)
        : seed(s), virtual_clock(v || virtual_by_environment()) {
        if (auto n = number_from_environment("HEDDLE_SEED"))
            seed = n;
        auto n = number_from_environment("HEDDLE_THREADS");
        threads = wanted == 1 || !n ? wanted : *n;
        if (threads > worker_pool::max_workers)
            throw std::invalid_argument("heddle: run on " + std::to_string(threads) +
                                        " threads: at most " +
                                        std::to_string(worker_pool::max_workers));
        if (seed || virtual_clock)
            threads = 1;
        else if (threads == 0)
            threads = std::max(1u, std::thread::hardware_concurrency());
    }

    std::uint64_t threads;
    std::optional<std::uint64_t> seed;
    bool virtual_clock;
};

run_loop::run_loop(unsigned threads, std::optional<std::uint64_t> seed,
                   bool virtual_clock, bool dump_on_quit)
    : run_loop((host::refuse_to_block("co_await the task, or start it with go"),
                settings(threads, seed, virtual_clock)),
               dump_on_quit) {}

run_loop::run_loop(const settings& s, bool dump_on_quit)
    : context_(static_cast<int>(s.threads)),
      threads_(static_cast<std::size_t>(s.threads)), numbers_before_(task_numbers()) {
    set_context_state(context_,
                      std::make_shared<context_state>(s.seed, s.virtual_clock));
    if (dump_on_quit)
        quit_ = port::on_quit_signal([this] {
            std::string text = tasks_of(context_);
            std::fputs(text.c_str(), stderr);
        });
}

run_loop::~run_loop() {
    quit_.reset();
    const char* wanted = std::getenv("HEDDLE_STATS");
    if (!wanted || std::string_view(wanted) != "1")
        return;
    std::string text = "heddle: " +
                       std::to_string(task_numbers() - numbers_before_ -
                                      context_state::of(context_)->unused_numbers()) +
                       " tasks started, " + std::to_string(live_tasks(context_)) +
                       " left, " + std::to_string(undelivered()) +
                       " values undelivered\n" + tasks_of(context_);
    std::fputs(text.c_str(), stderr);
}

counted<host> run_loop::home() {
    if (threads_ > 1)
        return worker_of(context_, threads_);
    auto home = host_of(context_);
    home->run_by_this_thread();
    sole_ = home.get();
    return home;
}

void run_loop::run_until_ended(process& main) {
    stop_at_end at_end(*this, main);
    struct leaving {
        ~leaving() {
            if (sole)
                sole->left_by_its_thread();
        }
        host* sole;
    } at_last{sole_};
    try {
        while (!main.ended)
            step(main);
    } catch (...) {
        if (!main.ended || !main.failure)
            throw;  // else main's own exception wins
    }
    if (main.failure)
        main.note_escape();
}

/// Runs the context on all threads. The first exception stops them.
void run_loop::run_threads() {
    std::exception_ptr first;
    spin_lock lock;
    auto run = [&]() noexcept {
        try {
            context_.run();
        } catch (...) {
            stop();
            guard g(lock);
            if (!first)
                first = std::current_exception();
        }
    };
    std::vector<std::thread> others;
    auto join_them = [&] {
        for (std::thread& t : others)
            t.join();
    };
    try {
        while (others.size() + 1 < threads_)
            others.emplace_back(run);
    } catch (...) {
        stop();
        join_them();
        throw;
    }
    run();
    join_them();
    if (first)
        std::rethrow_exception(first);
}

void run_loop::stop() noexcept {
    context_.stop();
    context_state::of(context_)->stop_workers();
}

/// Runs until nothing is pending. Then it lets virtual time jump, or waits for other
/// threads.
void run_loop::step(process& main) {
    context_.restart();
    if (threads_ > 1)
        run_threads();
    else
        context_.run();
    if (main.ended)
        return;
    auto state = context_state::of(context_);
    if (!state->somebody_comes() && state->is_virtual() && state->advance())
        return;
    for (bool others = true; others;) {      // they may end without waking this loop
        others = state->somebody_comes() ||  // [homecoming]
                 state->handler_pending() || state->outsiders() ||
                 thread_wait::others_awake();
        auto work = asio::make_work_guard(context_);
        context_.restart();
        if (others ? context_.run_one_for(std::chrono::milliseconds(100))
                   : context_.poll_one())  // they may have posted before they ended
            return;
    }
    explain_uncaught();
    std::string what =
        "heddle: deadlock: every task waits, and nothing is pending that could wake "
        "one; if a thread outside will, keep a heddle::external_producer while it "
        "may\n";
    state->describe(what);
    throw deadlock(what);
}

}  // namespace heddle::detail

namespace heddle HEDDLE_VARIANT {

external_producer::external_producer()
    : work_(asio::prefer(this_task::executor(),
                         asio::execution::outstanding_work.tracked)) {}

}  // namespace heddle
