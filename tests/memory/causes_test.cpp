// SPDX-License-Identifier: BSL-1.0
// If there is no memory, a program still learns why its waits have ended: the cause of a
// token, and the failure of a join, are not replaced by bad_alloc.
//
// It is part of the program that replaces operator new.
#include "support/allocations.hpp"
#include "support/operations.hpp"

#include <heddle/heddle.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <csignal>
#include <exception>
#include <initializer_list>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <system_error>

using namespace std::chrono_literals;

namespace {

using heddle::task;

std::string name_of(const std::exception_ptr& why) {
    try {
        if (why)
            std::rethrow_exception(why);
        return "none";
    } catch (const heddle::done_closed&) {
        return "closed";
    } catch (const heddle::deadline_exceeded&) {
        return "deadline";
    } catch (const heddle::task_abandoned&) {
        return "abandoned";
    } catch (const heddle::signal_received& s) {
        return "signal " + std::to_string(s.number());
    } catch (const heddle::system_error& e) {
        return e.code().message();
    } catch (const std::bad_alloc&) {
        return "no memory";
    }
}

task<> wait_for_ever() { co_await heddle::channel<>(nullptr).receive(); }

/// Runs the handlers that are ready, while every allocation fails.
void poll_without_memory(asio::io_context& ctx) {
    test::no_memory none;
    ctx.restart();
    ctx.poll();
}

}  // namespace

TEST_SUITE_BEGIN("allocation.causes");

// This case comes first: no token has been closed before.
TEST_CASE("law 70: the first token of a program may be closed without memory") {
    heddle::done_source stop;
    {
        test::no_memory none;
        stop.close();
    }
    CHECK(name_of(stop.token().cause()) == "closed");
    heddle::done_source another;
    another.close();
    CHECK(name_of(another.token().cause()) == "closed");
}

TEST_CASE("law 70: a deadline that passes while there is no memory is the cause") {
    asio::io_context ctx;
    heddle::done_source soon(ctx, heddle::done_token(), 1ms);
    heddle::done_source late(ctx, heddle::done_token(), heddle::time_point::min());
    while (!soon.token().closed())
        poll_without_memory(ctx);
    CHECK(name_of(soon.token().cause()) == "deadline");
    CHECK(name_of(late.token().cause()) == "deadline");
}

TEST_CASE("law 70: the joiner of a task whose context ends without memory is told") {
    asio::io_context here;
    auto there = std::make_unique<asio::io_context>();
    auto waits = heddle::go(*there, wait_for_ever);
    there->poll();
    std::string told;
    heddle::go(here, [&]() -> task<> {
        try {
            co_await waits;
        } catch (...) {
            told = name_of(std::current_exception());
        }
    });
    here.poll();
    {
        test::no_memory none;
        there.reset();
    }
    here.restart();
    here.run();
    CHECK(told == "abandoned");
}

TEST_CASE("law 70: async_join that is cancelled without memory ends as aborted") {
    asio::io_context ctx;
    auto waits = heddle::go(ctx, wait_for_ever);
    asio::cancellation_signal signal;
    std::exception_ptr told;
    waits.async_join(ctx, asio::bind_cancellation_slot(
                              signal.slot(), [&](std::exception_ptr e) { told = e; }));
    ctx.poll();
    {
        test::no_memory none;
        signal.emit(asio::cancellation_type::terminal);
    }
    poll_without_memory(ctx);
    CHECK(name_of(told) == make_error_code(asio::error::operation_aborted).message());
}

TEST_CASE("law 70: a signal that comes when there is no memory closes its token") {
    asio::io_context ctx;
    heddle::signals stop(ctx, {SIGUSR1, SIGUSR2});
    ctx.poll();
    ::raise(SIGUSR2);
    poll_without_memory(ctx);
    CHECK(name_of(stop.token().cause()) == "signal " + std::to_string(SIGUSR2));
}

