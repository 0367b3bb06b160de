// SPDX-License-Identifier: BSL-1.0
// The promises of select(arms...)(token) to callers that are not tasks, and, where Asio
// allows it, those of co_await of an operation in an asio::awaitable.
#include <heddle/heddle.hpp>

#include "support/ending.hpp"
#include "support/latch.hpp"
#include "support/threads.hpp"
#include "support/world.hpp"

#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/strand.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <tuple>
#include <vector>

namespace {

using namespace std::chrono_literals;
using heddle::try_status;
using test::lines;
using test::text;
using test::tracked;

/// Logs the error and the index.
auto noting(test::trace& trace) {
    return [&trace](heddle::error_code ec, std::size_t i) {
        trace(text(ec) + " " + std::to_string(i));
    };
}

heddle::task<int> answer() { co_return 42; }

}  // namespace

TEST_SUITE_BEGIN("token_select");

TEST_CASE("a select whose arm is ready completes, and its handler is posted, never "
          "called inline") {
    test::world world;
    test::trace trace;
    heddle::channel<int> a(1), b(1);
    CHECK(b.try_send(7) == try_status::done);
    std::optional<int> v;
    heddle::select(a.receive(v), b.receive(v))(world.ctx, noting(trace));
    CHECK(trace.take().empty());
    world.settle();
    CHECK(trace.take() == lines{"ok 1"});
    CHECK(v == 7);
}

TEST_CASE("a select waits for the first arm that becomes ready, and its other arms "
          "leave no trace") {
    test::world world;
    test::trace trace;
    heddle::channel<int> in, out;
    heddle::done_source done;
    std::optional<int> v;
    int sent = 5;
    heddle::select(in.receive(v), out.send(sent), done.token())(world.ctx,
                                                                noting(trace));
    world.settle();
    CHECK(trace.take().empty());
    std::optional<int> got;
    CHECK(out.try_receive(got) == try_status::done);
    CHECK(got == 5);
    CHECK(in.try_send(1) == try_status::would_block);  // no receiver is left
    CHECK(out.try_receive(got) == try_status::would_block);
    done.close();
    world.settle();
    CHECK(trace.take() == lines{"ok 1"});
    CHECK(!v);
}

TEST_CASE("a receive arm that is closed is empty; a send arm that is refused or closed "
          "gives errc::closed") {
    test::world world;
    test::trace trace;
    heddle::channel<tracked> in, out, never;
    std::optional<tracked> v(std::in_place, 1);
    heddle::select(never.receive(std::ignore), in.receive(v))(world.ctx, noting(trace));
    in.close();
    world.settle();
    CHECK(trace.take() == lines{"ok 1"});
    CHECK(!v);
    tracked kept(3);
    heddle::select(out.send(std::move(kept)),
                   never.receive(std::ignore))(world.ctx, noting(trace));
    out.close();
    heddle::select(out.send(std::move(kept)),
                   never.receive(std::ignore))(world.ctx, noting(trace));
    world.settle();
    CHECK(trace.take() == lines{"closed 0", "closed 0"});
    CHECK(kept.value() == 3);
}

TEST_CASE("a select that is cancelled through its slot has done nothing and leaves "
          "nothing behind") {
    test::world world;
    test::trace trace;
    heddle::channel<int> a, b;
    asio::cancellation_signal stop;
    std::optional<int> v;
    heddle::select(a.receive(v), b.receive(v))(
        world.ctx, asio::bind_cancellation_slot(stop.slot(), noting(trace)));
    world.settle();
    stop.emit(asio::cancellation_type::terminal);
    // This has no effect, because the select has completed.
    stop.emit(asio::cancellation_type::terminal);
    CHECK(a.try_send(1) == try_status::would_block);
    CHECK(b.try_send(1) == try_status::would_block);
    world.settle();
    CHECK(trace.take() == lines{"aborted 2"});
}

