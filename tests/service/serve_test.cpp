// SPDX-License-Identifier: BSL-1.0
// The promises of serve and signals. First the test decides each step of an acceptor;
// then there are real sockets on the loopback interface.
#include "support/ending.hpp"
#include "support/operations.hpp"
#include "support/world.hpp"

#include <asio/ip/tcp.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace std::chrono_literals;

namespace {

using asio::ip::tcp;
using heddle::serve_options;
using heddle::task;
using heddle::use_task;
using test::lines;

/// A connection is a number. It counts the connections that are open.
class visitor {
public:
    explicit visitor(int n = 0) : n_(n) { open() += n > 0; }
    visitor(visitor&& o) noexcept : n_(std::exchange(o.n_, 0)) {}
    visitor& operator=(visitor&&) = delete;
    ~visitor() { open() -= n_ > 0; }

    int value() const { return n_; }

    static int& open() {
        static int n = 0;
        return n;
    }

private:
    int n_;
};

/// The source of the connections that a fake acceptor accepts.
struct line {
    line() {
        accepts.on_cancel = [this] { fail(asio::error::operation_aborted); };
    }
    void connect(int number) { accepts.complete({}, visitor(number)); }
    void fail(heddle::error_code error) { accepts.complete(error, visitor()); }
    void fail(int error) {
        fail(heddle::error_code(error, asio::error::get_system_category()));
    }

    test::held<void(heddle::error_code, visitor)> accepts;
    bool closed = false;
};

struct fake_acceptor {
    template <class Token>
    auto async_accept(Token&& token) {
        return from->accepts.start(std::forward<Token>(token));
    }
    void close(heddle::error_code&) { from->closed = true; }

    line* from;
};

/// A server of fake connections. A session logs its number and waits at the gate; an
/// even one needs another second after it was cancelled.
struct site : test::world {
    template <class F>
    void start(F session, serve_options options = {}) {
        server = go(
            heddle::serve(fake_acceptor{&connections}, stop.token(), session, options));
        go([this]() -> task<> {
            auto end = co_await test::ending(server);
            trace("serve: " + end);
        });
        settle();
    }
    void start(serve_options options = {}) {
        start([this](visitor p) { return wait_at_gate(std::move(p)); }, options);
    }
    void connect(int number) {
        connections.connect(number);
        settle();
    }

    task<> wait_at_gate(visitor p) {
        auto name = std::to_string(p.value());
        trace(name + " begins");
        try {
            co_await gate.receive();
            trace(name + " ends");
            co_return;
        } catch (const heddle::cancelled& c) {
            trace(name + " is cancelled: " + test::why(c.cause()));
        }
        if (p.value() % 2 == 0) {
            co_await heddle::shield(clean_up());
            trace(name + " has cleaned up");
        }
    }
    task<> clean_up() { co_await cleaned.receive(); }

    line connections;
    heddle::done_source stop;
    heddle::channel<> gate, cleaned;
    test::trace trace;
    heddle::join_handle<> server;
};

/// When it is cancelled, it rethrows an exception that the wait of another task threw.
task<> waits_for_one_like_it() {
    auto other = heddle::go([]() -> task<> { co_await heddle::sleep(1h); });
    co_await heddle::shield([](auto& h) -> task<> { co_await h; }(other));
}

/// Records the failures that on_error was called with.
std::vector<std::string> told;
void tell(std::exception_ptr e) { told.push_back(test::why(e)); }

lines sorted(lines all) {
    std::sort(all.begin(), all.end());
    return all;
}

std::exception_ptr error_of(const char* call, int error) {
    return std::make_exception_ptr(heddle::system_error(
        heddle::error_code(error, asio::error::get_system_category()), call));
}

std::string accept_error(int error) { return test::why(error_of("accept", error)); }

}  // namespace

TEST_SUITE_BEGIN("serve");

TEST_CASE("each connection gets a session, which is a task of its own") {
    site s;
    s.start();
    s.connect(1);
    s.connect(3);
    CHECK(s.trace.take() == lines{"1 begins", "3 begins"});
    CHECK(s.live() == 4);  // serve, the task that waits for it, and two sessions
    CHECK(visitor::open() == 2);
    s.gate.close();
    s.settle();
    CHECK(s.trace.take() == lines{"1 ends", "3 ends"});
    CHECK(visitor::open() == 0);
    CHECK(s.connections.accepts.waiting());
    s.stop.close();
    s.settle();
    CHECK(s.trace.take() == lines{"serve: ok"});
    CHECK(s.live() == 0);
}

