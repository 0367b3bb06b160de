// SPDX-License-Identifier: BSL-1.0
// A done token and an Asio operation: whichever comes first, the operation ends before
// its task goes on, and an operation that has completed keeps its result.
#include "support/notes.hpp"
#include "support/operations.hpp"
#include "support/world.hpp"

#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/read_until.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <tuple>

using namespace std::chrono_literals;

namespace {

using asio::ip::tcp;
using heddle::use_task;
using test::as_tuple;
using test::lines;
using operation = test::held<void(heddle::error_code, int)>;

const auto aborted = make_error_code(asio::error::operation_aborted);

/// Awaits an operation and logs how the operation ended.
heddle::task<> attempt(operation& op, test::trace& trace) {
    try {
        trace("value " + std::to_string(co_await op.start(use_task)));
    } catch (const heddle::cancelled&) {
        trace("cancelled");
    } catch (const heddle::system_error& e) {
        trace(e.code() == aborted ? "aborted" : "error");
    }
}

heddle::task<> attempt_tuple(operation& op, test::trace& trace) {
    auto [ec, n] = co_await op.start(as_tuple(use_task));
    trace((ec == aborted ? "aborted " : "value ") + std::to_string(n));
}

}  // namespace

TEST_SUITE_BEGIN("asio");

TEST_CASE("if the token was closed before, no operation starts and co_await throws "
          "cancelled") {
    test::world world;
    test::trace trace;
    operation op;
    auto h = world.go(attempt, std::ref(op), std::ref(trace));
    h.cancel();
    world.settle();
    CHECK(trace.take() == lines{"cancelled"});
    CHECK(op.started() == 0);
}

TEST_CASE("if the token was closed before, as_tuple returns operation_aborted with "
          "empty values") {
    test::world world;
    test::trace trace;
    operation op;
    auto h = world.go(attempt_tuple, std::ref(op), std::ref(trace));
    h.cancel();
    world.settle();
    CHECK(trace.take() == lines{"aborted 0"});
    CHECK(op.started() == 0);
}

TEST_CASE("the exception has the cause of the cancellation") {
    test::world world;
    operation op;
    std::string what;
    auto h = world.go([&]() -> heddle::task<> {
        try {
            (void)co_await op.start(use_task);
        } catch (const heddle::cancelled& c) {
            try {
                std::rethrow_exception(c.cause());
            } catch (const std::runtime_error& e) {
                what = e.what();
            }
        }
    });
    world.settle();
    h.cancel(std::make_exception_ptr(std::runtime_error("the reason")));
    world.settle();
    op.complete(aborted, 0);
    world.settle();
    CHECK(what == "the reason");
}

TEST_CASE("the host emits the cancellation of a parked operation, terminal and once") {
    test::world world;
    test::trace trace;
    operation op;
    op.on_cancel = [&] { trace("asked"); };
    auto h = world.go(attempt, std::ref(op), std::ref(trace));
    world.settle();
    CHECK(op.connected());
    h.cancel();
    CHECK(op.cancelled() == 0);  // the emission is not inside cancel()
    world.settle();
    CHECK(op.cancelled() == 1);
    CHECK(op.terminal());
    CHECK(trace.take() == lines{"asked"});
    // The operation has not ended, so the task does not go on.
    CHECK(world.live() == 1);
    op.complete(aborted, 0);
    world.settle();
    CHECK(trace.take() == lines{"cancelled"});
    CHECK(op.cancelled() == 1);
}

TEST_CASE("an operation that completes although its cancellation was emitted keeps its "
          "result") {
    test::world world;
    test::trace trace;
    operation op;
    for (auto body : {attempt, attempt_tuple}) {
        auto h = world.go(body, std::ref(op), std::ref(trace));
        world.settle();
        h.cancel();
        world.settle();
        op.complete({}, 7);
        world.settle();
        CHECK(trace.take() == lines{"value 7"});
    }
}

TEST_CASE("an operation may complete inside the emission of its cancellation") {
    test::world world;
    test::trace trace;
    operation op;
    auto h = world.go(attempt, std::ref(op), std::ref(trace));
    world.settle();
    op.on_cancel = [&] {
        op.complete_inline(aborted, 0);
        trace("emitted");
    };
    h.cancel();
    world.settle();
    CHECK(trace.take() == lines{"emitted", "cancelled"});
}

TEST_CASE("a handler may be destroyed inside the emission of its cancellation") {
    test::world world;
    test::trace trace;
    operation op;
    auto h = world.go(attempt, std::ref(op), std::ref(trace));
    world.settle();
    op.on_cancel = [&] {
        op.drop();
        trace("emitted");
    };
    h.cancel();
    world.settle();
    CHECK(trace.take() == lines{"emitted"});
    CHECK(world.live() == 0);
}

TEST_CASE("a completion that comes before the emission replaces it") {
    test::world world;
    test::trace trace;
    operation op;
    auto h = world.go(attempt, std::ref(op), std::ref(trace));
    world.settle();
    h.cancel();  // the emission will be a turn
    op.complete_inline({}, 3);
    world.settle();
    CHECK(op.cancelled() == 0);
    CHECK(trace.take() == lines{"value 3"});
    CHECK(world.live() == 0);
}

