// SPDX-License-Identifier: BSL-1.0
// The promises of settle() and settled<T>: what a wait would throw comes as a value.
#include "support/ending.hpp"
#include "support/world.hpp"

#include <asio/error.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>
#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#ifdef HEDDLE_HAS_EXPECTED
#include <expected>
#endif

namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;
using heddle::as_tuple;
using heddle::channel;
using heddle::go;
using heddle::settle;
using heddle::settled;
using heddle::task;
using heddle::use_task;
using test::run_virtual;
using test::why;
using test::world;

/// A failure as its message and its code; "ok" for a result.
template <class T>
std::string how(const settled<T>& s) {
    CHECK(s.has_value() == static_cast<bool>(s));
    CHECK(s.has_value() == (s.error() == nullptr));
    CHECK(s.has_value() == !s.code());
    if (s)
        return "ok";
    return why(s.error()) + " | " + s.code().message();
}

std::string message(heddle::error_code e) { return e.message(); }
const std::string aborted = message(asio::error::operation_aborted);

task<int> give(int n) { co_return n; }
task<int> fail(const char* text) {
    co_await heddle::yield();
    throw std::runtime_error(text);
}

/// How a task ends that settles `op` under a token that is closed once the task waits, or
/// was before.
template <class Op>
std::string cancelled_in(Op op, bool before) {
    world w;
    std::string seen = "nothing";
    auto wait = [](Op make, std::string& to) -> task<> {
        try {
            auto end = co_await settle(make());
            to = how(end);
        } catch (...) {
            to = why(std::current_exception());
        }
    };
    auto h = w.go(wait, op, std::ref(seen));
    if (!before)
        w.settle();
    h.cancel(test::cause("enough"));
    w.settle();
    CHECK(w.live() == 0);
    return seen;
}

}  // namespace

TEST_SUITE_BEGIN("settle");

TEST_CASE("a result is the value") {
    auto main = []() -> task<> {
        channel<std::string> c(1);
        auto sent = co_await settle(c.send("x"));
        static_assert(std::is_same_v<decltype(sent), settled<void>>);
        CHECK(how(sent) == "ok");
        sent.value();
        auto got = co_await settle(c.receive());
        CHECK(how(got) == "ok");
        CHECK(got->value() == "x");
        auto n = co_await settle(give(7));
        CHECK(*n == 7);
        CHECK(n.value() == 7);
        CHECK(how(co_await settle(heddle::sleep(1ms))) == "ok");
        auto h = go(give, 8);
        CHECK(*co_await settle(h) == 8);
        CHECK(*co_await settle(go(give, 9)) == 9);
        auto chosen = co_await settle(heddle::select(heddle::after(1ms)));
        CHECK(*chosen == 0);
        heddle::mutex m;
        auto lock = co_await settle(m.lock());
        CHECK(how(lock) == "ok");
    };
    run_virtual(main());
}

TEST_CASE("a reference, and a result that only moves") {
    auto refer = [](int& n) -> task<int&> { co_return n; };
    auto make = []() -> task<std::unique_ptr<int>> {
        co_return std::make_unique<int>(3);
    };
    auto main = [=]() -> task<> {
        int n = 5;
        auto r = co_await settle(refer(n));
        CHECK(&r.value() == &n);
        auto u = co_await settle(make());
        std::unique_ptr<int> taken = std::move(u).value();
        CHECK(*taken == 3);
    };
    run_virtual(main());
}

TEST_CASE("a send to a closed channel, parked or not") {
    auto main = []() -> task<> {
        channel<int> c;
        c.name("jobs");
        auto closer = [](channel<int> to) -> task<> {
            to.close();
            co_return;
        };
        go(closer, c);
        auto parked = co_await settle(c.send(1));
        auto at_once = co_await settle(c.send(1));
        for (auto* each : {&parked, &at_once})
            CHECK(how(*each) ==
                  "heddle: send on a closed channel: `jobs` | channel closed");
        CHECK(parked.code() == heddle::errc::closed);
        std::string thrown = co_await test::ending(c.send(1));
        CHECK(why(parked.error()) == thrown);
        auto none = co_await settle(c.receive());
        CHECK(none);
        CHECK_FALSE(none.value());  // the end of a channel is no failure
    };
    run_virtual(main());
}