TEST_CASE("the session function is copied for each connection, with its captures") {
    site s;
    auto captured = std::make_shared<int>(0);
    s.start([captured, gate = s.gate](visitor) -> task<> {
        ++*captured;
        co_await gate.receive();
    });
    s.connect(1);
    s.connect(2);
    CHECK(*captured == 2);
    CHECK(captured.use_count() == 1 + 1 + 2);
    s.gate.close();
    s.settle();
    CHECK(captured.use_count() == 1 + 1);
    s.stop.close();
    s.settle();
    CHECK(captured.use_count() == 1);
}

TEST_CASE("serve does not accept while as many sessions run as the limit allows") {
    site s;
    s.start({.sessions = 2});
    CHECK(s.connections.accepts.started() == 1);
    s.connect(1);
    CHECK(s.connections.accepts.started() == 2);
    s.connect(3);
    CHECK(s.connections.accepts.started() == 2);
    CHECK(!s.connections.accepts.waiting());
    s.go([](heddle::sender<> gate) -> task<> { co_await gate.send(); }, s.gate);
    s.settle();
    CHECK(s.connections.accepts.started() == 3);
    CHECK(visitor::open() == 1);
    s.connect(5);
    CHECK(s.connections.accepts.started() == 3);
    CHECK(s.trace.take() == lines{"1 begins", "3 begins", "1 ends", "5 begins"});
    s.gate.close();
    s.stop.close();
    s.settle();
    CHECK(s.trace.take() == lines{"3 ends", "5 ends", "serve: ok"});
}

TEST_CASE(
    "a slot is free again when the session's frame, with its socket, is destroyed") {
    site s;
    struct watch {
        ~watch() { accepted_before = from->accepts.started(); }
        line* from;
        int& accepted_before;
    };
    int accepted = 0;
    s.start(
        [&](visitor) -> task<> {
            watch w{&s.connections, accepted};
            co_await s.gate.receive();
        },
        {.sessions = 1});
    s.connect(1);
    s.gate.close();
    s.settle();
    CHECK(accepted == 1);
    CHECK(s.connections.accepts.started() == 2);
    s.stop.close();
    s.settle();
}

TEST_CASE("when stop closes, serve closes the acceptor, and sessions may end") {
    site s;
    s.start();
    s.connect(1);
    s.connect(2);
    s.stop.close();
    s.settle();
    CHECK(s.connections.closed);
    CHECK(!s.connections.accepts.waiting());
    CHECK(s.trace.take() == lines{"1 begins", "2 begins"});
    s.gate.close();
    s.settle();
    CHECK(s.trace.take() == lines{"1 ends", "2 ends", "serve: ok"});
    CHECK(s.live() == 0);
}

TEST_CASE("stop ends serve while it is full, and before it has begun") {
    site full, early;
    full.start({.sessions = 1});
    full.connect(1);
    full.stop.close();
    full.settle();
    CHECK(full.connections.closed);
    full.gate.close();
    full.settle();
    CHECK(full.trace.take() == lines{"1 begins", "1 ends", "serve: ok"});

    early.stop.close();
    early.start();
    CHECK(early.connections.closed);
    CHECK(early.trace.take() == lines{"serve: ok"});
}

TEST_CASE("a connection that arrives after stop has closed gets no session") {
    site s;
    s.start();
    s.connections.connect(1);
    s.stop.close();
    s.settle();
    CHECK(s.trace.take() == lines{"serve: ok"});
    CHECK(visitor::open() == 0);
}

TEST_CASE(
    "when the grace period is over, serve cancels the sessions and waits for them") {
    auto seen = test::run_virtual([]() -> task<lines> {
        test::trace trace;
        line connections;
        heddle::done_source stop;
        auto log = [&](const std::string& what) {
            trace(what + " at " +
                  std::to_string(heddle::now().time_since_epoch() / 1s));
        };
        auto session = [&](visitor p) -> task<> {
            auto name = std::to_string(p.value());
            try {
                co_await heddle::sleep(p.value() * 1s);
                log(name + " ends");
            } catch (const heddle::cancelled& c) {
                log(name + " is cancelled: " + test::why(c.cause()));
            }
            co_await heddle::shield([]() -> task<> { co_await heddle::sleep(4s); }());
        };
        auto server =
            heddle::go(heddle::serve(fake_acceptor{&connections}, stop.token(), session,
                                     {.sessions = 10, .grace = 5s}));
        for (int seconds : {7, 2}) {
            co_await heddle::yield();
            co_await heddle::yield();
            connections.connect(seconds);
        }
        co_await heddle::sleep(1s);
        stop.close(test::cause("enough"));
        co_await server;
        log("serve ends");
        co_return trace.take();
    }());
    CHECK(seen ==
          lines{"2 ends at 2", "7 is cancelled: enough at 6", "serve ends at 10"});
}

