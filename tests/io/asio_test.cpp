// SPDX-License-Identifier: BSL-1.0
// The promises to a task that awaits Asio operations: types of results, errors,
// sockets, timers, and a user's own operations. asio_cancel_test.cpp tests their
// cancellation.
#include "support/operations.hpp"
#include "support/sockets.hpp"
#include "support/world.hpp"

#include <asio/buffer.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/read_until.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <asio/write.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <stdexcept>
#include <tuple>

using namespace std::chrono_literals;

namespace {

using asio::ip::tcp;
using heddle::use_task;
using test::as_tuple;
using test::finish;
using test::lines;
using test::tracked;

heddle::task<> fetch(tcp::socket& socket, std::string& to) {
    char text[5];
    std::size_t n = co_await socket.async_read_some(asio::buffer(text), use_task);
    to.assign(text, n);
}

}  // namespace

TEST_SUITE_BEGIN("asio");

TEST_CASE("co_await returns the values after the error code: none, one, or a tuple") {
    test::world world;
    test::held<void(heddle::error_code)> none;
    test::held<void(heddle::error_code, std::string)> one;
    test::held<void(heddle::error_code, int, std::string)> two;
    test::held<void()> bare;
    test::held<void(int)> value;
    test::held<void(int, std::string)> values;
    bool end = false;
    world.go([&]() -> heddle::task<> {
        static_assert(std::is_void_v<decltype(test::result(none.start(use_task)))>);
        co_await none.start(use_task);
        std::string s = co_await one.start(use_task);
        CHECK(s == "one");
        auto [i, t] = co_await two.start(use_task);
        CHECK(i == 2);
        CHECK(t == "two");
        co_await bare.start(use_task);
        int v = co_await value.start(use_task);
        CHECK(v == 3);
        auto [a, b] = co_await values.start(use_task);
        CHECK(a == 4);
        CHECK(b == "values");
        end = true;
    });
    auto step = [&](auto& op, auto... results) {
        world.settle();
        REQUIRE(op.waiting());
        op.complete(std::move(results)...);
    };
    step(none, heddle::error_code());
    step(one, heddle::error_code(), std::string("one"));
    step(two, heddle::error_code(), 2, std::string("two"));
    step(bare);
    step(value, 3);
    step(values, 4, std::string("values"));
    world.settle();
    CHECK(end);
}

TEST_CASE("an error code is thrown as system_error; the content of an exception_ptr is "
          "rethrown") {
    test::world world;
    test::held<void(heddle::error_code, int)> by_code;
    test::held<void(std::exception_ptr)> by_exception;
    test::held<void(std::exception_ptr, int)> with_value;
    lines seen;
    world.go([&]() -> heddle::task<> {
        try {
            (void)co_await by_code.start(use_task);
        } catch (const heddle::system_error& e) {
            seen.push_back(e.code() == asio::error::eof ? "eof" : "another");
        }
        try {
            co_await by_exception.start(use_task);
        } catch (const std::runtime_error& e) {
            seen.push_back(e.what());
        }
        co_await by_exception.start(use_task);
        seen.push_back(std::to_string(co_await with_value.start(use_task)));
    });
    world.settle();
    by_code.complete(make_error_code(asio::error::eof), 0);
    world.settle();
    by_exception.complete(std::make_exception_ptr(std::runtime_error("held")));
    world.settle();
    by_exception.complete(nullptr);
    world.settle();
    with_value.complete(nullptr, 5);
    world.settle();
    CHECK(seen == lines{"eof", "held", "5"});
}

TEST_CASE("as_tuple returns the error code instead of throwing") {
    test::world world;
    test::held<void(heddle::error_code, int)> op;
    std::optional<std::tuple<heddle::error_code, int>> got;
    world.go([&]() -> heddle::task<> { got = co_await op.start(as_tuple(use_task)); });
    world.settle();
    op.complete(make_error_code(asio::error::eof), 7);
    world.settle();
    REQUIRE(got);
    CHECK(*got == std::tuple(make_error_code(asio::error::eof), 7));
}