TEST_CASE("an exception of a task is handed on, through any number of calls") {
    auto outer = []() -> task<int> {
        auto inner = co_await settle(fail("inner"));
        CHECK(how(inner) == "inner | failed with an exception");
        CHECK(inner.code() == heddle::errc::failed);
        co_return inner.value();
    };
    auto main = [outer]() -> task<> {
        auto end = co_await settle(outer());
        CHECK(how(end) == "inner | failed with an exception");
        CHECK_THROWS_WITH_AS(end.value(), "inner", std::runtime_error);
        CHECK_THROWS_WITH_AS(std::move(end).value(), "inner", std::runtime_error);
    };
    run_virtual(main());
}

TEST_CASE("a joined task that failed, and one that was joined before") {
    auto main = []() -> task<> {
        auto h = go(fail, "task");
        auto first = co_await settle(h);
        CHECK(how(first) == "task | failed with an exception");
        // The join that follows is a mistake, which is thrown as it is made.
        CHECK(co_await test::ending(settle(h)) == "already joined");
    };
    run_virtual(main());
}

TEST_CASE("a wait of each kind throws `cancelled` for the token in force, and takes "
          "nothing") {
    const std::string expected = "cancelled: enough";
    for (bool before : {false, true}) {
        CAPTURE(before);
        channel<int> full, empty;
        CHECK(cancelled_in([=] { return full.send(1); }, before) == expected);
        CHECK(cancelled_in([=] { return empty.receive(); }, before) == expected);
        CHECK(cancelled_in([] { return heddle::sleep(1h); }, before) == expected);
        CHECK(cancelled_in(
                  [=] {
                      return heddle::select(empty.receive(std::ignore),
                                            heddle::after(1h));
                  },
                  before) == expected);
        auto sleeps = []() -> task<> { co_await heddle::sleep(1h); };
        CHECK(cancelled_in([=] { return sleeps(); }, before) == expected);
        CHECK(cancelled_in([=] { return heddle::with_timeout(2h, sleeps()); },
                           before) == expected);
        CHECK(cancelled_in([=] { return heddle::timeout(2h, sleeps()); }, before) ==
              expected);
        heddle::semaphore none(0);
        CHECK(cancelled_in([&] { return none.acquire(); }, before) == expected);
        auto ticks = []() -> task<> {
            asio::steady_timer timer(heddle::this_task::executor(), 1h);
            auto end = co_await settle(timer.async_wait(use_task));
            MESSAGE("not reached: " << how(end));
        };
        CHECK(cancelled_in(ticks, before) == expected);
        int none_sent = 0;
        CHECK(full.try_receive(none_sent) == heddle::try_status::would_block);
    }
}

TEST_CASE("another error than `cancelled` is a failure under a closed token, too") {
    auto fails = []() -> task<> {
        try {
            co_await heddle::sleep(1h);
        } catch (const heddle::cancelled&) {
        }
        throw std::runtime_error("broken");
    };
    CHECK(cancelled_in(fails, false) == "broken | failed with an exception");
}

TEST_CASE("the `cancelled` of another task, or of a scope inside, is a failure") {
    auto sleeps = []() -> task<> { co_await heddle::sleep(1h); };
    auto main = [sleeps]() -> task<> {
        auto other = go(sleeps);
        other.cancel(test::cause("other"));
        auto joined = co_await settle(other);
        CHECK(how(joined) == "cancelled: other | " + aborted);
        heddle::done_source source;
        source.close(test::cause("scope"));
        auto scope = co_await settle(heddle::with_done(source.token(), sleeps()));
        CHECK(how(scope) == "cancelled: scope | " + aborted);
    };
    run_virtual(main());
}

TEST_CASE("a limit of its own is timed_out, an outer one is cancelled") {
    auto sleeps = []() -> task<> { co_await heddle::sleep(1h); };
    auto main = [sleeps]() -> task<> {
        auto own = co_await settle(heddle::with_timeout(1s, sleeps()));
        CHECK(how(own) == "timed out | " + message(asio::error::timed_out));
        auto none = co_await settle(heddle::timeout(1s, sleeps()));
        CHECK(none);
        CHECK_FALSE(*none);
        auto inside = [sleeps]() -> task<settled<>> {
            co_return co_await settle(heddle::with_timeout(1h, sleeps()));
        };
        auto outer = co_await heddle::timeout(1s, inside());
        CHECK_FALSE(outer);  // the limit around it has seen that
    };
    run_virtual(main());
}