TEST_CASE("a serve that is cancelled cancels the sessions at once, waits for them, and "
          "throws") {
    site s;
    s.start({.sessions = 10, .grace = 1h});
    s.connect(1);
    s.connect(2);
    s.trace.take();
    s.server.cancel(test::cause("away"));
    s.settle();
    CHECK(s.connections.closed);
    CHECK(sorted(s.trace.take()) ==
          lines{"1 is cancelled: away", "2 is cancelled: away"});
    s.cleaned.close();
    s.settle();
    CHECK(s.trace.take() == lines{"2 has cleaned up", "serve: cancelled: away"});
    CHECK(s.live() == 0);
}

TEST_CASE("a grace period may have any unit, and be longer than the clock counts") {
    using unsigned_ns = std::chrono::duration<std::uint64_t, std::nano>;
    static_assert(heddle::serve_options{.grace = 1.5s}.grace == 1500ms);
    static_assert(heddle::serve_options{.grace = unsigned_ns(~0ull)}.grace ==
                  heddle::duration::max());
    static_assert(heddle::serve_options{.grace = std::chrono::hours::max()}.grace ==
                  heddle::duration::max());
    const auto nan = std::numeric_limits<double>::quiet_NaN();
    auto grace_of = [](auto d) { return heddle::serve_options{.grace = d}.grace; };
    CHECK_THROWS_AS(grace_of(std::chrono::duration<double>(nan)),
                    std::invalid_argument);
}

TEST_CASE("a serve that is cancelled in or after its grace period cancels the sessions "
          "at once, too") {
    for (auto grace : {heddle::duration(1h), heddle::duration(0)}) {
        site s;
        s.start({.sessions = 10, .grace = grace});
        s.connect(2);
        s.stop.close(test::cause("enough"));
        s.settle();
        CHECK(s.trace.take().size() == (grace == 0s ? 2 : 1));
        s.server.cancel(test::cause("away"));
        s.settle();
        s.trace.take();
        s.cleaned.close();
        s.settle();
        CHECK(s.trace.take() == lines{"2 has cleaned up", "serve: cancelled: away"});
    }
}

TEST_CASE("serve ignores an error of a single connection") {
    site s;
    told.clear();
    s.start({.on_error = tell});
    std::vector errors{ECONNABORTED, EPROTO,      ENETDOWN, ENOPROTOOPT, EHOSTDOWN,
                       EHOSTUNREACH, ENETUNREACH, EPERM,    EINTR,       EAGAIN};
#ifdef ENONET
    errors.push_back(ENONET);
#endif
    for (int error : errors) {
        CAPTURE(error);
        s.connections.fail(error);
        s.settle();  // no time passes
        CHECK(s.connections.accepts.waiting());
    }
    s.connect(1);
    CHECK(s.trace.take() == lines{"1 begins"});
    CHECK(told.empty());
    s.gate.close();
    s.stop.close();
    s.settle();
}

TEST_CASE("when descriptors or memory have run out, serve tries again in 100 ms") {
    auto milliseconds = test::run_virtual([]() -> task<std::vector<long long>> {
        line connections;
        std::vector<long long> started;
        connections.accepts.on_start = [&] {
            started.push_back(heddle::now().time_since_epoch() / 1ms);
        };
        told.clear();
        heddle::done_source stop;
        heddle::serve_metrics counts;
        auto session = [](visitor) -> task<> { co_return; };
        auto server = heddle::go(
            heddle::serve(fake_acceptor{&connections}, stop.token(), session,
                          serve_options{.metrics = &counts, .on_error = tell}));
        for (int error : {EMFILE, ENFILE, ENOBUFS, ENOMEM, EMFILE}) {
            co_await heddle::sleep(150ms);
            connections.fail(error);
        }
        co_await heddle::yield();  // it is stopped in this pause
        stop.close();
        co_await server;
        CHECK(counts.read().failed == 5);
        started.push_back(heddle::now().time_since_epoch() / 1ms);
        co_return started;
    }());
    CHECK(milliseconds == std::vector<long long>{0, 250, 400, 550, 700, 750});
    CHECK(told.size() == 5);
    CHECK(told.front() == accept_error(EMFILE));
}

