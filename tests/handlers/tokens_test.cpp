// SPDX-License-Identifier: BSL-1.0
// The promises of the completion-token forms to callers that are not tasks, and those
// of bind_done to Asio's operations. One thread is stepped by hand.
#include <heddle/heddle.hpp>

#include "support/ending.hpp"
#include "support/world.hpp"

#if __has_include(<asio/any_completion_handler.hpp>)
#include <asio/any_completion_handler.hpp>
#endif
#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#if __has_include(<asio/cancel_after.hpp>)
#include <asio/cancel_after.hpp>
#endif
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/experimental/parallel_group.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <memory>

namespace {

using namespace std::chrono_literals;
using test::lines;
using test::text;
using test::tracked;

heddle::task<> count_to(int n, heddle::sender<int> out) {
    for (int i = 1; i <= n; ++i)
        co_await out.send(i);
    out.close();
}

asio::awaitable<void> read_all(heddle::receiver<int> in, test::trace& trace) {
    while (auto v = co_await in.async_receive(asio::use_awaitable))
        trace("got " + std::to_string(*v));
    trace("closed");
}

heddle::task<int> answer(heddle::channel<> when) {
    co_await when.receive();
    co_return 42;
}

heddle::task<> fail() {
    co_await heddle::yield();
    throw std::runtime_error("failed");
}

}  // namespace

TEST_SUITE_BEGIN("tokens");

TEST_CASE("an asio::awaitable receives the values that a task sends, until the channel "
          "is closed") {
    test::world world;
    test::trace trace;
    heddle::channel<int> c;
    world.go(count_to, 2, c);
    asio::co_spawn(world.ctx, read_all(c, trace), asio::detached);
    world.settle();
    CHECK(trace.take() == lines{"got 1", "got 2", "closed"});
}

TEST_CASE("a handler is posted, never called inline") {
    test::world world;
    test::trace trace;
    heddle::channel<int> c(1);
    c.async_send(world.ctx, 7,
                 [&](heddle::error_code ec) { trace("sent " + text(ec)); });
    c.async_receive(world.ctx, [&](heddle::error_code ec, std::optional<int> v) {
        trace("got " + std::to_string(*v) + " " + text(ec));
    });
    CHECK(trace.take().empty());
    world.settle();
    CHECK(trace.take() == lines{"sent ok", "got 7 ok"});
}

TEST_CASE("a send that is refused or caught by close completes with errc::closed, a "
          "receive with empty") {
    test::world world;
    test::trace trace;
    heddle::channel<int> c, d;
    c.async_send(world.ctx, 1,
                 [&](heddle::error_code ec) { trace("parked " + text(ec)); });
    d.async_receive(world.ctx, [&](heddle::error_code ec, std::optional<int> v) {
        trace("receive " + text(ec) + (v ? " value" : " empty"));
    });
    c.close();
    d.close();
    c.async_send(world.ctx, 2,
                 [&](heddle::error_code ec) { trace("late " + text(ec)); });
    world.settle();
    CHECK(trace.take() == lines{"parked closed", "receive ok empty", "late closed"});
    CHECK(heddle::make_error_code(heddle::errc::closed).message() == "channel closed");
}

TEST_CASE("a cancellation slot withdraws the wait, and nothing is lost") {
    test::world world;
    test::trace trace;
    heddle::channel<int> c;
    asio::cancellation_signal stop;
    c.async_receive(world.ctx,
                    asio::bind_cancellation_slot(
                        stop.slot(), [&](heddle::error_code ec, std::optional<int> v) {
                            trace(text(ec) + (v ? " value" : " empty"));
                        }));
    world.settle();
    stop.emit(asio::cancellation_type::terminal);
    // This has no effect, because the wait has ended.
    stop.emit(asio::cancellation_type::terminal);
    // No receiver waits any more.
    CHECK(c.try_send(5) == heddle::try_status::would_block);
    world.settle();
    CHECK(trace.take() == lines{"aborted empty"});
}

TEST_CASE("a wait counts as work, so io_context::run does not return") {
    asio::io_context ctx;
    heddle::channel<int> c;
    int got = 0;
    c.async_receive(ctx, [&](heddle::error_code, std::optional<int> v) { got = *v; });
    ctx.poll();
    CHECK(!ctx.stopped());
    CHECK(c.try_send(3) == heddle::try_status::done);
    ctx.run();
    CHECK(got == 3);
}

