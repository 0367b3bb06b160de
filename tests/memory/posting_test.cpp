// SPDX-License-Identifier: BSL-1.0
// Nobody can undo a wake: so what it posts has its memory before, on every executor of
// Asio's that takes it from the handler. Here each allocation of a scenario fails once
// in turn; the program neither ends nor hangs, and no value is lost.
//
// It is part of the program that replaces operator new.
#include "support/allocations.hpp"
#include "support/world.hpp"

#include <heddle/heddle.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <asio/system_context.hpp>
#include <asio/thread_pool.hpp>
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

namespace {

using asio::any_io_executor;
using test::tracked;

/// Runs the context until nothing is left. Returns how many failures were told there.
int run_on(asio::io_context& ctx) {
    ctx.restart();
    for (int told = 0;; ++told)
        try {
            ctx.run();
            return told;
        } catch (const std::bad_alloc&) {
        }
}

/// A handler that waits is called, whatever happens to it, also if there is no memory
/// then.
template <class Executor>
void wakes_without_memory(const Executor& ex, std::function<void()> run) {
    heddle::channel<int> sent, closed, cancelled, ended, one, other, full(1);
    heddle::channel<std::string> text;
    REQUIRE(full.try_send(1) == heddle::try_status::done);
    std::atomic<int> called = 0;
    sent.async_receive(ex, [&](heddle::error_code ec, std::optional<int> v) {
        called += !ec && v == 5;
    });
    closed.async_receive(
        ex, [&](heddle::error_code ec, std::optional<int> v) { called += !ec && !v; });
    text.async_receive(ex, [&](heddle::error_code, std::optional<std::string> v) {
        called += v == "a string that is too long to be stored in its object";
    });
    full.async_send(ex, 2, [&](heddle::error_code ec) { called += !ec; });
    asio::cancellation_signal signal;
    cancelled.async_receive(
        ex, asio::bind_cancellation_slot(
                signal.slot(), [&](heddle::error_code ec, std::optional<int>) {
                    called += ec == asio::error::operation_aborted;
                }));
    heddle::done_source stop;
    ended.async_receive(ex, heddle::bind_done(stop.token(), [&](heddle::error_code ec,
                                                                std::optional<int>) {
                            called += ec == asio::error::operation_aborted;
                        }));
    std::optional<int> a, b;
    heddle::select(one.receive(a),
                   other.receive(b))(ex, [&](heddle::error_code ec, std::size_t i) {
        called += !ec && i == 1 && b == 6;
    });
    std::string value = "a string that is too long to be stored in its object";
    {
        test::no_memory none;
        (void)sent.try_send(5);
        (void)other.try_send(6);
        (void)text.try_send(std::move(value));
        (void)full.try_receive(a);
        signal.emit(asio::cancellation_type::terminal);
        closed.close();
        stop.close();
    }
    for (auto end = std::chrono::steady_clock::now() + 20s;
         called < 7 && std::chrono::steady_clock::now() < end;) {
        run();
        std::this_thread::yield();
    }
    CHECK(called == 7);
}

template <class Executor>
void wakes_on_both(const Executor& ex, const std::function<void()>& run) {
    wakes_without_memory(ex, run);
    wakes_without_memory(any_io_executor(ex), run);
}

/// Runs the scenario once for each allocation of this thread, which then fails; returns
/// how many there are. The context and its executor are there before, and heddle is known
/// in it: to make them without memory Asio leaks, or crashes.
template <class Make, class Scenario>
std::size_t fail_each(Make make, Scenario scenario) {
    auto run = [&](std::size_t k) {
        CAPTURE(k);
        asio::io_context ctx;
        auto ex = make(ctx);
        (void)heddle::live_tasks(ctx);
        test::empty_frame_pools();
        test::failing_allocation fail(k);
        scenario(ctx, ex);
        return fail.happened();
    };
    REQUIRE(!run(1'000'000));  // allocates all that a process allocates only once
    std::size_t k = 0;
    while (run(k))
        ++k;
    MESSAGE(k << " allocations were made to fail, one at a time");
    return k;
}

auto plain(asio::io_context& ctx) { return ctx.get_executor(); }
any_io_executor erased(asio::io_context& ctx) { return plain(ctx); }
[[maybe_unused]] auto strand(asio::io_context& ctx) { return asio::make_strand(ctx); }

/// Tries until it does not throw bad_alloc: what failed has left nothing behind.
template <class F>
auto until_it_works(F f) {
    for (;;)
        try {
            return f();
        } catch (const std::bad_alloc&) {
        }
}

/// A handler gets the value, and another one its cancellation.
void send_and_cancel(asio::io_context& ctx, const auto& ex) {
    auto run = [&ctx] {  // a handler that waits is work
        ctx.restart();
        ctx.poll();
    };
    auto c = until_it_works([] { return heddle::channel<tracked>(); });
    auto never = until_it_works([] { return heddle::channel<tracked>(); });
    auto stop = until_it_works([] { return heddle::done_source(); });
    int received = 0, ended = 0;
    until_it_works([&] {
        c.async_receive(ex, [&](heddle::error_code ec, std::optional<tracked> v) {
            received += !ec && v && v->value() == 7;
        });
    });
    until_it_works([&] {
        never.async_receive(
            ex, heddle::bind_done(stop.token(), [&](heddle::error_code ec, auto) {
                ended += ec == asio::error::operation_aborted;
            }));
    });
    CHECK(c.try_send(tracked(7)) == heddle::try_status::done);
    run();
    CHECK(received == 1);
    stop.close();
    run();
    CHECK(ended == 1);
}

}  // namespace