TEST_CASE(
    "any other error ends serve, after the sessions have been cancelled and joined") {
    site s;
    told.clear();
    s.start({.on_error = tell});
    s.connect(2);
    s.connections.fail(EINVAL);
    s.settle();
    auto invalid = accept_error(EINVAL);
    CHECK(s.connections.closed);
    CHECK(s.trace.take() == lines{"2 begins", "2 is cancelled: " + invalid});
    s.cleaned.close();
    s.settle();
    CHECK(s.trace.take() == lines{"2 has cleaned up", "serve: " + invalid});
    CHECK(told.empty());
    CHECK(s.live() == 0);
}

TEST_CASE("an exception of a session goes to on_error, and the server goes on") {
    site s;
    told.clear();
    s.start(
        [&](visitor p) -> task<> {
            if (p.value() == 1)
                throw std::runtime_error("one");
            if (p.value() == 2)  // a cancellation that is not its own
                throw heddle::cancelled(test::cause("of another"));
            if (p.value() == 3)
                co_await waits_for_one_like_it();
            co_await s.gate.receive();
        },
        {.on_error = tell});
    for (int number : {1, 2, 4})
        s.connect(number);
    CHECK(told == lines{"one", "cancelled: of another"});
    s.connect(3);
    CHECK(visitor::open() == 2);
    s.server.cancel();
    s.settle();
    CHECK(told.size() == 2);  // 3 and 4 were cancelled, which is a normal end
    CHECK(s.trace.take() == lines{"serve: cancelled: closed"});
}

TEST_CASE("a session that ends by timeout is no error; a timed_out that leaves it is") {
    told.clear();
    test::run_virtual([]() -> task<> {
        line connections;
        heddle::done_source stop;
        auto session = [](visitor v) -> task<> {
            auto wait = []() -> task<> { co_await heddle::sleep(1h); };
            if (v.value() == 1)
                co_await heddle::timeout(1s, wait());
            else
                co_await heddle::with_timeout(1s, wait());
        };
        auto server = heddle::go(heddle::serve(
            fake_acceptor{&connections}, stop.token(), session, {.on_error = tell}));
        co_await heddle::yield();
        connections.connect(1);
        co_await heddle::sleep(2s);
        CHECK(visitor::open() == 0);
        CHECK(told.empty());
        connections.connect(2);
        co_await heddle::sleep(2s);
        stop.close();
        co_await server;
    }());
    CHECK(told == lines{"timed out"});
}

TEST_CASE(
    "an error out of a session function that is no coroutine is not taken for one of "
    "accept") {
    site s;
    s.start(+[](visitor) -> task<> {
        std::rethrow_exception(error_of("session", ECONNABORTED));
    });
    s.connect(1);
    CHECK(s.connections.closed);
    CHECK(s.trace.take() ==
          lines{"serve: " + test::why(error_of("session", ECONNABORTED))});
}

TEST_CASE("without on_error, an exception of a session is a detached task's") {
    site s;
    s.start([](visitor) -> task<> {
        throw std::runtime_error("escaped");
        co_return;
    });
    s.connections.connect(1);
    CHECK_THROWS_WITH_AS(s.settle(), "escaped", std::runtime_error);
    s.settle();
    CHECK(s.connections.accepts.waiting());
    s.stop.close();
    s.settle();
    CHECK(s.trace.take() == lines{"serve: ok"});
}

TEST_CASE(
    "a session that takes two arguments gets the token of the stop, which does not "
    "cancel it") {
    site w;
    auto session = [&w](visitor v, heddle::done_token stop) -> task<> {
        CHECK_FALSE(stop == heddle::this_task::done());
        co_await stop;
        w.trace("told " + std::to_string(v.value()));
        co_await heddle::sleep(1ms);  // is not cancelled
        w.trace("ends " + std::to_string(v.value()));
    };
    w.start(session);
    w.connect(1);
    w.stop.close();
    w.settle();
    CHECK(w.trace.take() == lines{"told 1"});
    while (w.live() != 0) {
        w.ctx.restart();
        w.ctx.run_one();
    }
    CHECK(w.trace.take() == lines{"ends 1", "serve: ok"});
}

namespace {

int times_full = 0;

/// Lets one session end.
void open_one(site& w) {
    w.go([](heddle::sender<> gate) -> task<> { co_await gate.send(); }, w.gate);
    w.settle();
}

}  // namespace

