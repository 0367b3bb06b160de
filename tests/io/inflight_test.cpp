// SPDX-License-Identifier: BSL-1.0
// The promises of an inflight, an Asio operation that outlasts the waits for it.
#include "support/operations.hpp"
#include "support/sockets.hpp"
#include "support/threads.hpp"
#include "support/world.hpp"

#include <asio/buffer.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/connect_pair.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/read.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <asio/write.hpp>
#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <future>
#include <memory>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <vector>

using namespace std::chrono_literals;

namespace {

using heddle::inflight;
using heddle::task;
using heddle::use_task;
using test::finish;
using test::lines;
using operation = test::held<void(heddle::error_code, int)>;
using socket_type = asio::local::stream_protocol::socket;

heddle::error_code ok() { return {}; }

/// Two connected sockets.
struct connection {
    explicit connection(asio::io_context& ctx) : near(ctx), far(ctx) {
        asio::local::connect_pair(near, far);
    }
    socket_type near, far;
};

}  // namespace

TEST_SUITE_BEGIN("inflight");

TEST_CASE("an inflight starts when it is made, is ready when it has completed, and "
          "then has a result") {
    test::world world;
    operation op;
    test::trace log;
    world.go([&]() -> task<> {
        inflight flying(op.start(use_task));
        CHECK_FALSE(flying.has_result());
        co_await heddle::select(flying);
        CHECK(flying.has_result());
        log(std::to_string(flying.result()));
        CHECK_FALSE(flying.has_result());
    });
    world.settle();
    CHECK(op.started() == 1);
    CHECK(log.take().empty());
    op.complete(ok(), 7);
    world.settle();
    CHECK(log.take() == lines{"7"});
    CHECK(world.live() == 0);
}

TEST_CASE("an inflight that loses a select stays in flight and keeps its result") {
    test::world world;
    operation op;
    heddle::channel<int> notes;
    test::trace log;
    world.go([&]() -> task<> {
        inflight flying(op.start(use_task));
        std::optional<int> n;
        for (int i = 0; i < 3; ++i)
            log(std::to_string(co_await heddle::select(flying, notes.receive(n))));
        heddle::channel<> gate;
        gate.name("gate");
        auto opened = co_await heddle::select(flying, gate.receive());
        log("then " + std::to_string(opened) + ", " + std::to_string(flying.result()));
    });
    world.go([&]() -> task<> {
        for (int i = 0; i < 3; ++i)
            co_await notes.send(i);
    });
    world.settle();
    CHECK(log.take() == lines{"1", "1", "1"});
    CHECK(op.started() == 1);
    CHECK(op.cancelled() == 0);
    op.complete(ok(), 5);  // the result waits until a task takes it
    world.settle();
    CHECK(log.take() == lines{"then 0, 5"});
}

TEST_CASE("a result that came while another arm happened is not lost") {
    test::world world;
    operation op;
    test::trace log;
    world.go([&]() -> task<> {
        inflight flying(op.start(use_task));
        op.complete(ok(), 1);
        std::optional<int> n;
        heddle::channel<int> ready(1);
        (void)ready.try_send(0);
        for (bool got[2] = {}; !got[0] || !got[1];) {
            co_await heddle::yield();
            auto i = co_await heddle::select(flying, ready.receive(n));
            got[i] = true;
            if (i == 0)
                log(std::to_string(flying.result()));
        }
    });
    world.settle();
    CHECK(log.take() == lines{"1"});
    CHECK(world.live() == 0);
}

TEST_CASE("co_await of an inflight waits and returns the result") {
    test::world world;
    operation op;
    int got = 0;
    world.go([&]() -> task<> {
        inflight flying(op.start(use_task));
        got = co_await flying;
        flying.start(op.start(use_task));
        got += co_await flying;
    });
    for (int i : {3, 4}) {
        world.settle();
        op.complete(ok(), i);
    }
    world.settle();
    CHECK(got == 7);
}

TEST_CASE("an inflight without an operation and without a result is a nil arm") {
    test::world world;
    operation op;
    test::trace log;
    world.go([&]() -> task<> {
        inflight flying(op.start(use_task));
        co_await heddle::select(flying);
        (void)flying.result();
        log(std::to_string(co_await heddle::select(flying, heddle::otherwise)));
        log(std::to_string(co_await heddle::select(flying, heddle::after(0s))));
        flying.start(op.start(use_task));
        log(std::to_string(co_await heddle::select(flying)));
    });
    world.settle();
    op.complete(ok(), 1);
    world.settle();
    CHECK(log.take() == lines{"1", "1"});
    op.complete(ok(), 2);
    world.settle();
    CHECK(log.take() == lines{"0"});
}