TEST_CASE("use_future runs on the executor that was given") {
    asio::io_context ctx;
    heddle::channel<int> c;
    auto got = c.async_receive(ctx, asio::use_future);
    auto sent = c.async_send(ctx, 9, asio::use_future);
    CHECK(ctx.run() == 2);
    CHECK(*got.get() == 9);
    sent.get();
    c.close();
    auto refused = c.async_send(ctx, 1, asio::use_future);
    ctx.restart();
    CHECK(ctx.run() == 1);
    CHECK_THROWS_AS(refused.get(), heddle::system_error);
}

TEST_CASE("the executor of a handler takes precedence over the one that was given") {
    asio::io_context given, own;
    heddle::channel<int> c(1);
    bool called = false;
    c.async_send(given, 1,
                 asio::bind_executor(own.get_executor(),
                                     [&](heddle::error_code) { called = true; }));
    CHECK(given.poll() == 0);
    CHECK(own.run() == 1);
    CHECK(called);
}

TEST_CASE("a context that is destroyed destroys the waiting handlers without a call, "
          "and their values") {
    int alive = tracked::alive();
    heddle::channel<tracked> c;
    auto witness = std::make_shared<int>();
    {
        asio::io_context ctx;
        c.async_send(ctx, tracked(1),
                     [witness](heddle::error_code) { FAIL("called"); });
        CHECK(witness.use_count() == 2);
        CHECK(tracked::alive() == alive + 1);
    }
    CHECK(witness.use_count() == 1);
    CHECK(tracked::alive() == alive);
    std::optional<tracked> v;
    CHECK(c.try_receive(v) == heddle::try_status::would_block);
}

TEST_CASE("as_tuple returns the error instead of throwing; deferred starts when it is "
          "awaited") {
    test::world world;
    test::trace trace;
    heddle::channel<int> c;
    auto later = c.async_receive(world.ctx, heddle::deferred);
    CHECK(c.try_send(1) == heddle::try_status::would_block);  // no receiver waits yet
    auto body = [](heddle::channel<int> ch, auto op,
                   test::trace& t) -> asio::awaitable<void> {
        auto v = co_await std::move(op)(asio::use_awaitable);
        t("got " + std::to_string(*v));
        ch.close();
        auto [refused] =
            co_await ch.async_send(2, heddle::as_tuple(asio::use_awaitable));
        t("send " + text(refused));
        auto [ec, none] =
            co_await ch.async_receive(heddle::as_tuple(asio::use_awaitable));
        t("receive " + text(ec) + (none ? " value" : " empty"));
    };
    asio::co_spawn(world.ctx, body(c, std::move(later), trace), asio::detached);
    c.async_send(world.ctx, 1, asio::detached);
    world.settle();
    CHECK(trace.take() == lines{"got 1", "send closed", "receive ok empty"});
}

TEST_CASE("|| completes with one of two waits, and the value of the other stays with "
          "its sender") {
    using namespace asio::experimental::awaitable_operators;
    test::world world;
    test::trace trace;
    heddle::channel<int> a, b;
    auto body = [](heddle::receiver<int> x, heddle::receiver<int> y,
                   test::trace& t) -> asio::awaitable<void> {
        auto first = co_await (x.async_receive(asio::use_awaitable) ||
                               y.async_receive(asio::use_awaitable));
        t("arm " + std::to_string(first.index()));
    };
    asio::co_spawn(world.ctx, body(a, b, trace), asio::detached);
    world.settle();
    CHECK(b.try_send(1) == heddle::try_status::done);
    world.settle();
    // The other wait was withdrawn.
    CHECK(a.try_send(2) == heddle::try_status::would_block);
    CHECK(trace.take() == lines{"arm 1"});
}

TEST_CASE("a parallel_group cancels its waits that did not complete") {
    test::world world;
    test::trace trace;
    heddle::channel<int> a, b;
    asio::experimental::make_parallel_group(
        a.async_receive(world.ctx, heddle::deferred),
        b.async_receive(world.ctx, heddle::deferred))
        .async_wait(
            asio::experimental::wait_for_one(),
            asio::bind_executor(world.ctx.get_executor(),
                                [&](std::array<std::size_t, 2> order,
                                    heddle::error_code first, std::optional<int>,
                                    heddle::error_code second, std::optional<int> v) {
                                    trace("first " + std::to_string(order[0]) + ": " +
                                          text(second) + ' ' + std::to_string(*v) +
                                          ", other: " + text(first));
                                }));
    world.settle();
    CHECK(b.try_send(4) == heddle::try_status::done);
    world.settle();
    CHECK(a.try_send(5) == heddle::try_status::would_block);
    CHECK(trace.take() == lines{"first 1: ok 4, other: aborted"});
}