TEST_CASE("a token that closes after the completion leaves the result unchanged") {
    test::world world;
    test::trace trace;
    operation op;
    auto h = world.go([&]() -> heddle::task<> {
        co_await attempt(op, trace);
        co_await attempt(op, trace);
    });
    world.settle();
    op.complete_inline({}, 3);
    h.cancel();
    world.settle();
    CHECK(op.cancelled() == 0);
    CHECK(trace.take() == lines{"value 3", "cancelled"});  // the next wait throws
    CHECK(op.started() == 1);
}

TEST_CASE("a token that closes during the initiation is noticed after it") {
    test::world world;
    test::trace trace;
    operation op;
    heddle::join_handle<> h;
    op.on_start = [&] {
        h.cancel();
        trace(op.cancelled() == 0 ? "not yet" : "during initiation");
    };
    h = world.go(attempt, std::ref(op), std::ref(trace));
    world.settle();
    CHECK(op.cancelled() == 1);
    CHECK(trace.take() == lines{"not yet"});
    op.complete(aborted, 0);
    world.settle();
    CHECK(trace.take() == lines{"cancelled"});
}

TEST_CASE("a token may close during an initiation that completes or throws") {
    test::world world;
    test::trace trace;
    operation op;
    heddle::join_handle<> h;
    op.on_start = [&] {
        h.cancel();
        op.complete_inline({}, 5);
    };
    h = world.go(attempt, std::ref(op), std::ref(trace));
    world.settle();
    CHECK(trace.take() == lines{"value 5"});
    op.on_start = [&] {
        h.cancel();
        op.drop();
        throw std::runtime_error("initiation");
    };
    h = world.go([&]() -> heddle::task<> {
        try {
            co_await attempt(op, trace);
        } catch (const std::runtime_error& e) {
            trace(e.what());
        }
        co_await attempt(op, trace);
    });
    world.settle();
    CHECK(trace.take() == lines{"initiation", "cancelled"});
    CHECK(op.cancelled() == 0);
}

TEST_CASE("an abort that the token did not cause is an ordinary error") {
    test::world world;
    test::trace trace;
    operation op;
    auto h = world.go(attempt, std::ref(op), std::ref(trace));
    world.settle();
    op.complete(aborted, 0);
    world.settle();
    CHECK(trace.take() == lines{"aborted"});
}

TEST_CASE("an operation in a shield is not cancelled, and the next one is") {
    test::world world;
    test::trace trace;
    operation op;
    auto h = world.go([&]() -> heddle::task<> {
        co_await heddle::shield(attempt(op, trace));
        co_await attempt(op, trace);
    });
    world.settle();
    CHECK(!op.connected());
    h.cancel();
    world.settle();
    CHECK(op.cancelled() == 0);
    op.complete({}, 1);
    world.settle();
    CHECK(trace.take() == lines{"value 1", "cancelled"});
}

TEST_CASE("with_done, timeout and the cancellation of a parent reach the operation") {
    test::world world;
    test::trace trace;
    operation op;
    heddle::done_source stop;
    world.go(heddle::with_done(stop.token(), attempt(op, trace)));
    world.settle();
    stop.close();
    world.settle();
    CHECK(op.cancelled() == 1);
    op.complete(aborted, 0);
    world.settle();
    CHECK(trace.take() == lines{"cancelled"});

    op.on_cancel = [&] { op.complete(aborted, 0); };
    world.go(heddle::timeout(1us, attempt(op, trace)));
    world.ctx.restart();
    world.ctx.run();
    CHECK(op.cancelled() == op.started());  // the deadline may have prevented the start
    CHECK(trace.take() == lines{"cancelled"});

    auto parent = world.go([&]() -> heddle::task<> {
        heddle::go(attempt, std::ref(op), std::ref(trace));
        co_await heddle::sleep(1h);
    });
    world.settle();
    int before = op.cancelled();
    parent.cancel();
    world.settle();
    CHECK(op.cancelled() == before + 1);
    CHECK(op.cancelled() == op.started());
    CHECK(trace.take() == lines{"cancelled"});
}

TEST_CASE(
    "each operation gets an empty slot: no cancellation reaches an earlier handler") {
    test::world world;
    test::trace trace;
    auto first = std::make_unique<operation>();
    operation second;
    auto h = world.go([&]() -> heddle::task<> {
        co_await attempt(*first, trace);
        // A handler that was left in the slot would refer to freed memory.
        first.reset();
        co_await heddle::yield();
        co_await attempt(second, trace);
    });
    world.settle();
    first->complete({}, 1);
    world.settle();
    h.cancel();
    world.settle();
    CHECK(second.cancelled() == 1);
    second.complete(aborted, 0);
    world.settle();
    CHECK(trace.take() == lines{"value 1", "cancelled"});
}