TEST_CASE("a result stays ready until it is taken") {
    test::world world;
    operation op;
    int times = 0;
    world.go([&]() -> task<> {
        inflight flying(op.start(use_task));
        for (; times < 5; ++times)
            CHECK(co_await heddle::select(flying) == 0);
        CHECK(flying.result() == 9);
    });
    world.settle();
    op.complete(ok(), 9);
    world.settle();
    CHECK(times == 5);
    CHECK(world.live() == 0);
}

TEST_CASE("misuse of an inflight is a logic_error, and changes nothing") {
    test::world world;
    operation op, other;
    auto message = [](auto f) {
        try {
            f();
        } catch (const std::logic_error& e) {
            return std::string(e.what());
        }
        return std::string("no error");
    };
    lines seen;
    world.go([&]() -> task<> {
        inflight flying(op.start(use_task));
        seen.push_back(message([&] { (void)flying.result(); }));
        seen.push_back(message([&] { flying.start(other.start(use_task)); }));
        co_await heddle::select(flying);
        seen.push_back(message([&] { flying.start(other.start(use_task)); }));
        CHECK(flying.result() == 1);
        seen.push_back(message([&] { (void)flying.result(); }));
    });
    world.settle();
    op.complete(ok(), 1);
    world.settle();
    CHECK(other.started() == 0);
    CHECK(
        seen ==
        lines{"heddle: inflight: no result yet: wait for it",
              "heddle: inflight: started while one is in flight: wait for its result",
              "heddle: inflight: started while it has a result that nobody took: call "
              "result()",
              "heddle: inflight: no result: none was started, call start()"});
    CHECK_THROWS_AS(inflight flying(op.start(use_task)), heddle::not_in_task);
}

TEST_CASE("an inflight reports errors and returns tuples as use_task does") {
    test::world world;
    operation op, tuple;
    test::held<void(std::exception_ptr)> exception;
    lines seen;
    world.go([&]() -> task<> {
        inflight flying(op.start(use_task));
        inflight as_tuple(tuple.start(test::as_tuple(use_task)));
        inflight thrown(exception.start(use_task));
        co_await heddle::select(flying);
        try {
            (void)flying.result();
        } catch (const heddle::system_error& e) {
            seen.push_back(e.code() == asio::error::eof ? "eof" : "another");
        }
        auto [ec, n] = co_await as_tuple;
        CHECK(ec == asio::error::eof);
        CHECK(n == 3);
        co_await heddle::select(thrown);
        try {
            thrown.result();
        } catch (const std::runtime_error& e) {
            seen.push_back(e.what());
        }
    });
    world.settle();
    op.complete(asio::error::eof, 0);
    tuple.complete(asio::error::eof, 3);
    exception.complete(std::make_exception_ptr(std::runtime_error("by pointer")));
    world.settle();
    CHECK(seen == lines{"eof", "by pointer"});
    CHECK(world.live() == 0);
}

TEST_CASE("an initiation may throw, complete at once or drop its handler") {
    test::world world;
    lines seen;
    world.go([&]() -> task<> {
        try {
            inflight flying(test::failing_initiation(use_task));
        } catch (const std::runtime_error& e) {
            seen.push_back(e.what());
        }
        inflight now(test::immediately(6, use_task));
        seen.push_back(std::to_string(co_await now));
        inflight gone(test::dropped_at_once(use_task));
        co_await heddle::select(gone);
        try {
            gone.result();
        } catch (const heddle::system_error& e) {
            seen.push_back(e.code() == asio::error::operation_aborted ? "aborted"
                                                                      : "?");
        }
        gone.start(test::dropped_at_once(use_task));
        co_await gone.stop();
        CHECK_FALSE(gone.has_result());
    });
    world.settle();
    CHECK(seen == lines{"initiation", "6", "aborted"});
    CHECK(world.live() == 0);
}