TEST_CASE("a server says each time that it has become full, and counts what it does") {
    site w;
    times_full = 0;
    heddle::serve_metrics counts;
    serve_options options{
        .sessions = 2, .on_full = [] { ++times_full; }, .metrics = &counts};
    w.start(options);
    w.connect(1);
    CHECK(times_full == 0);
    CHECK(counts.read().running == 1);
    w.connect(3);
    CHECK(times_full == 1);  // no connection waits yet, but none would be accepted
    CHECK(counts.read().running == 2);
    CHECK_FALSE(w.connections.accepts.waiting());
    open_one(w);  // one session ends
    w.settle();
    CHECK(w.connections.accepts.waiting());
    CHECK(times_full == 1);
    w.connect(5);
    CHECK(times_full == 2);
    CHECK(counts.read().full == 2);
    CHECK(counts.read().sessions == 3);
    CHECK(counts.read().refused == 0);
    w.stop.close();
    open_one(w);
    open_one(w);
    w.settle();
    CHECK(counts.read().running == 0);
}

TEST_CASE(
    "a full server refuses if it is to, and serves again when a session has ended") {
    site w;
    times_full = 0;
    heddle::serve_metrics counts;
    serve_options options{.sessions = 1,
                          .full = heddle::when_full::refuse,
                          .on_full = [] { ++times_full; },
                          .metrics = &counts};
    w.start(options);
    w.connect(1);
    w.connect(3);
    w.connect(5);
    CHECK(visitor::open() == 1);  // the others are closed
    CHECK(counts.read().refused == 2);
    CHECK(times_full == 1);
    open_one(w);
    w.settle();
    CHECK(visitor::open() == 0);
    w.connect(7);
    CHECK(visitor::open() == 1);
    CHECK(counts.read().sessions == 2);
    CHECK(counts.read().refused == 2);
    CHECK(times_full == 2);
    w.stop.close();
    open_one(w);
    w.settle();
    CHECK(w.live() == 0);
}

TEST_CASE("one address has no more sessions than it may have") {
    heddle::serve_metrics counts;
    auto main = [&counts]() -> task<> {
        auto ex = heddle::this_task::executor();
        tcp::acceptor acceptor(ex, {asio::ip::address_v6::any(), 0});
        auto port = acceptor.local_endpoint().port();
        heddle::done_source stop;
        auto session = [](tcp::socket s) -> task<> {
            char byte;
            (void)co_await heddle::settle(
                s.async_read_some(asio::buffer(&byte, 1), use_task));
        };
        auto server = heddle::go(
            heddle::serve(std::move(acceptor), stop.token(), session,
                          serve_options{.sessions_per_peer = 2, .metrics = &counts}));
        auto connect = [ex, port](const char* from) -> task<tcp::socket> {
            tcp::socket s(ex, {asio::ip::make_address(from), 0});
            co_await s.async_connect({asio::ip::make_address("127.0.0.1"), port},
                                     use_task);
            co_return s;
        };
        auto refused = [](tcp::socket& s) -> task<bool> {
            char byte;
            auto end = s.async_read_some(asio::buffer(&byte, 1), use_task);
            auto in_time = co_await heddle::timeout(100ms, [](auto op) -> task<> {
                (void)co_await heddle::settle(std::move(op));
            }(std::move(end)));
            co_return in_time;
        };
        tcp::socket a = co_await connect("127.0.0.1");
        tcp::socket b = co_await connect("127.0.0.1");
        tcp::socket c = co_await connect("127.0.0.1");
        tcp::socket d = co_await connect("127.0.0.2");
        bool third = co_await refused(c);
        CHECK(third);
        bool other = co_await refused(d);
        CHECK_FALSE(other);
        CHECK(counts.read().refused_peers == 1);
        CHECK(counts.read().running == 3);
        a.close();  // its place is free once the session has seen that
        while (counts.read().running != 2)
            co_await heddle::sleep(1ms);
        tcp::socket e = co_await connect("127.0.0.1");
        bool again = co_await refused(e);
        CHECK_FALSE(again);
        stop.close();
        for (tcp::socket* each : {&b, &d, &e})
            each->close();
        co_await server;
        CHECK(counts.read().running == 0);
    };
    heddle::run(main());
}

TEST_CASE("a limit that allows no session of a peer is refused") {
    site w;
    w.start({.sessions_per_peer = 0});
    w.settle();
    CHECK(
        w.trace.take() ==
        lines{
            "serve: heddle: serve: serve_options::sessions_per_peer is 0: it must let "
            "1 session or more run"});
}