TEST_CASE(
    "an error of an Asio operation is its code; the exception is made when asked") {
    // Each end of file is read once: Asio's next read would wait for another event.
    auto at_end = [](tcp::acceptor& acceptor) -> task<tcp::socket> {
        tcp::socket client(acceptor.get_executor());
        auto connected =
            co_await settle(client.async_connect(acceptor.local_endpoint(), use_task));
        CHECK(how(connected) == "ok");
        auto server = co_await settle(acceptor.async_accept(use_task));
        REQUIRE(server);
        char text[] = "hello";
        auto written = co_await settle(
            asio::async_write(*server, asio::buffer(text, 5), use_task));
        CHECK(*written == 5);
        server->close();
        std::array<char, 16> data;
        auto got =
            co_await settle(client.async_read_some(asio::buffer(data), use_task));
        CHECK(*got == 5);
        co_return client;
    };
    auto main = [at_end]() -> task<> {
        auto ex = heddle::this_task::executor();
        tcp::acceptor acceptor(ex, {asio::ip::address_v4::loopback(), 0});
        std::array<char, 16> data;
        auto buffer = asio::buffer(data);
        tcp::socket first = co_await at_end(acceptor);
        auto end = co_await settle(first.async_read_some(buffer, use_task));
        CHECK(end.code() == asio::error::eof);
        CHECK_THROWS_AS(end.value(), heddle::system_error);
        // Asio's own deferred operation, and a tuple, which reports no failure.
        tcp::socket second = co_await at_end(acceptor);
        auto deferred =
            co_await settle(second.async_read_some(buffer, heddle::deferred));
        CHECK(deferred.code() == asio::error::eof);
        tcp::socket third = co_await at_end(acceptor);
        auto tuple = co_await settle(third.async_read_some(buffer, as_tuple(use_task)));
        CHECK(std::get<0>(*tuple) == asio::error::eof);
    };
    heddle::run(main());
}

TEST_CASE("an exception of the destination of a value is a failure, too") {
    struct bomb {
        bomb() = default;
        explicit bomb(int) {}
        bomb(bomb&&) noexcept = default;
        bomb& operator=(bomb&&) { throw std::runtime_error("assigned"); }
    };
    auto main = []() -> task<> {
        channel<bomb> c(1);
        co_await c.emplace(1);
        bomb to;
        auto got = co_await settle(c.receive(to));
        CHECK(how(got) == "assigned | failed with an exception");
    };
    run_virtual(main());
}

TEST_CASE("code() tells the kinds of exceptions apart") {
    auto thrown = [](auto e) { return settled<>(std::make_exception_ptr(e)).code(); };
    CHECK(thrown(heddle::system_error(asio::error::eof)) == asio::error::eof);
    CHECK(thrown(heddle::system_error(heddle::error_code())) == heddle::errc::failed);
    CHECK(thrown(heddle::channel_closed("x")) == heddle::errc::closed);
    CHECK(thrown(heddle::cancelled(nullptr)) == asio::error::operation_aborted);
    CHECK(thrown(heddle::timed_out(1s)) == asio::error::timed_out);
    CHECK(thrown(7) == heddle::errc::failed);
    CHECK(message(heddle::errc::failed) == "failed with an exception");
}

TEST_CASE("a task that is destroyed while it settles a call destroys that") {
    test::trace log;
    struct noted {
        explicit noted(test::trace& t) : to(&t) {}
        ~noted() { (*to)("gone"); }
        test::trace* to;
    };
    {
        world w;
        auto inner = [](test::trace& to) -> task<> {
            noted here(to);
            co_await heddle::sleep(1h);
        };
        auto outer = [inner](test::trace& to) -> task<> {
            auto end = co_await settle(heddle::with_timeout(2h, inner(to)));
            to("not reached " + how(end));
        };
        w.go(outer, std::ref(log));
        w.settle();
        CHECK(log.take().empty());
    }
    CHECK(log.take() == test::lines{"gone"});
}

#ifdef HEDDLE_HAS_EXPECTED

TEST_CASE("a settled converts to std::expected") {
    auto main = []() -> task<> {
        std::expected<int, std::exception_ptr> good = co_await settle(give(3));
        CHECK(good.value() == 3);
        std::expected<int, std::exception_ptr> bad = co_await settle(fail("no"));
        REQUIRE_FALSE(bad);
        CHECK(why(bad.error()) == "no");
        std::expected<void, std::exception_ptr> none =
            co_await settle(heddle::sleep(1ms));
        CHECK(none.has_value());
    };
    run_virtual(main());
}

#endif

TEST_SUITE_END();