TEST_CASE("an arm that happened before the cancellation keeps its value") {
    test::world world;
    test::trace trace;
    heddle::channel<int> a, b;
    asio::cancellation_signal stop;
    std::optional<int> v;
    heddle::select(a.receive(v), b.receive(v))(
        world.ctx, asio::bind_cancellation_slot(stop.slot(), noting(trace)));
    CHECK(a.try_send(4) == try_status::done);
    stop.emit(asio::cancellation_type::terminal);
    world.settle();
    CHECK(trace.take() == lines{"ok 0"});
    CHECK(v == 4);
}

TEST_CASE("otherwise is taken if and only if no other arm is ready") {
    test::world world;
    test::trace trace;
    heddle::channel<int> a(1), b;
    std::optional<int> v;
    heddle::select(a.receive(v), b.receive(v), heddle::otherwise)(world.ctx,
                                                                  noting(trace));
    CHECK(a.try_send(1) == try_status::done);
    heddle::select(a.receive(v), b.receive(v), heddle::otherwise)(world.ctx,
                                                                  noting(trace));
    world.settle();
    CHECK(trace.take() == lines{"ok 2", "ok 0"});
}

TEST_CASE("select takes each of two ready arms equally often; priority_select takes "
          "the first") {
    test::world world;
    std::array<int, 2> taken{}, by_priority{};
    heddle::channel<int> a(1), b(1);
    for (int i = 0; i < 1000; ++i) {
        (void)a.try_send(i);
        (void)b.try_send(i);
        heddle::select(a.receive(std::ignore), b.receive(std::ignore))(
            world.ctx, [&](heddle::error_code, std::size_t k) { ++taken[k]; });
        (void)a.try_send(i);
        (void)b.try_send(i);
        heddle::priority_select(a.receive(std::ignore), b.receive(std::ignore))(
            world.ctx, [&](heddle::error_code, std::size_t k) { ++by_priority[k]; });
    }
    world.settle();
    CHECK(by_priority[0] == 1000);
    CHECK(taken[0] + taken[1] == 1000);
    // The distribution is binomial with sigma 16: a deviation of six sigma occurs once
    // in 10^9.
    CHECK(taken[0] > 500 - 96);
    CHECK(taken[0] < 500 + 96);
}

TEST_CASE(
    "ranges, erased arms, done tokens with a deadline and join handles are arms") {
    test::world world;
    test::trace trace;
    std::vector<heddle::channel<int>> channels(3);
    std::optional<int> v;
    std::vector<heddle::arm> arms;
    for (auto& c : channels)
        arms.emplace_back(c.receive(v));
    heddle::select(arms)(world.ctx, noting(trace));
    CHECK(channels[2].try_send(9) == try_status::done);
    heddle::done_source deadline(world.ctx, {}, 0s);
    heddle::select(channels[0].receive(v), deadline.token())(world.ctx, noting(trace));
    auto h = world.go(answer);
    heddle::channel<int> never;
    heddle::select(never.receive(v), h)(world.ctx, noting(trace));
    world.settle();
    auto got = trace.take();
    std::sort(got.begin(), got.end());
    CHECK(got == lines{"ok 1", "ok 1", "ok 2"});
    CHECK(v == 9);
}

TEST_CASE("a timer arm is refused, and the handler is destroyed without a call") {
    asio::io_context ctx;
    heddle::channel<int> c;
    auto witness = std::make_shared<int>();
    auto handler = [witness](heddle::error_code, std::size_t) { FAIL("called"); };
    CHECK_THROWS_AS(
        heddle::select(c.receive(std::ignore), heddle::after(1s))(ctx, handler),
        std::logic_error);
    std::vector<heddle::arm> erased;
    erased.emplace_back(heddle::after(1s));
    CHECK_THROWS_AS(heddle::select(erased)(ctx, handler), std::logic_error);
    CHECK(witness.use_count() == 2);  // `handler` itself is the second reference
    // A handler that owns its slot is freed, too.
    auto owned = std::make_shared<asio::cancellation_signal>();
    auto slot = owned->slot();
    std::weak_ptr<asio::cancellation_signal> watch = owned;
    auto owner = [owned = std::move(owned)](heddle::error_code, std::size_t) {};
    CHECK_THROWS_AS(heddle::select(c.receive(std::ignore), heddle::after(1s))(
                        ctx, asio::bind_cancellation_slot(slot, std::move(owner))),
                    std::logic_error);
    CHECK(watch.expired());
    CHECK(ctx.run() == 0);  // no work is left
}