TEST_SUITE_BEGIN("allocation.posting");

TEST_CASE("law 70: a handler that waits has the memory that its post will need: on an "
          "io_context, or any_io_executor") {
    asio::io_context ctx;
    wakes_on_both(ctx.get_executor(), [&] { run_on(ctx); });
}

TEST_CASE("law 70: a handler that waits has the memory that its post will need: on a "
          "strand of an io_context") {
    asio::io_context ctx;
    for (int twice = 0; twice < 2; ++twice)
        wakes_on_both(asio::make_strand(ctx), [&] { run_on(ctx); });
}

TEST_CASE(
    "law 70: a handler that waits has the memory that its post will need: in a host of "
    "heddle's") {
    asio::io_context ctx;
    std::optional<any_io_executor> home;
    heddle::go(ctx, [&] { home = heddle::this_task::executor(); });
    run_on(ctx);
    wakes_without_memory(*home, [&] { run_on(ctx); });
}

TEST_CASE("law 70: if an allocation of a handler's wait fails, the wait throws, or the "
          "handler is called all the same") {
    auto scenario = [](auto& ctx, auto& ex) { send_and_cancel(ctx, ex); };
    CHECK(fail_each(plain, scenario) >= 5);
    CHECK(fail_each(erased, scenario) >= 5);
#ifndef _LIBCPP_VERSION  // there Asio's strand needs memory in ~on_invoker_exit, which cannot throw
    CHECK(fail_each(strand, scenario) >= 5);
#endif
    CHECK(tracked::alive() == 0);
}

namespace {

/// Sleeps, in the middle of timers of the context's own: Asio's heap has to grow.
heddle::task<> sleep_twice(int& slept) {
    co_await heddle::sleep(1us);
    ++slept;
    co_await heddle::sleep(1us);
    ++slept;
}

void sleep_among_timers(asio::io_context& ctx, const auto& ex) {
    std::vector<asio::steady_timer> timers;
    int slept = 0, fired = 0;
    for (int i = 0; i < 4; ++i)
        until_it_works([&] {
            timers.reserve(4);
            asio::steady_timer& t = timers.emplace_back(ctx, 1us);
            try {
                t.async_wait([&](heddle::error_code ec) { fired += !ec; });
            } catch (...) {
                timers.pop_back();
                throw;
            }
        });
    for (int told = 1; told != 0 && slept == 0;) {  // then the task had no frame
        until_it_works([&] { heddle::go(ex, sleep_twice, std::ref(slept)); });
        told = run_on(ctx);
    }
    CHECK(slept == 2);
    CHECK(fired == 4);
}

}  // namespace

TEST_CASE("law 70: a timer that cannot be armed for want of memory is armed later") {
    CHECK(fail_each(plain, [](auto& ctx, auto& ex) { sleep_among_timers(ctx, ex); }) >=
          5);
}

TEST_CASE("law 70: while no timer can be armed no task is late for want of one") {
    asio::io_context ctx;
    int slept = 0;
    heddle::go(ctx, sleep_twice(slept));
    for (int turns = 0; turns < 1000 && slept < 2; ++turns) {
        test::no_memory none;
        ctx.poll_one();
        ctx.restart();
    }
    CHECK(slept == 2);
}

namespace {

heddle::task<> wait_for(asio::steady_timer& timer) {
    co_await timer.async_wait(heddle::use_task);
}

}  // namespace

TEST_CASE("a context may end while a wake or a cancellation is on its way through a "
          "strand") {
    asio::io_context home;
    heddle::done_source stop;
    heddle::channel<int> c;
    int called = 0;
    {
        asio::io_context there;
        auto strand = asio::make_strand(there);
        auto count = [&](heddle::error_code, std::optional<int>) { ++called; };
        heddle::channel<int> unsent;
        unsent.async_receive(strand, heddle::bind_done(stop.token(), count));
        c.async_receive(strand, count);
        c.async_receive(any_io_executor(strand), count);
        heddle::go(strand, [c]() -> heddle::task<> { co_await c.receive(); });
        asio::steady_timer never(strand, asio::steady_timer::time_point::max());
        heddle::go(home, heddle::with_done(stop.token(), wait_for(never)));
        home.poll();
        there.poll();
        for (int i = 0; i < 3; ++i)
            CHECK(c.try_send(i) == heddle::try_status::done);
        stop.close();
        home.restart();
        home.poll();
    }
    home.restart();
    home.poll();
    CHECK(called == 0);
    CHECK(heddle::live_tasks(home) == 0);
}