TEST_CASE("stop cancels and joins; then there is no result, and the inflight can be "
          "started again") {
    test::world world;
    operation op;
    test::trace log;
    world.go([&]() -> task<> {
        inflight flying(op.start(use_task));
        co_await flying.stop();
        log(flying.has_result() ? "result" : "none");
        flying.start(op.start(use_task));
        log(std::to_string(co_await flying));
        co_await flying.stop();  // no operation is in flight, so this returns at once
        log("end");
    });
    world.settle();
    CHECK(op.cancelled() == 1);
    CHECK(op.terminal());
    CHECK(log.take().empty());  // stop waits for the handler
    op.complete(asio::error::operation_aborted, 0);
    world.settle();
    CHECK(log.take() == lines{"none"});
    op.complete(ok(), 8);
    world.settle();
    CHECK(log.take() == lines{"8", "end"});
}

TEST_CASE("a result that arrives during stop can still be taken") {
    test::world world;
    operation op;
    int got = 0;
    SUBCASE("before the cancellation reaches the operation") {
        world.go([&]() -> task<> {
            inflight flying(op.start(use_task));
            co_await heddle::yield();
            co_await flying.stop();
            got = flying.result();
        });
        world.go([&]() -> task<> {
            op.complete(ok(), 4);
            co_return;
        });
    }
    SUBCASE("inside the emission") {
        op.on_cancel = [&] { op.complete_inline(ok(), 4); };
        world.go([&]() -> task<> {
            inflight flying(op.start(use_task));
            co_await flying.stop();
            got = flying.result();
        });
    }
    world.settle();
    CHECK(got == 4);
    CHECK(world.live() == 0);
}

TEST_CASE("stop joins first and then throws, if its token is closed") {
    test::world world;
    operation op;
    test::trace log;
    auto handle = world.go([&]() -> task<> {
        inflight flying(op.start(use_task));
        try {
            co_await heddle::select(flying);
        } catch (const heddle::cancelled&) {
            log("cancelled");
        }
        try {
            co_await flying.stop();
        } catch (const heddle::cancelled&) {
            log(flying.has_result() ? "again, with result" : "again, without");
        }
    });
    world.settle();
    handle.cancel();
    world.settle();
    CHECK(log.take() == lines{"cancelled"});
    // The cause is stop(), because a token does not cancel the operation.
    CHECK(op.cancelled() == 1);
    op.complete(asio::error::operation_aborted, 0);
    world.settle();
    CHECK(log.take() == lines{"again, without"});
    CHECK(world.live() == 0);
}

TEST_CASE("a closed token ends the wait and not the operation") {
    test::world world;
    operation op;
    int got = 0;
    world.go([&]() -> task<> {
        heddle::done_source done;
        inflight flying(op.start(use_task));
        auto wait = [](inflight<void(heddle::error_code, int)>& f) -> task<> {
            co_await heddle::select(f);
        };
        done.close();
        try {
            co_await heddle::with_done(done.token(), wait(flying));
        } catch (const heddle::cancelled&) {
            got = 1;
        }
        CHECK(op.cancelled() == 0);
        got += co_await flying;
    });
    world.settle();
    op.complete(ok(), 10);
    world.settle();
    CHECK(got == 11);
}

TEST_CASE("destruction cancels the operation; the kept objects live until the handler "
          "is gone") {
    test::world world;
    operation op;
    auto kept = std::make_shared<int>(1);
    std::weak_ptr<int> watch = kept;
    world.go([&]() -> task<> {
        inflight flying(op.start(use_task), std::move(kept), std::vector<int>(100));
        co_await heddle::yield();
    });
    world.settle();
    CHECK(world.live() == 0);
    CHECK(op.cancelled() == 1);
    CHECK(op.terminal());
    CHECK_FALSE(watch.expired());
    op.complete(asio::error::operation_aborted, 0);
    world.settle();
    CHECK(watch.expired());
}

TEST_CASE("the kept objects live as long as the inflight, too") {
    test::world world;
    operation op;
    auto kept = std::make_shared<int>(1);
    std::weak_ptr<int> watch = kept;
    heddle::channel<> end;
    world.go([&]() -> task<> {
        inflight flying(op.start(use_task), std::move(kept));
        (void)co_await flying;
        co_await end.receive();
    });
    world.settle();
    op.complete(ok(), 1);
    world.settle();
    CHECK_FALSE(watch.expired());
    end.close();
    world.settle();
    CHECK(watch.expired());
}