TEST_CASE(
    "async_join completes once, with the result or the exception that left the task") {
    test::world world;
    test::trace trace;
    heddle::channel<> when;
    auto h = world.go(answer, when);
    h.async_join(world.ctx, [&](std::exception_ptr e, int v) {
        trace((e ? "failed " : "result ") + std::to_string(v));
    });
    CHECK_THROWS_AS(h.async_join(world.ctx, [](std::exception_ptr, int) {}),
                    heddle::already_joined);
    auto f = world.go(fail);
    f.async_join(world.ctx,
                 [&](std::exception_ptr e) { trace(e ? "escaped" : "none"); });
    world.settle();
    CHECK(trace.take() == lines{"escaped"});
    CHECK(when.try_send() == heddle::try_status::done);
    world.settle();
    CHECK(trace.take() == lines{"result 42"});
}

TEST_CASE("a cancelled async_join leaves the task running, and the handle can be "
          "joined again") {
    test::world world;
    test::trace trace;
    heddle::channel<> when;
    auto h = world.go(answer, when);
    asio::cancellation_signal stop;
    h.async_join(world.ctx, asio::bind_cancellation_slot(
                                stop.slot(), [&](std::exception_ptr e, int) {
                                    try {
                                        std::rethrow_exception(e);
                                    } catch (const heddle::system_error& s) {
                                        trace(text(s.code()));
                                    }
                                }));
    world.settle();
    stop.emit(asio::cancellation_type::terminal);
    world.settle();
    CHECK(trace.take() == lines{"aborted"});
    h.async_join(world.ctx,
                 [&](std::exception_ptr, int v) { trace(std::to_string(v)); });
    CHECK(when.try_send() == heddle::try_status::done);
    world.settle();
    CHECK(trace.take() == lines{"42"});
}

TEST_CASE("bind_done cancels an Asio operation when the token closes") {
    asio::io_context ctx;
    test::trace trace;
    asio::steady_timer timer(ctx, 1h);
    heddle::done_source stop;
    timer.async_wait(heddle::bind_done(
        stop.token(), [&](heddle::error_code ec) { trace(text(ec)); }));
    ctx.poll();
    CHECK(trace.take().empty());
    stop.close();
    CHECK(trace.take().empty());  // the emission runs on the executor, not in close()
    ctx.run();
    CHECK(trace.take() == lines{"aborted"});
    // If the token was closed before, the operation is cancelled after its initiation.
    ctx.restart();
    timer.async_wait(heddle::bind_done(
        stop.token(), [&](heddle::error_code ec) { trace(text(ec)); }));
    ctx.run();
    CHECK(trace.take() == lines{"aborted"});
}

#if __has_include(<asio/any_completion_handler.hpp>)  // Asio 1.22 does not have it
TEST_CASE("any_completion_handler is a token, also for bind_done") {
    using asio::any_completion_handler;
    asio::io_context ctx;
    test::trace trace;
    heddle::channel<int> c;
    any_completion_handler<void(heddle::error_code, std::optional<int>)> receiving =
        [&](heddle::error_code, std::optional<int> v) {
            trace("got " + std::to_string(*v));
        };
    c.async_receive(ctx, std::move(receiving));
    CHECK(c.try_send(4) == heddle::try_status::done);
    asio::steady_timer timer(ctx, 1h);
    heddle::done_source stop;
    any_completion_handler<void(heddle::error_code)> waiting = asio::bind_executor(
        ctx.get_executor(), [&](heddle::error_code ec) { trace(text(ec)); });
    timer.async_wait(heddle::bind_done(stop.token(), std::move(waiting)));
    ctx.poll();
    CHECK(trace.take() == lines{"got 4"});
    stop.close();
    CHECK(trace.take().empty());
    ctx.run();
    CHECK(trace.take() == lines{"aborted"});
}
#endif