TEST_CASE("law 70: a task on a strand is woken without memory, again and again") {
    asio::io_context ctx;
    heddle::channel<int> c;
    int sum = 0;
    heddle::go(asio::make_strand(ctx), [&]() -> heddle::task<> {
        while (auto v = co_await c.receive())
            sum += *v;
    });
    run_on(ctx);
    for (int i = 0; i < 10; ++i) {
        {
            test::no_memory none;
            CHECK(c.try_send(1) == heddle::try_status::done);
            ctx.restart();
            ctx.poll();
        }
        CHECK(sum == i + 1);
    }
    {
        test::no_memory none;
        c.close();
    }
    run_on(ctx);
    CHECK(heddle::live_tasks(ctx) == 0);
}

TEST_CASE(
    "law 70: handlers on a strand are woken without memory by one that runs there") {
    asio::io_context ctx;
    auto strand = asio::make_strand(ctx);
    heddle::channel<int> c;
    constexpr int n = 10;
    int called = 0;
    for (int i = 0; i < n; ++i)
        c.async_receive(strand, [&](heddle::error_code ec, std::optional<int> v) {
            called += !ec && v;
        });
    asio::post(strand, [&] {
        test::no_memory none;
        for (int i = 0; i < n; ++i)
            CHECK(c.try_send(i) == heddle::try_status::done);
    });
    run_on(ctx);
    CHECK(called == n);
}

TEST_CASE("law 70: work that begins on a strand needs no memory") {
    asio::io_context home, other;
    auto strand = asio::make_strand(home);
    std::optional<any_io_executor> ex;
    heddle::go(strand, [&] { ex = heddle::this_task::executor(); });
    run_on(home);
    {
        test::no_memory none;
        auto working = asio::prefer(*ex, asio::execution::outstanding_work.tracked);
        home.restart();
        CHECK(home.poll() == 0);
        CHECK(!home.stopped());
    }
    home.poll();
    CHECK(home.stopped());
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("allocation.posting.threads");

TEST_CASE("law 70: a handler that waits has the memory that its post will need: on a "
          "pool, or on the system's executor") {
    asio::thread_pool pool(2);
    wakes_on_both(pool.get_executor(), [] {});
    wakes_on_both(asio::system_executor(), [] {});
    wakes_on_both(asio::make_strand(pool), [] {});
    pool.join();
}

TEST_CASE("law 70: a task on a pool is woken without memory") {
    asio::thread_pool pool(1);
    auto woken_on = [](const auto& ex, auto run) {
        heddle::channel<int> c;
        std::atomic<int> waits = 0, received = 0;
        heddle::go(ex, [&, c]() -> heddle::task<> {
            auto in = c;
            waits = 1;
            received = *co_await in.receive();
        });
        while (waits == 0)
            run();
        int status = 0;
        while (status == 0) {  // on a pool the task may only be about to wait
            test::no_memory none;
            status = c.try_send(3) == heddle::try_status::done;
        }
        while (received == 0)
            run();
        CHECK(received == 3);
    };
    woken_on(pool.get_executor(), [] { std::this_thread::yield(); });
    woken_on(asio::make_strand(pool), [] { std::this_thread::yield(); });
    pool.join();
}

namespace {

/// Waits in an operation on that executor, of another context.
heddle::task<> wait_on(any_io_executor ex) {
    asio::steady_timer never(ex, asio::steady_timer::time_point::max());
    co_await never.async_wait(heddle::use_task);
}

void cancels_there(const any_io_executor& ex, const std::function<void()>& run) {
    asio::io_context home;
    heddle::done_source stop;
    heddle::go(home, heddle::with_done(stop.token(), wait_on(ex)));
    home.poll();
    {
        test::no_memory none;
        stop.close();
        home.restart();
        home.poll();
    }
    for (int i = 0; i < 1'000'000 && heddle::live_tasks(home) != 0; ++i) {
        run();
        home.restart();
        home.poll();
        std::this_thread::yield();
    }
    CHECK(heddle::live_tasks(home) == 0);
}

}  // namespace

TEST_CASE("law 70: a task that waits in another context has the memory that its "
          "cancellation needs there") {
    asio::io_context ctx;
    asio::thread_pool pool(1);
    auto run = [&ctx] {
        ctx.restart();
        ctx.poll();
    };
    cancels_there(ctx.get_executor(), run);
    cancels_there(pool.get_executor(), [] {});
    cancels_there(asio::make_strand(ctx), run);
    cancels_there(asio::make_strand(pool), [] {});
    pool.join();
}

TEST_SUITE_END();