TEST_CASE(
    "a nil arm is never ready, and a select without arms waits until it is cancelled") {
    test::world world;
    test::trace trace;
    asio::cancellation_signal stop;
    heddle::receiver<int> nil;
    heddle::select(nil.receive(std::ignore), heddle::done_token())(
        world.ctx, asio::bind_cancellation_slot(stop.slot(), noting(trace)));
    asio::cancellation_signal stop_nothing;
    heddle::select()(world.ctx,
                     asio::bind_cancellation_slot(stop_nothing.slot(), noting(trace)));
    world.settle();
    CHECK(trace.take().empty());
    stop.emit(asio::cancellation_type::terminal);
    stop_nothing.emit(asio::cancellation_type::terminal);
    world.settle();
    CHECK(trace.take() == lines{"aborted 2", "aborted 0"});
}

TEST_CASE("a context that is destroyed destroys the handler, and leaves the channels "
          "unchanged") {
    heddle::channel<tracked> a;
    heddle::channel<int> b;
    int alive = tracked::alive();
    auto witness = std::make_shared<int>();
    {
        asio::io_context ctx;
        heddle::select(a.emplace(1), b.receive(std::ignore))(
            ctx, [witness](heddle::error_code, std::size_t) { FAIL("called"); });
        CHECK(tracked::alive() == alive + 1);
    }
    CHECK(witness.use_count() == 1);
    CHECK(tracked::alive() == alive);
    CHECK(b.try_send(1) == try_status::would_block);
}

TEST_CASE("selects of handlers and of tasks that face each other meet") {
    test::world world;
    test::trace trace;
    heddle::channel<int> a, b;
    std::optional<int> v;
    heddle::select(a.receive(v), b.receive(v))(world.ctx, noting(trace));
    world.go(
        [](heddle::channel<int> x, heddle::channel<int> y) -> heddle::task<> {
            co_await heddle::select(x.send(1), y.send(2));
        },
        a, b);
    world.settle();
    CHECK(trace.take() == lines{"ok " + std::to_string(*v - 1)});
    CHECK(world.live() == 0);
}

#if ASIO_VERSION >= 102300

TEST_CASE("an asio::awaitable awaits the operations themselves") {
    test::world world;
    test::trace trace;
    heddle::channel<int> c;
    auto receive = [](heddle::receiver<int> in,
                      test::trace& t) -> asio::awaitable<void> {
        while (auto v = co_await in.receive())
            t("got " + std::to_string(*v));
        t("closed");
    };
    auto send = [](heddle::sender<int> out, test::trace& t) -> asio::awaitable<void> {
        for (int i = 1; i <= 2; ++i)
            co_await out.send(i);
        out.close();
        try {
            co_await out.send(3);
        } catch (const heddle::system_error& e) {
            t("send: " + text(e.code()));
        }
        std::optional<int> v;
        heddle::channel<int> never;
        auto i = co_await heddle::select(never.receive(v), heddle::otherwise);
        t("select " + std::to_string(i));
    };
    asio::co_spawn(world.ctx, receive(c, trace), asio::detached);
    asio::co_spawn(world.ctx, send(c, trace), asio::detached);
    world.settle();
    CHECK(trace.take() ==
          lines{"got 1", "got 2", "closed", "send: closed", "select 1"});
}

#endif