TEST_CASE("an inflight can be moved, and be an element of a range") {
    test::world world;
    std::array<operation, 3> ops;
    test::trace log;
    world.go([&]() -> task<> {
        std::vector<inflight<void(heddle::error_code, int)>> all;
        for (auto& op : ops)
            all.emplace_back(op.start(use_task));
        for (int i = 0; i < 3; ++i) {
            auto which = co_await heddle::select(all);
            log(std::to_string(which) + ": " + std::to_string(all[which].result()));
        }
        auto moved = std::move(all[0]);
        moved.start(ops[0].start(use_task));
        log(std::to_string(co_await moved));
    });
    for (std::size_t i : {2U, 0U, 1U}) {
        world.settle();
        ops[i].complete(ok(), static_cast<int>(i) * 10);
    }
    world.settle();
    ops[0].complete(ok(), 5);
    world.settle();
    CHECK(log.take() == lines{"2: 20", "0: 0", "1: 10", "5"});
}

TEST_CASE("a completion that comes before the emission replaces it") {
    test::world world;
    operation op;
    std::optional<inflight<void(heddle::error_code, int)>> flying;
    world.go([&]() -> task<> {
        flying.emplace(op.start(use_task));
        co_return;
    });
    world.settle();
    flying.reset();  // outside its host, so the emission will be a turn of that host
    op.complete_inline(ok(), 1);
    world.settle();
    CHECK(op.cancelled() == 0);
}

TEST_CASE("a new operation is cancelled on its own context, not on that of the "
          "operation before") {
    test::world home, other;
    test::held<void(heddle::error_code)> op;  // its executor is not known
    asio::steady_timer timer(other.ctx, -1s);
    home.go([&]() -> task<> {
        inflight flying(timer.async_wait(use_task));
        co_await flying;
        flying.start(op.start(use_task));
        co_await flying.stop();
    });
    home.settle();
    other.settle();
    home.settle();  // the other context does not run any more
    CHECK(op.cancelled() == 1);
    op.complete(asio::error::operation_aborted);
    home.settle();
    CHECK(home.live() == 0);
}

TEST_CASE("the context of an operation may end before the inflight") {
    test::world home;
    std::optional<test::world> other(std::in_place);
    SUBCASE("before the cancellation of the inflight is emitted") {
        std::optional<asio::steady_timer> timer(std::in_place, other->ctx, 24h);
        std::optional<inflight<void(heddle::error_code)>> flying;
        home.go([&]() -> task<> {
            flying.emplace(timer->async_wait(use_task));
            co_return;
        });
        home.settle();
        flying.reset();  // outside its host
        timer.reset();
        other.reset();
        home.settle();
    }
    SUBCASE("and the strand is released") {
        using strand = asio::strand<asio::io_context::executor_type>;
        using strand_timer =
            asio::basic_waitable_timer<std::chrono::steady_clock,
                                       asio::wait_traits<std::chrono::steady_clock>,
                                       strand>;
        std::optional<strand_timer> timer(std::in_place,
                                          strand(other->ctx.get_executor()), -1s);
        home.go([&]() -> task<> {
            inflight waiting(timer->async_wait(use_task));
            co_await waiting;
            timer.reset();
            other.reset();
        });
        home.settle();
        other->settle();
        home.settle();
    }
    CHECK(!other);
    CHECK(home.live() == 0);
}

TEST_CASE("a dump names the operation that a task waits for") {
    test::world world;
    operation op;
    world.go([&]() -> task<> {
        inflight flying(op.start(use_task));
        co_await heddle::select(flying, heddle::after(1h));
    });
    world.settle();
    CHECK(heddle::dump_tasks(world.ctx).find(
              "for an operation in flight, or for a timer") != std::string::npos);
}

TEST_CASE("a context that is destroyed destroys all inflight operations, whether a "
          "task waits or not") {
    auto kept = std::make_shared<int>(1);
    std::weak_ptr<int> watch = kept;
    operation op;
    for (bool parked : {false, true})
        for (bool handler_first : {false, true}) {
            CAPTURE(parked);
            CAPTURE(handler_first);
            auto mine = std::make_shared<int>(1);
            std::weak_ptr<int> alive = mine;
            {
                test::world world;
                heddle::channel<> never;
                world.go([&, parked]() -> task<> {
                    inflight flying(op.start(use_task), mine);
                    if (parked)
                        co_await heddle::select(flying);
                    else
                        co_await never.receive();
                });
                world.settle();
                mine.reset();
                CHECK_FALSE(alive.expired());
                if (handler_first) {
                    op.drop();
                    world.settle();
                }
            }
            op.drop();
            CHECK(alive.expired());
        }
}

