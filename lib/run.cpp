// SPDX-License-Identifier: BSL-1.0
#include <heddle/run.hpp>

#include "context_state.hpp"

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <memory>

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

/// Stops the context when the process it joins ends.
struct stop_at_end : sleeper {
    stop_at_end(asio::io_context& ctx, process& main) noexcept
        : context(ctx), join(&main) {
        foreign = [](sleeper& s) noexcept {
            static_cast<stop_at_end&>(s).context.stop();
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

run_loop::run_loop(std::optional<std::uint64_t> seed, bool virtual_clock) {
    (void)number_from_environment("HEDDLE_THREADS");
    if (auto n = number_from_environment("HEDDLE_SEED"))
        seed = n;
    if (virtual_by_environment())
        virtual_clock = true;
    set_context_state(context_, std::make_shared<context_state>(seed, virtual_clock));
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
    std::string what =
        "heddle: deadlock: every task waits, and nothing is pending that "
        "could wake one\n";
    state->describe(what);
    throw deadlock(what);
}

}  // namespace heddle::detail