TEST_CASE("select takes any completion token: a future, an awaitable, a handler of a "
          "strand") {
    asio::io_context ctx;
    heddle::channel<int> c(1), never;
    CHECK(c.try_send(1) == try_status::done);
    auto index = heddle::select(never.receive(std::ignore),
                                c.receive(std::ignore))(ctx, asio::use_future);
    ctx.run();
    CHECK(index.get() == 1);

    ctx.restart();
    test::trace trace;
    asio::co_spawn(
        ctx,
        [](heddle::channel<int> x, heddle::channel<int> y,
           test::trace& t) -> asio::awaitable<void> {
            std::optional<int> v;
            while (co_await heddle::select(x.receive(v),
                                           y.receive(v))(asio::use_awaitable) == 0)
                t("got " + std::to_string(*v));
            t("end");
        }(c, never, trace),
        asio::detached);
    ctx.poll();
    CHECK(c.try_send(2) == try_status::done);
    ctx.poll();
    never.close();
    ctx.run();
    CHECK(trace.take() == lines{"got 2", "end"});

    ctx.restart();
    auto strand = asio::make_strand(ctx);
    heddle::select(never.receive(std::ignore))(
        strand, [&](heddle::error_code, std::size_t) {
            trace(strand.running_in_this_thread() ? "on it" : "elsewhere");
        });
    ctx.run();
    CHECK(trace.take() == lines{"on it"});
}

TEST_SUITE_END();
TEST_SUITE_BEGIN("token_select.threads");

TEST_CASE("handlers on some threads select values that other threads send: each value "
          "arrives once") {
    constexpr int n = 2000, senders = 3;
    test::crew threads(3);
    heddle::channel<int> a, b(2);
    heddle::done_source over;
    std::atomic<long> sum{0};
    std::atomic<int> ended{0};
    struct chooser : std::enable_shared_from_this<chooser> {
        void next() {
            heddle::select(a.receive(v), b.receive(v), done)(
                asio::make_strand(ctx),
                [self = shared_from_this()](heddle::error_code, std::size_t i) {
                    if (i == 2)
                        return static_cast<void>(++self->ended);
                    self->sum += *self->v;
                    self->next();
                });
        }
        chooser(asio::io_context& context, heddle::receiver<int> one,
                heddle::receiver<int> two, heddle::done_token d, std::atomic<long>& s,
                std::atomic<int>& e)
            : ctx(context), a(one), b(two), done(d), sum(s), ended(e) {}
        asio::io_context& ctx;
        heddle::receiver<int> a, b;
        heddle::done_token done;
        std::atomic<long>& sum;
        std::atomic<int>& ended;
        std::optional<int> v;
    };
    for (int i = 0; i < 4; ++i)
        std::make_shared<chooser>(threads.ctx, a, b, over.token(), sum, ended)->next();
    test::together(senders, [&](int i) {
        for (int k = 1; k <= n; ++k)
            (i % 2 ? a : b).send_blocking(k);
    });
    while (b.size() != 0)
        std::this_thread::yield();
    over.close();
    threads.join();
    CHECK(sum == long{senders} * n * (n + 1) / 2);
    CHECK(ended == 4);
}

TEST_CASE("cancellation races with readiness: each value is received or stays with its "
          "sender") {
    constexpr int n = 2000;
    test::crew threads(2);
    heddle::channel<int> a, b;
    int sent = 0;
    std::atomic<int> got{0}, aborted{0};
    for (int i = 0; i < n; ++i) {
        auto strand = asio::make_strand(threads.ctx);
        asio::cancellation_signal stop;
        std::optional<int> v;
        test::latch both(2);  // the handler has run, and the emission is over
        asio::post(strand, [&] {
            heddle::select(a.receive(v), b.receive(v))(asio::bind_cancellation_slot(
                stop.slot(),
                asio::bind_executor(strand, [&](heddle::error_code ec, std::size_t) {
                    ++(ec ? aborted : got);
                    both.count_down();
                })));
            asio::post(strand, [&] {
                stop.emit(asio::cancellation_type::terminal);
                both.count_down();
            });
        });
        sent += a.try_send(i) == try_status::done;
        both.wait();
    }
    threads.join();
    CHECK(got == sent);
    CHECK(got + aborted == n);
}

TEST_SUITE_END();