TEST_CASE("results may be move-only, and are destroyed once if no task takes them") {
    int made = tracked::made();
    {
        test::world world;
        test::held<void(heddle::error_code, tracked)> op;
        int value = 0;
        world.go([&]() -> heddle::task<> {
            tracked t = co_await op.start(use_task);
            value = t.value();
            (void)co_await op.start(use_task);
            // The operation completes, but the task is never resumed.
            (void)co_await op.start(use_task);
        });
        for (int i : {1, 2, 3}) {
            world.settle();
            op.complete(heddle::error_code(), tracked(i));
        }
        CHECK(value == 1);
    }
    CHECK(tracked::made() == made + 3);
    CHECK(tracked::alive() == 0);
}

TEST_CASE("deferred operations are awaited as they are") {
    test::world world;
    test::tcp_pair c(world.ctx);
    std::string got;
    finish(world, [&]() -> heddle::task<> {
        co_await asio::async_write(c.near, asio::buffer("hello", 5), heddle::deferred);
        char text[5];
        auto later = asio::async_read(c.far, asio::buffer(text), heddle::deferred);
        std::size_t n = co_await std::move(later);
        got.assign(text, n);
        asio::steady_timer timer(world.ctx, heddle::time_point::min());
        co_await timer.async_wait(heddle::deferred);
    });
    CHECK(got == "hello");
}

TEST_CASE("an operation starts when it is awaited, not when it is made") {
    test::world world;
    test::held<void(heddle::error_code)> op;
    world.go([&]() -> heddle::task<> {
        {
            [[maybe_unused]] auto dropped = op.start(use_task);
        }
        CHECK(op.started() == 0);
        auto later = op.start(use_task);
        co_await heddle::yield();
        CHECK(op.started() == 0);
        co_await std::move(later);
    });
    world.settle();
    CHECK(op.started() == 1);
    op.complete(heddle::error_code());
    world.settle();
    CHECK(world.live() == 0);
}

TEST_CASE("as_default_on makes use_task the default token of an object") {
    test::world world;
    std::string got;
    finish(world, [&]() -> heddle::task<> {
        auto acceptor = use_task.as_default_on(tcp::acceptor(
            world.ctx, tcp::endpoint(asio::ip::address_v4::loopback(), 0)));
        auto client = use_task.as_default_on(tcp::socket(world.ctx));
        co_await client.async_connect(acceptor.local_endpoint());
        auto server = co_await acceptor.async_accept();
        co_await client.async_write_some(asio::buffer("hello", 5));
        char text[5];
        std::size_t n = co_await server.async_read_some(asio::buffer(text));
        got.assign(text, n);
        auto timer = use_task.as_default_on(asio::steady_timer(world.ctx, 1us));
        co_await timer.async_wait();
    });
    CHECK(got == "hello");
}