TEST_CASE("a limit that allows no session is refused") {
    site s;
    s.start({.sessions = 0});
    CHECK(s.trace.take() == lines{"serve: heddle: serve: serve_options::sessions is 0: "
                                  "it must let 1 session or more run"});
    CHECK(s.connections.accepts.started() == 0);
}

TEST_CASE("a context that is destroyed destroys the server and its sessions") {
    {
        site s;
        s.start();
        s.connect(1);
        s.connect(2);
        CHECK(visitor::open() == 2);
    }
    CHECK(visitor::open() == 0);
}

TEST_SUITE_END();

namespace {

/// Clients and a server on real sockets, which run until all have ended.
struct network {
    tcp::acceptor listen(std::uint16_t port = 0) {
        tcp::acceptor a(ctx, {asio::ip::address_v4::loopback(), port});
        endpoint = a.local_endpoint();
        return a;
    }
    template <class F>
    auto start(F session, serve_options options = {}) {
        return heddle::go(ctx, heddle::serve(listen(endpoint.port()), stop.token(),
                                             session, options));
    }
    tcp::socket connect() {
        tcp::socket s(ctx);
        s.connect(endpoint);
        return s;
    }
    /// Runs `f` and everything else to its end.
    template <class F>
    void finish(F f) {
        heddle::go(ctx, f);
        ctx.restart();
        ctx.run();
        CHECK(heddle::live_tasks(ctx) == 0);
    }

    asio::io_context ctx{1};
    heddle::done_source stop;
    tcp::endpoint endpoint;
};

task<> echo(tcp::socket peer) {
    std::array<char, 64> data;
    try {
        for (;;) {
            auto n = co_await peer.async_read_some(asio::buffer(data), use_task);
            co_await asio::async_write(peer, asio::buffer(data, n), use_task);
        }
    } catch (const heddle::system_error&) {
    }
}

template <class Socket>
task<char> ask(Socket& s, char question) {
    char c = question;
    co_await asio::async_write(s, asio::buffer(&c, 1), use_task);
    co_await asio::async_read(s, asio::buffer(&c, 1), use_task);
    co_return c;
}

/// Returns "closed" for an end of file or a reset.
task<std::string> last_words(tcp::socket& s) {
    char c = 0;
    try {
        co_await asio::async_read(s, asio::buffer(&c, 1), use_task);
    } catch (const heddle::system_error&) {
        co_return "closed";
    }
    co_return std::string(1, c);
}

}  // namespace

TEST_SUITE_BEGIN("serve.sockets");

TEST_CASE("serve handles real sockets, as many at once as the limit allows, and all in "
          "the end") {
    network net;
    int now = 0, most = 0;
    auto server = net.start(
        [&](tcp::socket peer) -> task<> {
            most = std::max(most, ++now);
            co_await echo(std::move(peer));
            --now;
        },
        {.sessions = 2});
    net.finish([&]() -> task<> {
        std::vector<tcp::socket> clients;
        for (int i = 0; i < 10; ++i)
            // The backlog holds the clients that must wait.
            clients.push_back(net.connect());
        heddle::group asking;
        int answers = 0;
        for (auto& client : clients)
            asking.go([&]() -> task<> {
                answers += co_await ask(client, 'x') == 'x';
                client.close();
            });
        co_await asking.wait();
        CHECK(answers == 10);
        net.stop.close();
        co_await server;
    });
    CHECK(most == 2);
}

TEST_CASE("serve takes acceptors of any protocol") {
    asio::io_context ctx{1};
    heddle::done_source stop;
    using stream = asio::local::stream_protocol;
    auto path = std::filesystem::temp_directory_path() /
                ("heddle_serve_test." + std::to_string(::getpid()));
    std::filesystem::remove(path);
    auto server = heddle::go(
        ctx, heddle::serve(
                 stream::acceptor(ctx, stream::endpoint(path)), stop.token(),
                 [](stream::socket peer) -> task<> {
                     char c;
                     co_await asio::async_read(peer, asio::buffer(&c, 1), use_task);
                     ++c;
                     co_await asio::async_write(peer, asio::buffer(&c, 1), use_task);
                 }));
    char answer = 0;
    heddle::go(ctx, [&]() -> task<> {
        stream::socket s(ctx);
        s.connect(stream::endpoint(path));
        answer = co_await ask(s, 'a');
        stop.close();
    });
    ctx.run();
    CHECK(answer == 'b');
    CHECK(heddle::live_tasks(ctx) == 0);
    std::filesystem::remove(path);
}

