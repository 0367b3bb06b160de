// SPDX-License-Identifier: BSL-1.0
// How tasks and hosts end. A task ends with its context, wherever it waits, or by
// itself, at any depth of calls. A host on a strand ends with its last task.
#include "support/operations.hpp"
#include "support/stack.hpp"
#include "support/world.hpp"

#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

using namespace std::chrono_literals;

namespace {

using test::lines;
using test::stack_watch;
using test::tracked;

/// The objects that tasks park in. These members are destroyed after the tasks of the
/// context.
struct places {
    heddle::channel<tracked> c;
    heddle::channel<tracked> full = heddle::channel<tracked>(0);
    heddle::done_source stop;
    heddle::wait_group group;
};

using wait = heddle::task<> (*)(places&, tracked);

heddle::task<> for_ever(tracked) { co_await heddle::sleep(1h); }

const std::vector<std::pair<const char*, wait>> waits{
    {"receive",
     [](places& p, tracked) -> heddle::task<> { (void)co_await p.c.receive(); }},
    {"receive into an optional",
     [](places& p, tracked) -> heddle::task<> {
         std::optional<tracked> v(std::in_place, 1);
         (void)co_await p.c.receive(v);
     }},
    {"send",
     [](places& p, tracked v) -> heddle::task<> {
         co_await p.full.send(std::move(v));
     }},
    {"emplace",
     [](places& p, tracked) -> heddle::task<> { co_await p.full.emplace(2); }},
    {"a nil channel",
     [](places&, tracked) -> heddle::task<> {
         heddle::channel<tracked> nil(nullptr);
         (void)co_await nil.receive();
     }},
    {"a channel only the task holds",
     [](places&, tracked) -> heddle::task<> {
         heddle::channel<tracked> mine;
         (void)co_await mine.receive();
     }},
    {"select",
     [](places& p, tracked v) -> heddle::task<> {
         std::optional<tracked> got;
         co_await heddle::select(p.c.receive(got), p.full.send(std::move(v)),
                                 p.full.emplace(3), heddle::after(1h), p.stop.token(),
                                 p.group.wait());
     }},
    {"select of a range",
     [](places& p, tracked) -> heddle::task<> {
         std::vector<std::optional<tracked>> got(100);
         std::vector<heddle::receive_op<tracked>> arms;
         for (auto& v : got)
             arms.push_back(p.c.receive(v));
         co_await heddle::select(arms);
     }},
    {"select of erased arms",
     [](places& p, tracked) -> heddle::task<> {
         std::optional<tracked> got;
         std::vector<heddle::arm> arms;
         arms.emplace_back(p.c.receive(got));
         arms.emplace_back(p.full.emplace(4));
         arms.emplace_back(heddle::after(1h));
         co_await heddle::select(arms);
     }},
    {"sleep", [](places&, tracked) -> heddle::task<> { co_await heddle::sleep(1h); }},
    {"join",
     [](places&, tracked) -> heddle::task<> {
         auto h = heddle::go(for_ever, tracked(5));
         co_await h;
     }},
    {"done", [](places& p, tracked) -> heddle::task<> { co_await p.stop.token(); }},
    {"wait_group",
     [](places& p, tracked) -> heddle::task<> { co_await p.group.wait(); }},
    {"a call",
     [](places&, tracked) -> heddle::task<> { co_await for_ever(tracked(6)); }},
    {"with_done",
     [](places& p, tracked) -> heddle::task<> {
         co_await heddle::with_done(p.stop.token(), for_ever(tracked(7)));
     }},
    {"with_timeout",
     [](places&, tracked) -> heddle::task<> {
         co_await heddle::with_timeout(2h, for_ever(tracked(8)));
     }},
    {"shield",
     [](places&, tracked) -> heddle::task<> {
         co_await heddle::shield(for_ever(tracked(9)));
     }},
    {"an Asio timer",
     [](places&, tracked) -> heddle::task<> {
         auto ex = heddle::this_task::executor();
         asio::steady_timer timer(ex, 1h);
         co_await timer.async_wait(heddle::use_task);
     }},
    {"an Asio accept",
     [](places&, tracked) -> heddle::task<> {
         using asio::ip::tcp;
         auto ex = heddle::this_task::executor();
         tcp::acceptor acceptor(ex, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
         co_await acceptor.async_accept(heddle::use_task);
     }},
    {"a queue, having yielded",
     [](places&, tracked) -> heddle::task<> {
         for (;;)
             co_await heddle::yield();
     }},
};

/// Calls a function when it is destroyed.
class at_end {
public:
    explicit at_end(std::function<void()> f) : f_(std::move(f)) {}
    at_end(at_end&& o) noexcept : f_(std::exchange(o.f_, nullptr)) {}
    ~at_end() {
        if (f_)
            f_();
    }

private:
    std::function<void()> f_;
};

// A transfer takes less than 1 KiB of stack in every build mode (452 bytes under ASan),
// and at most 64 follow each other; an unbounded chain would take megabytes.
constexpr std::size_t bounded = 128 * 1024;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// Frames are large in this test, so this is enough to overflow 8 MB.
constexpr int deep = 100'000;
#else
constexpr int deep = 1'000'000;
#endif

heddle::task<long> count_down(int n, stack_watch& stack) {
    stack.look();
    long below = n == 0 ? 0 : co_await count_down(n - 1, stack);
    stack.look();
    co_return below + 1;
}

}  // namespace

TEST_SUITE_BEGIN("host");

TEST_CASE("a context that is destroyed destroys a task exactly once, wherever the task "
          "is parked") {
    for (auto& [name, body] : waits) {
        CAPTURE(std::string(name));
        places p;
        p.group.add();
        int made = tracked::made();
        {
            test::world world;
            for (int i = 0; i < 3; ++i)
                world.go(body, std::ref(p), tracked(i));
            world.ctx.poll_one();
            CHECK(tracked::made() >= made + 3);
            CHECK(world.live() >= 3);
            CHECK(tracked::alive() >= 3);
        }
        CHECK(tracked::alive() == 0);
        // The tasks left nothing in the channel: no task receives there, and no value
        // is buffered.
        std::optional<tracked> none;
        CHECK(p.c.try_receive(none) == heddle::try_status::would_block);
        CHECK(p.full.try_receive(none) == heddle::try_status::would_block);
        CHECK(p.c.try_send(tracked(0)) == heddle::try_status::would_block);
        CHECK(p.stop.close());
        p.group.done();
    }
}

TEST_CASE("a context may shut its services down twice, as newer ones of Asio do") {
    struct shuts_twice : asio::io_context {
        ~shuts_twice() { shutdown(); }
    };
    {
        shuts_twice ctx;
        heddle::go(
            ctx, [](tracked) -> heddle::task<> { co_await heddle::sleep(1h); },
            tracked());
        ctx.poll();
        CHECK(tracked::alive() == 1);
    }
    CHECK(tracked::alive() == 0);
}

TEST_CASE("a context that is destroyed destroys tasks of all kinds exactly once each") {
    places p;
    p.group.add();
    {
        test::world world;
        auto strand = asio::make_strand(world.ctx);
        for (auto& [name, body] : waits) {
            world.go(body, std::ref(p), tracked(1));
            heddle::go(strand, body, std::ref(p), tracked(2));
        }
        for (int i = 0; i < 8; ++i)
            world.ctx.poll_one();  // not poll(), because some of them yield for ever
        for (auto& [name, body] : waits)  // these have not started
            world.go(body, std::ref(p), tracked(3));
        CHECK(world.live() >= 3 * waits.size());
    }
    CHECK(tracked::alive() == 0);
    p.group.done();
}

TEST_CASE("a task that was woken and has not run yet is destroyed with the value that "
          "it was given") {
    auto undelivered = heddle::detail::undelivered();
    {
        test::world world;
        heddle::channel<tracked> c;
        world.go([](heddle::receiver<tracked> in) -> heddle::task<> {
            (void)co_await in.receive();
        }(c));
        world.settle();
        CHECK(c.try_send(tracked(1)) == heddle::try_status::done);
        CHECK(tracked::alive() == 1);
    }
    CHECK(tracked::alive() == 0);
    CHECK(heddle::detail::undelivered() == undelivered + 1);
}

TEST_CASE("destructors of frames may close channels, cancel and start tasks while "
          "their context ends") {
    heddle::channel<tracked> c;
    heddle::done_source stop;
    int closed = 0;
    auto closer = [](heddle::channel<tracked> ch, heddle::done_source& s, int& n,
                     asio::io_context& ctx,
                     heddle::join_handle<>& h) -> heddle::task<> {
        at_end end([&, ch] {
            n += ch.try_close();
            s.close();
            h.cancel();
            (void)ch.try_send(tracked(1));
            heddle::go(ctx, for_ever, tracked(2));  // this task is destroyed at once
        });
        (void)co_await ch.receive();
    };
    auto other = [](heddle::channel<tracked> ch, heddle::done_token done,
                    tracked) -> heddle::task<> {
        std::optional<tracked> v;
        co_await heddle::select(ch.receive(v), done);
    };
    for (bool closer_first : {true, false}) {
        CAPTURE(closer_first);
        c = heddle::channel<tracked>();
        stop = heddle::done_source();
        closed = 0;
        heddle::join_handle<> handle;
        {
            test::world world;
            if (closer_first)
                world.go(closer, c, std::ref(stop), std::ref(closed),
                         std::ref(world.ctx), std::ref(handle));
            handle = world.go(other, c, stop.token(), tracked(3));
            world.go(heddle::with_done(stop.token(), other(c, {}, tracked(4))));
            world.go(heddle::with_done(stop.token(), for_ever(tracked(5))));
            if (!closer_first)
                world.go(closer, c, std::ref(stop), std::ref(closed),
                         std::ref(world.ctx), std::ref(handle));
            world.settle();
        }
        CHECK(closed == 1);
        CHECK(tracked::alive() == 0);
    }
}

TEST_CASE(
    "a task that is started while its context ends is destroyed, on whatever host") {
    for (int kind : {0, 1, 2}) {
        CAPTURE(kind);
        {
            test::world world;
            auto start = [&world, kind] {
                if (kind == 0)
                    heddle::go(world.ctx, for_ever, tracked(1));
                else if (kind == 1)
                    heddle::go(asio::make_strand(world.ctx), for_ever, tracked(2));
                else
                    heddle::go(asio::any_io_executor(world.ctx.get_executor()),
                               for_ever, tracked(3));
            };
            // This host is not the context's own, so it may not exist yet.
            heddle::go(
                asio::make_strand(world.ctx),
                [](at_end) -> heddle::task<> { co_await heddle::sleep(1h); },
                at_end(start));
            // The handler of an Asio operation starts one, too; it is destroyed after
            // the hosts.
            asio::post(world.ctx, [end = at_end(start)] {});
            world.ctx.poll_one();
        }
        CHECK(tracked::alive() == 0);
    }
}

TEST_CASE("a frame may own the operation in which another task waits") {
    using operation = test::held<void(heddle::error_code)>;
    for (bool owner_first : {true, false}) {
        CAPTURE(owner_first);
        auto op = std::make_unique<operation>();
        auto& shared = *op;
        test::world world;
        auto own = [&] {
            world.go([](std::unique_ptr<operation>,
                        tracked) -> heddle::task<> { co_await heddle::sleep(1h); },
                     std::move(op), tracked(1));
        };
        if (owner_first)
            own();
        world.go([](operation& o,
                    tracked) -> heddle::task<> { co_await o.start(heddle::use_task); },
                 std::ref(shared), tracked(2));
        if (!owner_first)
            own();
        world.settle();
        CHECK(shared.waiting());
    }
    CHECK(tracked::alive() == 0);
}

TEST_CASE(
    "frames of a context that ends may wake tasks of another context, which go on") {
    test::world other;
    test::trace trace;
    heddle::channel<int> c;
    other.go([](heddle::receiver<int> in, test::trace& t) -> heddle::task<> {
        t((co_await in.receive()) ? "value" : "closed");
    }(c, trace));
    other.settle();
    {
        test::world world;
        world.go([](heddle::channel<int> ch) -> heddle::task<> {
            at_end end([ch] { ch.close(); });
            co_await heddle::sleep(1h);
        }(c));
        world.settle();
    }
    other.settle();
    CHECK(trace.take() == lines{"closed"});
}

TEST_CASE("a join of a task whose context was destroyed throws task_abandoned") {
    test::world home;
    std::string what;
    {
        test::world world;
        auto h = world.go(for_ever, tracked(1));
        home.go([](heddle::join_handle<> joined, std::string& w) -> heddle::task<> {
            try {
                co_await joined;
            } catch (const heddle::task_abandoned& e) {
                w = e.what();
            }
        }(std::move(h), what));
        world.settle();
        home.settle();
        CHECK(what.empty());
    }
    home.settle();
    CHECK(what == "heddle: the execution context of this task was destroyed");
    CHECK(home.live() == 0);
}

TEST_CASE("a task that never started is destroyed silently, whether go got it or not") {
    {
        test::world world;
        world.go(for_ever, tracked(1));
        CHECK(tracked::alive() == 1);
    }
    CHECK(tracked::alive() == 0);
    {
        auto never = for_ever(tracked(2));
    }
    CHECK(tracked::alive() == 0);
}

TEST_CASE("live_tasks counts the tasks of all hosts of a context, and only those") {
    test::world world, other;
    heddle::channel<> c;
    auto wait_here = [](heddle::receiver<> in) -> heddle::task<> {
        (void)co_await in.receive();
    };
    CHECK(world.live() == 0);
    world.go(wait_here, c);
    CHECK(world.live() == 1);  // a task counts before it runs, too
    heddle::go(asio::make_strand(world.ctx), wait_here, c);
    heddle::go(world.ctx.get_executor(), wait_here, c);
    other.go(wait_here, c);
    world.settle();
    other.settle();
    CHECK(world.live() == 3);
    CHECK(other.live() == 1);
    std::size_t inside = 0;
    world.go([&inside] { inside = heddle::live_tasks(); });
    world.settle();
    CHECK(inside == 4);
    c.close();
    world.settle();
    CHECK(world.live() == 0);
}

TEST_CASE("calls nest to any depth, and the stack does not grow with them") {
    test::world world;
    stack_watch stack;
    long n = 0;
    world.go([](stack_watch& s, long& to) -> heddle::task<> {
        to = co_await count_down(deep, s);
    }(stack, n));
    world.settle();
    CHECK(n == deep + 1);
    CHECK(stack.grown() < bounded);
}

TEST_CASE("calls in sequence do not grow the stack") {
    test::world world;
    stack_watch stack;
    world.go([](stack_watch& s) -> heddle::task<> {
        for (int i = 0; i < deep; ++i)
            (void)co_await count_down(0, s);
    }(stack));
    world.settle();
    CHECK(stack.grown() < bounded);
}

TEST_CASE("a deep chain of calls that is parked, or has thrown, is destroyed without "
          "recursion") {
    struct down {
        static heddle::task<> run(int n, bool fail) {
            if (n != 0)
                co_await run(n - 1, fail);
            else if (fail)
                throw std::runtime_error("from below");
            else
                co_await heddle::sleep(1h);
        }
    };
    {
        test::world world;
        world.go(down::run, deep, false);
        world.settle();
        CHECK(world.live() == 1);
    }
    test::world world;
    world.go(down::run, deep / 10, true);  // fewer calls, because rethrowing is slow
    CHECK_THROWS_WITH(world.settle(), "from below");
}

TEST_CASE("a chain of wake-ups does not grow the stack") {
    test::world world;
    stack_watch stack;
    auto link = [](heddle::receiver<int> in, heddle::sender<int> out,
                   stack_watch& s) -> heddle::task<> {
        auto v = co_await in.receive();
        s.look();
        if (out != nullptr)
            co_await out.send(*v);
    };
    heddle::channel<int> first;
    heddle::receiver<int> in = first;
    for (int i = 1; i <= 50'000; ++i) {
        heddle::channel<int> next;
        world.go(link, in, i == 50'000 ? heddle::sender<int>() : next, std::ref(stack));
        in = next;
    }
    world.settle();
    CHECK(first.try_send(1) == heddle::try_status::done);
    world.settle();
    CHECK(world.live() == 0);
    CHECK(stack.grown() < bounded);
}

TEST_CASE("a chain of joins does not grow the stack") {
    test::world world;
    stack_watch stack;
    heddle::channel<> start;
    heddle::join_handle<> last = world.go([](heddle::receiver<> in) -> heddle::task<> {
        (void)co_await in.receive();
    }(start));
    for (int i = 0; i < 50'000; ++i)
        last = world.go([](heddle::join_handle<> h, stack_watch& s) -> heddle::task<> {
            co_await h;
            s.look();
        }(std::move(last), stack));
    world.settle();
    start.close();
    world.settle();
    CHECK(world.live() == 0);
    CHECK(stack.grown() < bounded);
}

TEST_CASE("a host on a strand is freed with its last task") {
    // An executor that counts its copies: the host keeps one.
    struct counting : asio::io_context::executor_type {
        counting(asio::io_context& ctx, std::shared_ptr<int> p)
            : asio::io_context::executor_type(ctx.get_executor()),
              copies(std::move(p)) {}
        bool operator==(const counting& o) const noexcept { return copies == o.copies; }
        bool operator!=(const counting& o) const noexcept { return copies != o.copies; }
        std::shared_ptr<int> copies;
    };
    test::world world;
    auto copies = std::make_shared<int>();
    heddle::channel<> c;
    auto body = [](heddle::receiver<> in) -> heddle::task<> {
        (void)co_await in.receive();
    };
    {
        counting ex(world.ctx, copies);
        heddle::go(ex, body, c);
    }
    world.settle();
    CHECK(copies.use_count() > 1);
    c.close();
    world.settle();
    CHECK(world.live() == 0);
    CHECK(copies.use_count() == 1);

    asio::any_io_executor kept;  // an executor of the host also keeps it alive
    heddle::go(counting(world.ctx, copies),
               [&kept] { kept = heddle::this_task::executor(); });
    world.settle();
    CHECK(copies.use_count() > 1);
    bool ran = false;
    asio::post(kept, [&] { ran = true; });
    world.settle();
    CHECK(ran);
    kept = asio::any_io_executor();
    CHECK(copies.use_count() == 1);
}

TEST_CASE("handles, tokens and executors may outlive the context that they came from") {
    heddle::join_handle<> handle;
    heddle::done_token token;
    asio::any_io_executor host;
    heddle::channel<> c;
    {
        test::world world;
        handle = world.go([](heddle::done_token& to, asio::any_io_executor& ex,
                             heddle::receiver<> in) -> heddle::task<> {
            to = heddle::this_task::done();
            ex = heddle::this_task::executor();
            (void)co_await in.receive();
        }(token, host, c));
        world.settle();
    }
    CHECK(!token.closed());
    handle.cancel();  // no effect, because the task has ended
    CHECK(!token.closed());
    CHECK(c.try_send() == heddle::try_status::would_block);
}

TEST_SUITE_END();