TEST_CASE("a socket in two directions, a channel and a timer in one select lose no "
          "byte and no message") {
    test::world world;
    connection c(world.ctx);
    const int bytes = 20000, messages = 300;
    long read = 0, written = 0, noted = 0;
    unsigned sum_read = 0, sum_written = 0;
    finish(world, [&]() -> task<> {
        heddle::channel<int> notes;
        auto talker = [&]() -> task<> {  // the peer sends, and echoes nothing
            std::vector<unsigned char> data(static_cast<std::size_t>(bytes));
            std::iota(data.begin(), data.end(), static_cast<unsigned char>(0));
            for (std::size_t at = 0; at < data.size();) {
                auto part = asio::buffer(data.data() + at,
                                         std::min<std::size_t>(97, data.size() - at));
                at += co_await asio::async_write(c.far, part, use_task);
                if (at % 3 == 0)
                    co_await heddle::yield();
            }
        };
        auto listener = [&]() -> task<> {
            std::array<unsigned char, 61> in;
            for (long n = 0; n < bytes;) {
                auto buffer = asio::buffer(in);
                auto got = co_await c.far.async_read_some(buffer, use_task);
                for (std::size_t i = 0; i < got; ++i)
                    sum_written += in[i];
                n += static_cast<long>(got);
            }
        };
        auto noter = [&]() -> task<> {
            for (int i = 0; i < messages; ++i)
                co_await notes.send(i);
            notes.close();
        };
        auto peer_out = heddle::go(talker), peer_in = heddle::go(listener);
        heddle::go(noter);

        std::array<unsigned char, 83> in, out;
        out.fill(7);
        auto part = [&] {
            return asio::buffer(
                out.data(), std::min<std::size_t>(
                                out.size(), static_cast<std::size_t>(bytes - written)));
        };
        inflight reading(c.near.async_read_some(asio::buffer(in), heddle::deferred));
        inflight writing(c.near.async_write_some(part(), heddle::deferred));
        std::optional<int> note;
        heddle::receiver<int> from = notes;
        while (read < bytes || written < bytes || from != nullptr)
            switch (co_await heddle::select(reading, writing, from.receive(note),
                                            heddle::after(1ms))) {
            case 0: {
                auto n = reading.result();
                for (std::size_t i = 0; i < n; ++i)
                    sum_read += in[i];
                read += static_cast<long>(n);
                if (read < bytes)
                    reading.start(
                        c.near.async_read_some(asio::buffer(in), heddle::deferred));
                break;
            }
            case 1:
                written += static_cast<long>(writing.result());
                if (written < bytes)
                    writing.start(c.near.async_write_some(part(), heddle::deferred));
                break;
            case 2:
                note ? void(noted += *note) : void(from = nullptr);
                break;
            }
        co_await peer_out;
        co_await peer_in;
    });
    unsigned expected = 0;
    for (int i = 0; i < bytes; ++i)
        expected += static_cast<unsigned>(i % 256);
    CHECK(read == bytes);
    CHECK(sum_read == expected);
    CHECK(written == bytes);
    CHECK(sum_written == 7U * bytes);
    CHECK(noted == messages * (messages - 1) / 2);
}

TEST_CASE("a composed operation goes on over many selects; if it is destroyed, its "
          "stream is kept") {
    test::world world;
    auto c = std::make_shared<connection>(world.ctx);
    std::weak_ptr<connection> watch = c;
    std::string got;
    int beats = 0;
    finish(world, [&]() -> task<> {
        auto text = std::make_shared<std::array<char, 10>>();
        auto& near = c->near;
        inflight reading(asio::async_read(near, asio::buffer(*text), heddle::deferred),
                         c, text);
        for (int i = 0; i < 9; ++i) {
            co_await asio::async_write(c->far, asio::buffer(&"abcdefghi"[i], 1),
                                       use_task);
            for (int k = 0; k < 3; ++k)
                beats += co_await heddle::select(reading, heddle::after(0s)) == 1;
        }
        co_await asio::async_write(c->far, asio::buffer("j", 1), use_task);
        auto n = co_await reading;
        got.assign(text->data(), n);
        reading.start(asio::async_read(near, asio::buffer(*text), heddle::deferred));
        co_await asio::async_write(c->far, asio::buffer("k", 1), use_task);
        co_await heddle::yield();
        c.reset();  // the inflight is destroyed half-way
    });
    CHECK(got == "abcdefghij");
    CHECK(beats == 27);
    CHECK(watch.expired());
}