TEST_CASE("a cancelled task waits for an operation without a cancellation handler") {
    test::world world;
    bool cancelled = false;
    auto h = world.go([&]() -> heddle::task<> {
        co_await asio::post(world.ctx, use_task);  // cannot be cancelled
        try {
            co_await heddle::yield();
        } catch (const heddle::cancelled&) {
            cancelled = true;
        }
    });
    world.ctx.poll_one();  // posted
    h.cancel();
    world.settle();
    CHECK(cancelled);
    CHECK(world.live() == 0);
}

TEST_CASE("a timer, an accept, a read and a composed read are cancelled by a token") {
    test::world world;
    tcp::acceptor acceptor(world.ctx,
                           tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    tcp::socket near(world.ctx), far(world.ctx);
    near.connect(acceptor.local_endpoint());
    acceptor.accept(far);
    std::string text;
    auto wait_for = [&](int which) -> heddle::task<> {
        char bytes[8];
        asio::steady_timer timer(world.ctx, 1h);
        switch (which) {
        case 0:
            co_await timer.async_wait(use_task);
            break;
        case 1:
            (void)co_await acceptor.async_accept(use_task);
            break;
        case 2:
            (void)co_await near.async_read_some(asio::buffer(bytes), use_task);
            break;
        case 3:
            (void)co_await asio::async_read(near, asio::buffer(bytes), use_task);
            break;
        case 4:
            (void)co_await asio::async_read_until(near, asio::dynamic_buffer(text),
                                                  '\n', heddle::deferred);
        }
    };
    far.send(asio::buffer("xy", 2));
    for (int which : {4, 3, 2, 1, 0}) {
        CAPTURE(which);
        auto h = world.go(wait_for, which);
        world.settle();
        CHECK(world.live() == 1);
        h.cancel();
        std::string how;
        world.go([&]() -> heddle::task<> {
            try {
                co_await h;
            } catch (const heddle::cancelled&) {
                how = "cancelled";
            }
        });
        world.settle();
        CHECK(how == "cancelled");
        CHECK(world.live() == 0);
    }
    CHECK(text == "xy");  // the bytes that were read before the abort are not lost
}

TEST_CASE("an operation of another context is cancelled by a handler on that context") {
    test::world home, other;
    test::trace trace;
    auto h = home.go([&]() -> heddle::task<> {
        asio::steady_timer timer(other.ctx, 1h);
        try {
            co_await timer.async_wait(use_task);
        } catch (const heddle::cancelled&) {
            trace("cancelled");
        }
    });
    home.settle();
    h.cancel();
    home.settle();
    CHECK(home.live() == 1);  // the other context emits, once it runs
    other.settle();
    home.settle();
    CHECK(trace.take() == lines{"cancelled"});
    CHECK(home.live() == 0);
}

TEST_CASE(
    "contexts may be destroyed, in either order, while a cancellation is on its way") {
    for (bool home_first : {true, false}) {
        CAPTURE(home_first);
        std::optional<test::world> home(std::in_place), other(std::in_place);
        std::optional<asio::steady_timer> timer(std::in_place, other->ctx, 1h);
        auto h = home->go(
            [](asio::steady_timer& t, test::tracked) -> heddle::task<> {
                co_await t.async_wait(use_task);
            },
            std::ref(*timer), test::tracked(1));
        home->settle();
        h.cancel();
        home->settle();  // the emission is on its way to the other context
        timer.reset();
        (home_first ? home : other).reset();
        if (home_first)
            other->settle();
        else
            home->settle();
        (home_first ? other : home).reset();
        CHECK(test::tracked::alive() == 0);
    }
}

TEST_CASE("the strand of an operation is released when its context has ended") {
    using strand = asio::strand<asio::io_context::executor_type>;
    using strand_timer =
        asio::basic_waitable_timer<std::chrono::steady_clock,
                                   asio::wait_traits<std::chrono::steady_clock>,
                                   strand>;
    for (bool completes : {true, false}) {
        CAPTURE(completes);
        test::world home;
        std::optional<test::world> other(std::in_place);
        std::optional<strand_timer> timer(std::in_place,
                                          strand(other->ctx.get_executor()),
                                          completes ? heddle::duration(-1s) : 1h);
        auto h =
            home.go([&]() -> heddle::task<> { co_await timer->async_wait(use_task); });
        home.settle();
        other->settle();
        timer.reset();
        other.reset();  // the task goes on, or is destroyed, later
        CHECK(home.live() == 1);
        home.settle();
        CHECK(home.live() == 0);
    }
}

TEST_CASE("a task whose operation completed while it was being cancelled ends with its "
          "context") {
    int alive = test::tracked::alive();
    {
        test::world world;
        operation op;
        op.on_cancel = [&] { op.complete_inline(aborted, 0); };
        auto h = world.go(
            [](operation& o) -> heddle::task<> {
                test::tracked local(1);
                (void)co_await o.start(use_task);
            },
            std::ref(op));
        world.settle();
        h.cancel();
        test::leave(world);  // after the emission, before the task goes on
        CHECK(op.cancelled() == 1);
        CHECK(world.live() == 1);
        CHECK(test::tracked::alive() == alive + 1);
    }
    CHECK(test::tracked::alive() == alive);
}

TEST_SUITE_END();
