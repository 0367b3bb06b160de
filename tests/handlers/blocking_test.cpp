// SPDX-License-Identifier: BSL-1.0
// The promises of go_blocking, of dumps from other threads and of HEDDLE_STATS. These
// tests start threads.
#include <heddle/heddle.hpp>

#include "support/latch.hpp"
#include "support/world.hpp"

#include <doctest/doctest.h>

#include <asio/error.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <thread>

namespace {

using namespace std::chrono_literals;

}  // namespace

TEST_SUITE_BEGIN("blocking.threads");

TEST_CASE("go_blocking runs a function on another thread and returns its result, or "
          "throws its exception") {
    heddle::run([]() -> heddle::task<> {
        auto self = std::this_thread::get_id();
        auto there =
            co_await heddle::go_blocking([] { return std::this_thread::get_id(); });
        CHECK(there != self);
        CHECK(std::this_thread::get_id() == self);
        bool thrown = false;
        try {
            co_await heddle::go_blocking(
                [](std::string s) { throw std::runtime_error(s); }, std::string("boo"));
        } catch (const std::runtime_error& e) {
            thrown = e.what() == std::string("boo");
        }
        CHECK(thrown);
        CHECK(*co_await heddle::go_blocking([] { return std::make_unique<int>(3); }) ==
              3);
    }());
}

TEST_CASE("other tasks run while one waits for go_blocking, and a closed token does "
          "not lose the result") {
    test::latch let_go(1);
    int got = heddle::run([](test::latch& l) -> heddle::task<int> {
        auto h = heddle::go(
            [](test::latch& latch) -> heddle::task<int> {
                int v = co_await heddle::go_blocking(
                    [](test::latch& inner) {
                        inner.wait();
                        return 7;
                    },
                    std::ref(latch));
                co_return v;  // no wait follows, so nothing throws
            },
            std::ref(l));
        co_await heddle::yield();
        h.cancel();
        co_await heddle::yield();
        l.count_down();  // the event loop was not blocked
        co_return co_await h;
    }(let_go));
    CHECK(got == 7);
}

TEST_CASE("go_blocking does not start its function if the token in force is closed") {
    std::atomic<bool> ran = false;
    CHECK_THROWS_AS(heddle::run([](std::atomic<bool>& r) -> heddle::task<> {
                        heddle::done_source stop;
                        stop.close();
                        co_await heddle::with_done(
                            stop.token(),
                            heddle::go_blocking([](std::atomic<bool>& x) { x = true; },
                                                std::ref(r)));
                    }(ran)),
                    heddle::cancelled);
    CHECK(!ran);
}

TEST_CASE("a function that may be left gives its result, or its exception") {
    heddle::run([]() -> heddle::task<> {
        using heddle::abandon_on_cancel;
        auto moved = [](std::unique_ptr<int> n) { return n; };
        auto got = co_await heddle::go_blocking(abandon_on_cancel, moved,
                                                std::make_unique<int>(3));
        CHECK(*got == 3);
        int calls = 0;
        co_await heddle::go_blocking(abandon_on_cancel, [&] { ++calls; });
        CHECK(calls == 1);
        auto fails = [] { throw std::runtime_error("boo"); };
        auto end =
            co_await heddle::settle(heddle::go_blocking(abandon_on_cancel, fails));
        CHECK_THROWS_WITH_AS(end.value(), "boo", std::runtime_error);
    }());
}