TEST_CASE("an inflight takes use_task and deferred; a timer and an accept are "
          "operations, too") {
    test::world world;
    lines seen;
    finish(world, [&]() -> task<> {
        auto here = heddle::this_task::executor();
        asio::steady_timer timer(here, 0s);
        inflight waiting(timer.async_wait(heddle::deferred));
        co_await waiting;
        asio::ip::tcp::acceptor acceptor(here, {asio::ip::address_v4::loopback(), 0});
        inflight accepting(acceptor.async_accept(use_task));
        asio::ip::tcp::socket near(here);
        inflight connecting(
            near.async_connect(acceptor.local_endpoint(), heddle::deferred));
        co_await connecting;
        auto far = co_await accepting;
        seen.push_back(far.is_open() ? "connected" : "?");
        timer.expires_after(24h);
        waiting.start(timer.async_wait(heddle::deferred));
    });  // the operation of the timer was cancelled, so it does not delay the context
    CHECK(seen == lines{"connected"});
}

TEST_CASE("an inflight that was moved from has no result, and each use of it is a "
          "logic_error") {
    test::world world;
    world.go([](asio::io_context& ctx) -> task<> {
        asio::steady_timer timer(ctx, 0ms);
        inflight first(timer.async_wait(heddle::deferred));
        inflight second(std::move(first));
        CHECK_FALSE(first.has_result());
        CHECK_THROWS_AS(first.result(), std::logic_error);
        CHECK_THROWS_AS(first.start(timer.async_wait(heddle::deferred)),
                        std::logic_error);
        CHECK_THROWS_AS((void)first.stop(), std::logic_error);
        CHECK_THROWS_AS(co_await first, std::logic_error);
        CHECK_THROWS_AS(co_await heddle::select(first, heddle::after(0ms)),
                        std::logic_error);
        co_await second;
        first = std::move(second);
        CHECK_FALSE(first.has_result());
    }(world.ctx));
    while (world.live() != 0)
        world.settle();
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("inflight.threads");

TEST_CASE("an operation of another context may complete while it is stopped") {
    test::crew here(1), there(1);
    std::promise<long> end;
    heddle::go(here.ctx, [&]() -> task<> {
        long fired = 0;
        for (int i = 0; i < 2000; ++i) {
            auto timer = std::make_shared<asio::steady_timer>(
                there.ctx, std::chrono::microseconds(i % 60));
            inflight waiting(timer->async_wait(heddle::deferred), timer);
            if (i % 3 == 0)
                co_await waiting;
            else if (i % 3 == 1)
                co_await waiting.stop();
            fired += i % 3 == 0 || waiting.has_result();
            if (i % 3 == 1)
                CHECK((co_await heddle::select(waiting, heddle::otherwise) == 1) !=
                      waiting.has_result());
        }
        end.set_value(fired);
    });
    long fired = end.get_future().get();
    CHECK(fired >= 667);
    here.join();
    there.join();
}

TEST_CASE("an inflight that is destroyed on another thread than its task's cancels its "
          "operation") {
    test::crew here(2);
    for (int i = 0; i < 300; ++i) {
        auto timer = std::make_shared<asio::steady_timer>(here.ctx, 24h);
        std::weak_ptr<asio::steady_timer> watch = timer;
        std::promise<inflight<void(heddle::error_code)>> made;
        heddle::go(here.ctx, [&]() -> task<> {
            made.set_value(inflight(timer->async_wait(heddle::deferred), timer));
            co_return;
        });
        auto elsewhere = std::make_unique<inflight<void(heddle::error_code)>>(
            made.get_future().get());
        timer.reset();
        elsewhere.reset();
    }
    here.join();  // returns now, not in a day
    CHECK(heddle::live_tasks(here.ctx) == 0);
}

TEST_CASE("a task with many operations in flight stays with its worker") {
    heddle::run({.threads = 2}, []() -> task<> {
        auto& ctx = heddle::detail::host::current_process().home->context();
        asio::steady_timer timer(static_cast<asio::io_context&>(ctx), 1h);
        std::vector<inflight<void(heddle::error_code)>> all;
        auto& pins = heddle::detail::host::current_process().pins;
        for (int i = 0; i < 65536; ++i)
            all.emplace_back(timer.async_wait(heddle::deferred));
        CHECK(pins.load() != 0);
        timer.cancel();
        for (auto& one : all)
            CHECK_THROWS_AS(co_await one, heddle::system_error);
    }());
}

TEST_SUITE_END();
