// SPDX-License-Identifier: BSL-1.0
// Stackful coroutines use channels: asio::spawn, with its yield_context as completion
// token. This needs Boost.Coroutine (Asio 1.22) or Boost.Context (newer).
#include <heddle/heddle.hpp>

#include "support/world.hpp"

#include <asio/detached.hpp>
#include <asio/spawn.hpp>
#include <doctest/doctest.h>

namespace {

using test::lines;

template <class F>
void spawn(asio::io_context& ctx, F f) {
#if ASIO_VERSION < 102400
    asio::spawn(ctx, std::move(f));
#else
    asio::spawn(ctx, std::move(f), asio::detached);
#endif
}

// Older versions of yield_context do not take (std::exception_ptr, T); that of Boost 1.81
// does not compile with it.
#if ASIO_VERSION >= 102800
int join(asio::io_context&, heddle::join_handle<int>& h, asio::yield_context yield) {
    return h.async_join(yield);
}
#else
int join(asio::io_context& ctx, heddle::join_handle<int>& h,
         asio::yield_context yield) {
    heddle::channel<int> result(1);
    h.async_join(ctx, [&](std::exception_ptr, int v) { (void)result.try_send(v); });
    return *result.async_receive(yield);
}
#endif

}  // namespace

TEST_SUITE_BEGIN("spawn");

TEST_CASE("a stackful coroutine receives the values that a task sends, and notices the "
          "close") {
    test::world world;
    test::trace trace;
    heddle::channel<int> c;
    spawn(world.ctx, [&](asio::yield_context yield) {
        while (auto v = c.async_receive(yield))
            trace("got " + std::to_string(*v));
        heddle::error_code ec;
        c.async_send(3, yield[ec]);
        trace(ec == heddle::errc::closed ? "closed" : "?");
    });
    world.go(
        [](heddle::sender<int> out) -> heddle::task<> {
            for (int i = 1; i <= 2; ++i)
                co_await out.send(i);
            out.close();
        },
        c);
    world.settle();
    CHECK(trace.take() == lines{"got 1", "got 2", "closed"});
}

TEST_CASE("a stackful coroutine sends, selects, and joins tasks") {
    test::world world;
    test::trace trace;
    heddle::channel<int> in, never;
    auto sum = world.go(
        [](heddle::receiver<int> from) -> heddle::task<int> {
            int total = 0;
            while (auto v = co_await from.receive())
                total += *v;
            co_return total;
        },
        in);
    spawn(world.ctx, [&](asio::yield_context yield) {
        in.async_send(1, yield);
        auto arm = heddle::select(never.receive(std::ignore), in.emplace(2))(yield);
        trace("arm " + std::to_string(arm));
        in.close();
        trace("sum " + std::to_string(join(world.ctx, sum, yield)));
    });
    world.settle();
    CHECK(trace.take() == lines{"arm 1", "sum 3"});
}

TEST_CASE("a context that is destroyed unwinds the stackful coroutines that wait in "
          "channels") {
    auto witness = std::make_shared<int>();
    heddle::channel<int> c;
    {
        asio::io_context ctx;
        spawn(ctx,
              [witness, &c](asio::yield_context yield) { c.async_receive(yield); });
        ctx.poll();
        CHECK(witness.use_count() > 1);
    }
    CHECK(witness.use_count() == 1);
    CHECK(c.try_send(1) == heddle::try_status::would_block);
}

TEST_SUITE_END();