#if __has_include(<asio/cancel_after.hpp>)  // Asio 1.22 does not have this either
TEST_CASE(
    "cancel_after is a token for channels and tasks, inside bind_done and around it") {
    asio::io_context ctx;
    test::trace trace;
    heddle::channel<int> c;
    heddle::done_source stop;
    auto noting = [&](auto what) {
        return
            [&trace, what](heddle::error_code ec, auto...) { trace(what + text(ec)); };
    };
    using namespace std::string_literals;
    c.async_receive(ctx, asio::cancel_after(0s, noting("empty: "s)));
    ctx.run();
    CHECK(trace.take() == lines{"empty: aborted"});
    c.async_receive(ctx, asio::cancel_after(1h, noting("full: "s)));
    CHECK(c.try_send(1) == heddle::try_status::done);
    asio::steady_timer timer(ctx, 1h);
    timer.async_wait(
        heddle::bind_done(stop.token(), asio::cancel_after(1h, noting("done: "s))));
    timer.async_wait(
        asio::cancel_after(1h, heddle::bind_done(stop.token(), noting("done: "s))));
    timer.async_wait(
        asio::cancel_after(0s, heddle::bind_done(stop.token(), noting("late: "s))));
    ctx.restart();
    ctx.run_for(10ms);
    CHECK(trace.take() == lines{"full: ok", "late: aborted"});
    stop.close();
    ctx.restart();
    ctx.run();
    CHECK(trace.take() == lines{"done: aborted", "done: aborted"});
    heddle::go(ctx, [&]() -> heddle::task<> {
        heddle::error_code ec;
        co_await timer.async_wait(
            asio::redirect_error(asio::cancel_after(0s, heddle::use_task), ec));
        trace(text(ec));
        heddle::inflight waiting(
            timer.async_wait(asio::cancel_after(0s, heddle::use_task)));
        (void)co_await heddle::select(waiting);
        try {
            waiting.result();
        } catch (const heddle::system_error& e) {
            trace(text(e.code()));
        }
    });
    ctx.restart();
    ctx.run();
    CHECK(trace.take() == lines{"aborted", "aborted"});
}
#endif

TEST_CASE("bind_done chains the slot that its token has, and leaves a completed "
          "operation unchanged") {
    asio::io_context ctx;
    test::trace trace;
    asio::cancellation_signal user;
    heddle::done_source stop;
    asio::steady_timer timer(ctx, 1h);
    timer.async_wait(heddle::bind_done(
        stop.token(),
        asio::bind_cancellation_slot(user.slot(),
                                     [&](heddle::error_code ec) { trace(text(ec)); })));
    ctx.poll();
    user.emit(asio::cancellation_type::terminal);
    ctx.run();
    CHECK(trace.take() == lines{"aborted"});
    ctx.restart();
    timer.expires_after(0s);
    timer.async_wait(heddle::bind_done(
        stop.token(), [&](heddle::error_code ec) { trace(text(ec)); }));
    ctx.run();
    stop.close();
    ctx.restart();
    ctx.run();
    CHECK(trace.take() == lines{"ok"});
}

TEST_CASE("a handler that is bound to a token may be destroyed without a call, before "
          "or after the token") {
    auto witness = std::make_shared<int>();
    heddle::done_source late;
    {
        asio::io_context ctx;
        asio::steady_timer timer(ctx, 1h);
        heddle::done_source early;
        timer.async_wait(
            heddle::bind_done(early.token(), [witness](heddle::error_code) {}));
        timer.async_wait(
            heddle::bind_done(late.token(), [witness](heddle::error_code) {}));
    }
    CHECK(witness.use_count() == 1);
}

#ifdef HEDDLE_HAS_STOP_TOKEN
TEST_CASE("a std::stop_token closes a done token, and a done token stops its "
          "std::stop_token") {
    std::stop_source std_source;
    heddle::done_source done(std_source.get_token());
    std::stop_token back = done.token().stop_token();
    CHECK(!done.token().closed());
    CHECK(!back.stop_requested());
    std_source.request_stop();
    CHECK(done.token().closed());
    CHECK(back.stop_requested());
    CHECK_THROWS_AS(std::rethrow_exception(done.token().cause()), heddle::done_closed);

    std::stop_source requested;
    requested.request_stop();
    CHECK(heddle::done_source(requested.get_token()).token().closed());
    CHECK(done.token().stop_token().stop_requested());
    CHECK(!heddle::done_token().stop_token().stop_possible());
}
#endif

TEST_SUITE_END();
