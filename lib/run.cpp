// SPDX-License-Identifier: BSL-1.0
#include <heddle/run.hpp>

#include <heddle/channel.hpp>

#include "context_state.hpp"

#include <pthread.h>
#include <signal.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

namespace heddle::detail {
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

std::terminate_handler terminate_before = nullptr;

/// A deadlock that nobody catches: the report after what was printed, and Go's exit code.
[[noreturn]] void terminate_on_deadlock() {
    if (auto escaped = std::current_exception()) {
        try {
            std::rethrow_exception(escaped);
        } catch (const deadlock& d) {
            std::cout.flush();
            std::fflush(nullptr);
            std::fputs(d.what(), stderr);
            std::_Exit(2);
        } catch (...) {
        }
    }
    terminate_before();
    std::abort();
}

void exit_on_deadlock() {
    auto before = std::set_terminate(terminate_on_deadlock);
    if (before != terminate_on_deadlock)
        terminate_before = before;
}

/// Stops the context when the process it joins ends.
struct stop_at_end : sleeper {
    stop_at_end(asio::io_context& ctx, process& main) noexcept
        : context(ctx), join(&main) {
        foreign = [](sleeper& s) noexcept {
            static_cast<stop_at_end&>(s).context.stop();
            if (host* here = host::current())
                here->spend_all();  // what is ready does not run any more
        };
        join.who = this;
        join.exclusive = true;
        guard g(main.lock);
        join.enlist_locked();
    }
    ~stop_at_end() { join.withdraw(); }

    struct operation_of_join final : join_operation {
        using join_operation::join_operation;
    };

    asio::io_context& context;
    operation_of_join join;
};

}  // namespace

/// Waits for SIGQUIT in a thread of its own, so that a dump does not need the loop.
class run_loop::quit_watch {
public:
    explicit quit_watch(asio::io_context& ctx) : context_(ctx) {
        sigset_t quit = quit_set();
        ::pthread_sigmask(SIG_BLOCK, &quit, &before_);
        thread_ = std::thread([this] { watch(); });
    }
    ~quit_watch() {
        over_.store(true, std::memory_order_release);
        ::pthread_kill(thread_.native_handle(), SIGQUIT);
        thread_.join();
        ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }

private:
    static sigset_t quit_set() noexcept {
        sigset_t set;
        ::sigemptyset(&set);
        ::sigaddset(&set, SIGQUIT);
        return set;
    }
    void watch() {
        sigset_t quit = quit_set();
        for (int signal = 0;;) {
            if (::sigwait(&quit, &signal) != 0)
                continue;
            if (over_.load(std::memory_order_acquire))
                return;
            std::string text = dump_tasks(context_);
            std::fputs(text.c_str(), stderr);
        }
    }

    asio::io_context& context_;
    sigset_t before_;
    atomic<bool> over_{false};
    std::thread thread_;
};

run_loop::run_loop(std::optional<std::uint64_t> seed, bool virtual_clock,
                   bool dump_on_quit)
    : first_id_(tasks_started()) {
    (void)number_from_environment("HEDDLE_THREADS");
    if (auto n = number_from_environment("HEDDLE_SEED"))
        seed = n;
    if (virtual_by_environment())
        virtual_clock = true;
    set_context_state(context_, std::make_shared<context_state>(seed, virtual_clock));
    if (dump_on_quit)
        quit_ = std::make_unique<quit_watch>(context_);
}

run_loop::~run_loop() {
    quit_.reset();
    const char* wanted = std::getenv("HEDDLE_STATS");
    if (!wanted || std::string_view(wanted) != "1")
        return;
    std::string text = "heddle: " + std::to_string(tasks_started() - first_id_) +
                       " tasks started, " + std::to_string(live_tasks(context_)) +
                       " left, " + std::to_string(undelivered()) +
                       " values undelivered\n" + dump_tasks(context_);
    std::fputs(text.c_str(), stderr);
}

counted<host> run_loop::home() { return host_of(context_); }

void run_loop::run_until_ended(process& main) {
    stop_at_end stop(context_, main);
    try {
        while (!main.ended)
            step(main);
    } catch (...) {
        if (!main.ended || !main.failure)
            throw;  // else main's own exception wins
    }
}

/// Runs until nothing is pending, then lets virtual time jump, or waits for others.
void run_loop::step(process& main) {
    context_.restart();
    context_.run();
    if (main.ended)
        return;
    auto state = context_state::of(context_);
    if (state->is_virtual() && state->advance())
        return;
    if (state->outsiders()) {
        auto work = asio::make_work_guard(context_);
        context_.restart();
        context_.run_one();
        return;
    }
    exit_on_deadlock();
    std::string what =
        "heddle: deadlock: every task waits, and nothing is pending that "
        "could wake one\n";
    state->describe(what);
    throw deadlock(what);
}

}  // namespace heddle::detail

namespace heddle {

external_producer::external_producer()
    : work_(asio::prefer(this_task::executor(),
                         asio::execution::outstanding_work.tracked)) {}

}  // namespace heddle