TEST_CASE("law 70: each allocation of signals may fail, and then the signal has its "
          "default again") {
    std::size_t k = 0;
    for (bool reached = true; reached; ++k) {
        CAPTURE(k);
        asio::io_context ctx;
        (void)heddle::live_tasks(ctx);
        asio::signal_set first(
            ctx);  // its service, made without memory, crashes in Asio
        test::failing_allocation fail(k);
        std::optional<heddle::signals> stop;
        try {
            stop.emplace(ctx, std::initializer_list<int>{SIGUSR1});
        } catch (const std::bad_alloc&) {
            struct sigaction now{};
            ::sigaction(SIGUSR1, nullptr, &now);
            CHECK((now.sa_handler == SIG_DFL));
        }
        if (stop) {
            ctx.poll();
            ::raise(SIGUSR1);
            ctx.restart();
            ctx.poll();
            CHECK(name_of(stop->token().cause()) ==
                  "signal " + std::to_string(SIGUSR1));
        }
        reached = fail.happened();
    }
    CHECK(k >= 3);
}

namespace {

/// It is open as long as one of its owners lives.
using connection = std::shared_ptr<int>;

/// The test completes each accept.
struct fake_acceptor {
    template <class Token>
    auto async_accept(Token&& token) {
        return from->start(std::forward<Token>(token));
    }
    void close(heddle::error_code&) {}

    test::held<void(heddle::error_code, connection)>* from;
};

std::string told_last;

}  // namespace

TEST_CASE("law 70: a server whose accept fails for want of memory goes on, also if "
          "there is none to tell of it") {
    asio::io_context ctx;
    test::held<void(heddle::error_code, connection)> accepts;
    heddle::done_source stop;
    int sessions = 0;
    bool ended = false;
    heddle::go(ctx, [&]() -> task<> {
        co_await heddle::serve(
            fake_acceptor{&accepts}, stop.token(),
            [&](connection) -> task<> {
                ++sessions;
                co_return;
            },
            {.on_error = [](std::exception_ptr e) { told_last = name_of(e); }});
        ended = true;
    });
    ctx.poll();
    REQUIRE(accepts.waiting());
    told_last.clear();
    accepts.complete(asio::error::no_memory, connection());
    for (int turns = 0; turns < 10 && told_last.empty(); ++turns) {
        test::no_memory none;
        ctx.restart();
        ctx.poll_one();
    }
    CHECK(told_last == "no memory");
    while (!accepts.waiting() && !ended) {
        ctx.restart();
        ctx.run_one();
    }
    REQUIRE(!ended);
    accepts.complete({}, connection());
    ctx.restart();
    ctx.poll();
    CHECK(sessions == 1);
    stop.close();
    accepts.complete(asio::error::operation_aborted, connection());
    ctx.restart();
    ctx.run();
    CHECK(ended);
}

TEST_CASE(
    "law 70: each allocation of a server may fail as it starts a session, and the "
    "next connection gets one") {
    std::size_t k = 0;
    for (bool reached = true; reached; ++k) {
        CAPTURE(k);
        asio::io_context ctx;
        test::held<void(heddle::error_code, connection)> accepts;
        heddle::done_source stop;
        int sessions = 0;
        bool ended = false;
        auto session = [&](connection) -> task<> {
            ++sessions;
            co_return;
        };
        auto serving = [&]() -> task<> {
            try {
                co_await heddle::serve(
                    fake_acceptor{&accepts}, stop.token(), session,
                    {.on_error = [](std::exception_ptr e) { told_last = name_of(e); }});
            } catch (const std::bad_alloc&) {
                FAIL_CHECK("serve has ended");
            }
            ended = true;
        };
        heddle::go(ctx, serving);
        auto open = std::make_shared<int>();
        auto connect = [&] {
            ctx.restart();
            while (!accepts.waiting() && ctx.run_one() != 0) {  // until it tries again
            }
            REQUIRE(accepts.waiting());
            accepts.complete({}, open);
        };
        ctx.poll();
        connect();
        told_last.clear();
        test::empty_frame_pools();
        {
            test::failing_allocation fail(k);
            ctx.restart();
            ctx.poll();
            reached = fail.happened();
        }
        CHECK(open.use_count() == 1);  // the connection has been closed
        if (reached)
            CHECK(!told_last.empty());
        else
            CHECK(sessions == 1);
        sessions = 0;
        connect();
        ctx.restart();
        ctx.poll();
        CHECK(sessions == 1);
        stop.close();
        accepts.complete(asio::error::operation_aborted, connection());
        ctx.restart();
        ctx.run();
        CHECK(ended);
    }
    CHECK(k >= 3);
}

TEST_SUITE_END();