TEST_CASE("after stop no client is accepted, and sessions may finish until the grace "
          "period is over") {
    network net;
    auto server = net.start(echo, {.grace = 50ms});
    net.finish([&]() -> task<> {
        auto client = net.connect();
        CHECK(co_await ask(client, 'a') == 'a');
        net.stop.close();
        for (int i = 0; i < 3; ++i)
            co_await heddle::yield();
        tcp::socket late(net.ctx);
        heddle::error_code refused;
        late.connect(net.endpoint, refused);
        CHECK(refused == asio::error::connection_refused);
        CHECK(co_await ask(client, 'b') == 'b');
        auto began = heddle::now();
        CHECK(co_await last_words(client) == "closed");
        CHECK(heddle::now() - began < 10s);  // the default grace period is 10 s
        co_await server;
    });
}

TEST_CASE("a serve that is cancelled closes the sockets of its sessions and of clients "
          "in the backlog") {
    network net;
    auto server = net.start(echo, {.sessions = 1, .grace = 1h});
    net.finish([&]() -> task<> {
        auto first = net.connect();
        CHECK(co_await ask(first, 'a') == 'a');
        auto second = net.connect();  // in the backlog
        server.cancel();
        CHECK(co_await test::ending(server) == "cancelled: closed");
        CHECK(co_await last_words(first) == "closed");
        CHECK(co_await last_words(second) == "closed");
    });
}

TEST_CASE(
    "the next server can use the same port at once, although sessions were cut off") {
    network net;
    for (int round = 0; round < 3; ++round) {
        net.stop = {};
        auto server = net.start(echo, {.grace = 0s});
        auto port = net.endpoint.port();
        net.finish([&]() -> task<> {
            auto client = net.connect();
            CHECK(co_await ask(client, 'a') == 'a');
            net.stop.close();
            co_await server;
            CHECK(co_await last_words(client) == "closed");
        });
        CHECK(net.endpoint.port() == port);
    }
}

TEST_CASE("an error of the listening socket ends serve") {
    network net;
    auto acceptor = net.listen();
    int listening = acceptor.native_handle();
    auto server =
        heddle::go(net.ctx, heddle::serve(std::move(acceptor), net.stop.token(), echo));
    net.finish([&]() -> task<> {
        auto client = net.connect();
        CHECK(co_await ask(client, 'a') == 'a');
        ::shutdown(listening, SHUT_RDWR);
        CHECK(co_await test::ending(server) == accept_error(EINVAL));
        CHECK(co_await last_words(client) == "closed");
    });
}

/// UBSan reads a vptr through a pipe, and reports it as invalid if no descriptor is
/// left. This symbol exists in programs with that check.
extern "C" [[gnu::weak]] void __ubsan_handle_dynamic_type_cache_miss_abort();

TEST_CASE("when descriptors have run out, serve waits without spinning" *
          doctest::skip(&__ubsan_handle_dynamic_type_cache_miss_abort != nullptr)) {
    network net;
    struct limit {
        limit() { ::getrlimit(RLIMIT_NOFILE, &before); }
        ~limit() { restore(); }
        void to(int n) const {
            rlimit l = before;
            l.rlim_cur = static_cast<rlim_t>(n);
            ::setrlimit(RLIMIT_NOFILE, &l);
        }
        void restore() const { ::setrlimit(RLIMIT_NOFILE, &before); }
        rlimit before{};
    };
    static limit descriptors;
    static int errors;
    errors = 0;
    auto server = net.start(echo, {.on_error = [](std::exception_ptr e) {
                                CHECK(test::why(e) == accept_error(EMFILE));
                                if (++errors == 3)
                                    descriptors.restore();
                            }});
    net.finish([&]() -> task<> {
        auto a = net.connect(), b = net.connect();
        int next = ::dup(0);
        ::close(next);
        descriptors.to(next);
        auto began = heddle::now();
        CHECK(co_await ask(a, 'a') == 'a');
        CHECK(co_await ask(b, 'b') == 'b');
        CHECK(heddle::now() - began >= 300ms);
        CHECK(errors == 3);
        a.close();
        b.close();
        net.stop.close();
        co_await server;
    });
}

TEST_SUITE_END();

namespace {

bool by_default(int number) {
    struct sigaction now{};
    ::sigaction(number, nullptr, &now);
    return now.sa_handler == SIG_DFL;
}

std::string what_of(const heddle::done_token& token) {
    try {
        std::rethrow_exception(token.cause());
    } catch (const heddle::signal_received& s) {
        return "signal " + std::to_string(s.number());
    } catch (const heddle::done_closed&) {
        return "closed";
    }
}

}  // namespace