TEST_CASE("a function that may be left is left at once; its thread ends what it does") {
    auto begun = std::make_shared<test::latch>(1),
         let_go = std::make_shared<test::latch>(1);
    auto over = std::make_shared<std::atomic<bool>>(false);
    std::weak_ptr<test::latch> kept = let_go;
    auto stuck = [](auto b, auto l, auto o) {
        b->count_down();
        l->wait();
        *o = true;
    };
    bool seen_running = false;
    heddle::run([&]() -> heddle::task<> {
        auto h = heddle::go(
            heddle::go_blocking(heddle::abandon_on_cancel, stuck, begun, let_go, over));
        co_await heddle::go_blocking([&] { begun->wait(); });
        h.cancel();
        auto end = co_await heddle::settle(h);
        CHECK(end.code() == asio::error::operation_aborted);
        seen_running = !*over;
        let_go->count_down();
    }());
    CHECK(seen_running);
    CHECK(*over);  // the end of the context has waited
    let_go.reset();
    CHECK(kept.expired());  // the thread has dropped what the function owned
}

TEST_CASE(
    "a function that may be left does not start if the token in force is closed") {
    bool started = false;
    heddle::run([&]() -> heddle::task<> {
        heddle::done_source closed;
        closed.close();
        auto end = co_await heddle::settle(heddle::with_done(
            closed.token(),
            heddle::go_blocking(heddle::abandon_on_cancel, [&] { started = true; })));
        CHECK(end.code() == asio::error::operation_aborted);
    }());
    CHECK_FALSE(started);
}

TEST_CASE("a context that ends may destroy tasks that have left, and that wait") {
    auto let_go = std::make_shared<test::latch>(1);
    auto begun = std::make_shared<test::latch>(1);
    std::thread releaser;
    {
        asio::io_context ctx;
        heddle::go(ctx, heddle::go_blocking(
                            heddle::abandon_on_cancel,
                            [](auto b, auto l) {
                                b->count_down();
                                l->wait();
                            },
                            begun, let_go));
        ctx.poll();
        begun->wait();
        releaser = std::thread([&] { let_go->count_down(); });
    }
    releaser.join();
}

TEST_CASE("the end of a context waits for the functions of go_blocking that run") {
    test::latch begun(1), let_go(1);
    std::atomic<bool> over = false;
    std::thread releaser;
    {
        asio::io_context ctx;
        heddle::go(
            ctx,
            [](test::latch& b, test::latch& l, std::atomic<bool>& o) -> heddle::task<> {
                co_await heddle::go_blocking(
                    [](test::latch& b2, test::latch& l2, std::atomic<bool>& o2) {
                        b2.count_down();
                        l2.wait();
                        o2 = true;
                    },
                    std::ref(b), std::ref(l), std::ref(o));
            },
            std::ref(begun), std::ref(let_go), std::ref(over));
        ctx.poll();
        begun.wait();
        releaser = std::thread([&] { let_go.count_down(); });
    }
    CHECK(over);
    releaser.join();
}

TEST_CASE("a dump may be made from another thread while tasks run, and while one task "
          "keeps its host busy") {
    asio::io_context ctx;
    std::atomic<bool> stop = false, hog = false, hogging = false;
    heddle::channel<int> c;
    c.name("ping");
    heddle::go(
        ctx,
        [](heddle::channel<int> ch, std::atomic<bool>& s) -> heddle::task<> {
            while (!s) {
                co_await ch.send(1);
            }
            ch.close();
        },
        c, std::ref(stop));
    heddle::go(
        ctx,
        [](heddle::channel<int> ch, std::atomic<bool>& h,
           std::atomic<bool>& now) -> heddle::task<> {
            while (auto v = co_await ch.receive()) {
                if (h.exchange(false)) {
                    now = true;
                    while (now)
                        std::this_thread::yield();
                }
            }
        },
        c, std::ref(hog), std::ref(hogging));
    std::thread runner([&] { ctx.run(); });
    for (int i = 0; i < 50; ++i)
        CHECK(heddle::dump_tasks(ctx).find("task ") != std::string::npos);
    hog = true;
    while (!hogging)
        std::this_thread::yield();
    CHECK(heddle::dump_tasks(ctx).find("its host is busy") != std::string::npos);
    stop = true;
    hogging = false;
    runner.join();
    CHECK(heddle::dump_tasks(ctx).empty());
}

TEST_SUITE_END();