TEST_CASE(
    "a task uses sockets: connect, accept, composed read and write, end of file") {
    test::world world;
    tcp::acceptor acceptor(world.ctx,
                           tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    const std::string message(1 << 20, 'x');  // more than the socket buffers hold
    std::string got;
    heddle::error_code end;
    world.go([&]() -> heddle::task<> {
        tcp::socket s = co_await acceptor.async_accept(use_task);
        std::string line;
        std::size_t n = co_await asio::async_read_until(s, asio::dynamic_buffer(line),
                                                        '\n', use_task);
        CHECK(line.substr(0, n) == "send\n");
        CHECK(co_await asio::async_write(s, asio::buffer(message), use_task) ==
              message.size());
    });
    finish(world, [&]() -> heddle::task<> {
        tcp::socket s(world.ctx);
        co_await s.async_connect(acceptor.local_endpoint(), use_task);
        co_await asio::async_write(s, asio::buffer("send\n", 5), use_task);
        auto [ec, n] =
            co_await asio::async_read(s, asio::dynamic_buffer(got), as_tuple(use_task));
        end = ec;
    });
    CHECK(got == message);
    CHECK(end == asio::error::eof);
}

TEST_CASE("a timer resumes its task on the host, and other tasks run meanwhile") {
    test::world world;
    test::trace trace;
    world.go([&]() -> heddle::task<> {
        asio::steady_timer timer(world.ctx, 1ms);
        trace("wait");
        co_await timer.async_wait(use_task);
        (void)heddle::this_task::id();
        trace("fired");
    });
    world.go([&] { trace("other"); });
    world.ctx.run();
    CHECK(trace.take() == lines{"wait", "other", "fired"});
}

TEST_CASE("an operation may complete inside its initiation") {
    test::world world;
    long n = 0;
    world.go([&]() -> heddle::task<> {
        for (int i = 0; i < 100'000; ++i)  // the stack does not grow
            n += co_await test::immediately(1, use_task);
    });
    world.settle();
    CHECK(n == 100'000);
}

TEST_CASE("operations that complete at once let the event loop run within a budget") {
    test::world world;
    bool stop = false;
    long n = 0;
    world.go([&]() -> heddle::task<> {
        while (!stop && n < 1'000'000)
            n += co_await test::immediately(1, use_task);
    });
    asio::post(world.ctx, [&] { stop = true; });
    world.settle();
    CHECK(stop);
    CHECK(n <= 2 * 4096);
}

TEST_CASE("an exception of an initiation leaves co_await, and the task goes on") {
    test::world world;
    test::held<void(heddle::error_code)> op;
    lines seen;
    world.go([&]() -> heddle::task<> {
        try {
            co_await test::failing_initiation(use_task);
        } catch (const std::runtime_error& e) {
            seen.push_back(e.what());
        }
        co_await op.start(use_task);
        seen.push_back("next operation");
    });
    world.settle();
    REQUIRE(op.waiting());
    op.complete(heddle::error_code());
    world.settle();
    CHECK(seen == lines{"initiation", "next operation"});
}

TEST_CASE("a handler that is destroyed without a call destroys its task") {
    for (bool while_starting : {false, true}) {
        CAPTURE(while_starting);
        test::world world;
        test::held<void(heddle::error_code)> op;
        bool resumed = false;
        world.go([&, t = tracked(1)]() -> heddle::task<> {
            if (while_starting)
                co_await test::dropped_at_once(use_task);
            else
                co_await op.start(use_task);
            resumed = true;
        });
        world.settle();
        if (!while_starting) {
            CHECK(tracked::alive() == 1);
            op.drop();
            world.settle();
        }
        CHECK(tracked::alive() == 0);
        CHECK(world.live() == 0);
        CHECK(!resumed);
    }
}

TEST_CASE(
    "a join of a task that was destroyed with its handler throws task_abandoned") {
    test::world world;
    test::held<void(heddle::error_code)> op;
    bool told = false;
    auto h = world.go([&]() -> heddle::task<> { co_await op.start(use_task); });
    world.go([&]() -> heddle::task<> {
        try {
            co_await h;
        } catch (const heddle::task_abandoned&) {
            told = true;
        }
    });
    world.settle();
    op.drop();
    world.settle();
    CHECK(told);
}

TEST_CASE(
    "a task in an operation lives as long as the handler, even beyond its context") {
    test::held<void(heddle::error_code)> op;
    {
        test::world world;
        world.go(
            [&op, t = tracked(1)]() -> heddle::task<> { co_await op.start(use_task); });
        world.settle();
    }
    // The handler owns the task, and this test owns the handler.
    CHECK(tracked::alive() == 1);
    op.drop();
    CHECK(tracked::alive() == 0);
}

TEST_CASE("a handler that is called after its context was destroyed ends its task") {
    test::held<void(heddle::error_code)> op;
    bool resumed = false;
    {
        test::world world;
        world.go([&, t = tracked(1)]() -> heddle::task<> {
            co_await op.start(use_task);
            resumed = true;
        });
        world.settle();
    }
    op.complete_inline(heddle::error_code());
    CHECK(!resumed);
    CHECK(tracked::alive() == 0);
}

TEST_CASE("the steps of a composed operation run in the host, as tasks do") {
    test::world world;
    auto strand = asio::make_strand(world.ctx);
    test::tcp_pair c(world.ctx);
    lines seen;
    heddle::go(strand, [&]() -> heddle::task<> {
        auto host = heddle::this_task::executor();
        co_await test::stepping(
            [&] {
                seen.push_back(strand.running_in_this_thread() ? "in the strand"
                                                               : "outside");
                try {
                    heddle::go(host, [&seen] { seen.push_back("task"); });
                } catch (...) {
                    seen.push_back("no");
                }
            },
            world.ctx, 3, use_task);
        seen.push_back("end");
    });
    world.ctx.run();
    CHECK(seen == lines{"in the strand", "task", "in the strand", "task",
                        "in the strand", "task", "end"});
}

TEST_CASE("the executor of a handler may outlive the task, also on a strand") {
    asio::io_context ctx;
    asio::any_io_executor kept;
    bool ran = false;
    auto wait = [&](auto token) {
        return asio::async_initiate<decltype(token), void()>(
            [&](auto handler) {
                kept = asio::get_associated_executor(handler);
                asio::post(std::move(handler));
            },
            token);
    };
    heddle::go(asio::make_strand(ctx),
               [&]() -> heddle::task<> { co_await wait(use_task); });
    ctx.run();
    CHECK(heddle::live_tasks(ctx) == 0);
    asio::post(kept, [&] { ran = true; });
    heddle::go(kept, [] {});
    ctx.restart();
    ctx.run();
    CHECK(ran);
}

TEST_CASE(
    "an operation of another context resumes its task on the task's own context") {
    test::world home, other;
    test::tcp_pair c(other.ctx);
    std::string got;
    home.go(fetch, std::ref(c.far), std::ref(got));
    home.settle();
    c.near.send(asio::buffer("hello", 5));
    other.ctx.restart();
    while (other.ctx.run_one() != 0 && home.ctx.poll() == 0)
        home.ctx.restart();
    home.settle();
    CHECK(got == "hello");
}

TEST_CASE("a task that a handler resumes does not overtake a task that the handler "
          "woke before") {
    asio::io_context ctx;
    test::trace trace;
    heddle::channel<int> c(1);
    test::held<void(int)> op;
    heddle::go(ctx, [&]() -> heddle::task<> {
        co_await c.receive();
        trace("woken first");
    });
    heddle::go(ctx, [&]() -> heddle::task<> {
        co_await op.start(use_task);
        trace("completed second");
    });
    ctx.run();
    asio::post(ctx, [&] {
        asio::dispatch(op.executor(), [&] {
            (void)c.try_send(1);
            op.complete_inline(1);
        });
    });
    ctx.restart();
    ctx.run();
    CHECK(trace.take() == lines{"woken first", "completed second"});
}

TEST_CASE(
    "virtual time advances while a task waits in an operation that tracks no work") {
    using operation = test::held<void(int)>;
    auto wait = [](operation* op, int* got) -> heddle::task<> {
        *got = co_await op->start(use_task);
    };
    auto main = [wait](operation* op, int* got) -> heddle::task<> {
        auto waiting = heddle::go(wait, op, got);
        co_await heddle::sleep(1h);
        op->complete_inline(7);
        co_await waiting;
    };
    operation op;
    int got = 0;
    heddle::run(heddle::run_options{.virtual_clock = true}, main(&op, &got));
    CHECK(got == 7);
}

TEST_CASE("a task may wait in Asio, in channels and in Asio again") {
    test::world world;
    test::tcp_pair c(world.ctx);
    heddle::channel<std::string> words;
    std::string got;
    world.go([&]() -> heddle::task<> {
        for (int i = 0; i < 3; ++i) {
            std::string word;
            co_await fetch(c.far, word);
            co_await words.send(std::move(word));
        }
        words.close();
    });
    world.go([&]() -> heddle::task<> {
        for (const char* word : {"hello", "there", "world"}) {
            co_await asio::async_write(c.near, asio::buffer(word, 5), use_task);
            got += *co_await words.receive();
        }
    });
    world.ctx.run();
    CHECK(got == "hellothereworld");
}

TEST_SUITE_END();