TEST_SUITE_BEGIN("signals");

TEST_CASE("a signal closes the token, and its number is in the cause") {
    asio::io_context ctx{1};
    for (int number : {SIGUSR1, SIGUSR2}) {
        heddle::signals stop(ctx, {SIGUSR1, SIGUSR2});
        ctx.restart();
        ctx.poll();
        CHECK(!stop.token().closed());
        CHECK(!ctx.stopped());  // the signal set counts as work
        ::raise(number);
        ctx.run();
        CHECK(what_of(stop.token()) == "signal " + std::to_string(number));
    }
}

TEST_CASE(
    "after the first signal, SIGINT is not caught any more, and all others are; or "
    "as the option says") {
    using later = heddle::signals::later;
    asio::io_context ctx{1};
    auto after_first = [&](later then) {
        heddle::signals stop(ctx, {SIGINT, SIGUSR1}, then);
        CHECK(!by_default(SIGINT));
        CHECK(!by_default(SIGUSR1));
        ::raise(SIGUSR1);
        ctx.restart();
        ctx.run();  // returns: a signal has come
        CHECK(stop.token().closed());
        return std::pair(by_default(SIGINT), by_default(SIGUSR1));
    };
    CHECK(after_first(later::interrupt_ends) == std::pair(true, false));
    CHECK(after_first(later::caught) == std::pair(false, false));
    CHECK(after_first(later::all_end) == std::pair(true, true));
    CHECK(by_default(SIGINT));
    CHECK(by_default(SIGUSR1));
}

TEST_CASE("a signal that comes again changes nothing, and does not come to a later "
          "object") {
    asio::io_context ctx{1};
    auto work = asio::make_work_guard(ctx);
    {
        heddle::signals stop(ctx, {SIGUSR1, SIGUSR2});
        for (int number : {SIGUSR1, SIGUSR2, SIGUSR1}) {
            ::raise(number);
            ctx.poll();
            CHECK(what_of(stop.token()) == "signal " + std::to_string(SIGUSR1));
        }
    }
    heddle::signals stop(ctx, {SIGUSR1});
    ctx.poll();
    CHECK(!stop.token().closed());
}

TEST_CASE("signals in a task need no executor; waits under its token are cancelled") {
    heddle::run([]() -> task<> {
        heddle::signals stop({SIGUSR1});
        ::raise(SIGUSR1);
        co_await stop.token();
        CHECK(what_of(stop.token()) == "signal 10");
    }());
}

TEST_CASE("the destructor closes the token, and restores the signals") {
    asio::io_context ctx{1};
    heddle::done_token token;
    {
        heddle::signals stop(ctx, {SIGUSR1});
        token = stop.token();
    }
    CHECK(what_of(token) == "closed");
    CHECK(by_default(SIGUSR1));
    ctx.run();  // returns
}

TEST_CASE("signals outside a task, and numbers of no signal, are refused") {
    asio::io_context ctx{1};
    CHECK_THROWS_AS(heddle::signals({SIGUSR1}), heddle::not_in_task);
    CHECK_THROWS_AS(heddle::signals(ctx, {SIGUSR1, 1000}), heddle::system_error);
    CHECK(by_default(SIGUSR1));
}

TEST_CASE("a context may end before its signals object, or after a signal that no task "
          "handled") {
    auto ctx = std::make_unique<asio::io_context>(1);
    heddle::done_token token;
    heddle::go(*ctx, [&]() -> task<> {
        heddle::signals stop({SIGUSR1});
        token = stop.token();
        co_await stop.token();
    });
    ctx->poll();
    ::raise(SIGUSR1);
    ctx.reset();
    CHECK(token.closed());
    CHECK(by_default(SIGUSR1));
}

TEST_CASE("a server with signals takes five lines") {
    network net;
    bool asked = false;
    auto main = [&]() -> task<> {
        heddle::signals stop({SIGUSR1});
        co_await heddle::serve(net.listen(), stop.token(), echo);
    };
    auto server = heddle::go(net.ctx, main);
    net.finish([&]() -> task<> {
        co_await heddle::yield();
        auto client = net.connect();
        asked = co_await ask(client, 'a') == 'a';
        client.close();
        ::raise(SIGUSR1);
        co_await server;
    });
    CHECK(asked);
}

TEST_SUITE_END();
