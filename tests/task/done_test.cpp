// SPDX-License-Identifier: BSL-1.0
// The promises of done sources and tokens (done.hpp). cancel_test.cpp tests the effect
// of a closed token on tasks.
#include "support/ending.hpp"
#include "support/world.hpp"

#include <asio/bind_executor.hpp>
#include <asio/steady_timer.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <tuple>
#include <type_traits>
#include <vector>

TEST_SUITE_BEGIN("done");

using namespace std::chrono_literals;
using heddle::done_source;
using heddle::done_token;
using heddle::task;
using test::cause;
using test::ending;
using test::ending_of_call;
using test::lines;
using test::run_virtual;
using test::trace;
using test::why;
using test::world;

namespace {

task<> log_done(trace& log, done_token token, std::string who) {
    co_await token;
    log(who + ": " + why(token.cause()));
}

}  // namespace

TEST_CASE("a default-constructed token never closes, and has no cause") {
    done_token never;
    CHECK_FALSE(never.closed());
    CHECK(never.cause() == nullptr);
    CHECK(never == done_token());

    world w;
    trace log;
    w.go(log_done, std::ref(log), never, "never");
    w.settle();
    CHECK(w.live() == 1);
    CHECK(log.take().empty());
}

TEST_CASE("a token closes when its source does, and stays closed") {
    done_source d;
    auto token = d.token();
    CHECK_FALSE(token.closed());
    CHECK(token.cause() == nullptr);
    CHECK(d.close());
    CHECK(token.closed());
    CHECK(token.cause() != nullptr);
    CHECK_FALSE(d.close());
    CHECK(token.closed());
}

TEST_CASE("tokens of one source are equal, those of two sources are not") {
    done_source a, b;
    CHECK(a.token() == a.token());
    CHECK(a.token() != b.token());
    done_token copy = a.token();
    CHECK(copy == a.token());
    CHECK(copy != done_token());
}

TEST_CASE("the first cause stays; without one it is done_closed") {
    done_source plain, why_not, coded, empty;
    plain.close();
    CHECK(why(plain.token().cause()) == "closed");
    CHECK(why_not.close(cause("first")));
    CHECK_FALSE(why_not.close(cause("second")));
    CHECK(why(why_not.token().cause()) == "first");
    empty.close(std::exception_ptr());
    CHECK(why(empty.token().cause()) == "closed");

    coded.close(std::make_error_code(std::errc::timed_out));
    auto expected = std::make_error_code(std::errc::timed_out);
    heddle::error_code got;
    try {
        std::rethrow_exception(coded.token().cause());
    } catch (const heddle::system_error& e) {
        got = e.code();
    }
    CHECK(got == expected);
}

TEST_CASE("cause() and cancelled::cause() are the same exception object") {
    auto reason = cause("why");
    std::exception_ptr seen;
    run_virtual([](std::exception_ptr given, std::exception_ptr& to) -> task<> {
        done_source d;
        d.close(given);
        CHECK(d.token().cause() == given);
        try {
            co_await heddle::with_done(d.token(),
                                       []() -> task<> { co_await heddle::yield(); }());
        } catch (const heddle::cancelled& c) {
            to = c.cause();
        }
    }(reason, seen));
    CHECK(seen == reason);
}

TEST_CASE("cancelled is no std::exception, so a handler of those does not swallow it") {
    static_assert(!std::is_base_of_v<std::exception, heddle::cancelled>);
    static_assert(std::is_base_of_v<std::runtime_error, heddle::done_closed>);
    static_assert(std::is_base_of_v<std::runtime_error, heddle::deadline_exceeded>);
    static_assert(!std::is_copy_constructible_v<done_source>);
    static_assert(std::is_nothrow_move_constructible_v<done_source>);
}

TEST_CASE("the destructor of a source closes it, and the token outlives the source") {
    std::optional<done_source> d(std::in_place);
    done_token token = d->token();
    d.reset();
    CHECK(token.closed());
    CHECK(why(token.cause()) == "closed");
}

TEST_CASE(
    "a moved-from source has a token that never closes, and closing it has no effect") {
    done_source from;
    auto token = from.token();
    done_source to(std::move(from));
    CHECK(from.token() == done_token());
    CHECK_FALSE(from.close());
    CHECK_FALSE(token.closed());
    CHECK(to.token() == token);
    CHECK(to.close());
    CHECK(token.closed());
}

TEST_CASE("assigning to a source closes the token that it had") {
    done_source a, b;
    auto old = a.token();
    auto kept = b.token();
    a = std::move(b);
    CHECK(old.closed());
    CHECK_FALSE(kept.closed());
    CHECK(a.token() == kept);
}

TEST_CASE("closing a source closes the sources below it, with its cause") {
    done_source root;
    done_source child(root.token());
    done_source grandchild(child.token());
    root.close(cause("from above"));
    CHECK(child.token().closed());
    CHECK(grandchild.token().closed());
    CHECK(why(child.token().cause()) == "from above");
    CHECK(why(grandchild.token().cause()) == "from above");
    CHECK_FALSE(child.close(cause("late")));
    CHECK(why(child.token().cause()) == "from above");
}

TEST_CASE(
    "a child never closes its parent or its siblings, and has a cause of its own") {
    done_source root;
    done_source a(root.token()), b(root.token());
    done_source below(a.token());
    a.close(cause("own"));
    CHECK(below.token().closed());
    CHECK(why(below.token().cause()) == "own");
    CHECK_FALSE(root.token().closed());
    CHECK_FALSE(b.token().closed());
    root.close(cause("from above"));
    CHECK(why(a.token().cause()) == "own");
    CHECK(why(below.token().cause()) == "own");
    CHECK(why(b.token().cause()) == "from above");
}

TEST_CASE("a source below a closed one is closed from the start, with the same cause") {
    done_source root;
    root.close(cause("before"));
    done_source child(root.token());
    CHECK(child.token().closed());
    CHECK(why(child.token().cause()) == "before");
    CHECK_FALSE(child.close());
    done_source below_nothing{done_token()};
    CHECK_FALSE(below_nothing.token().closed());
}

TEST_CASE(
    "a source in the middle of a chain may be destroyed, and closes those below it") {
    done_source root;
    std::optional<done_source> middle(std::in_place, root.token());
    done_source leaf(middle->token());
    middle.reset();
    CHECK(leaf.token().closed());
    CHECK_FALSE(root.token().closed());
}

TEST_CASE("waiters are resumed in order of arrival, never inside close()") {
    world w, other;
    trace log;
    done_source root;
    done_source child(root.token());
    w.go(log_done, std::ref(log), child.token(), "first");
    w.go(log_done, std::ref(log), child.token(), "second");
    other.go(log_done, std::ref(log), root.token(), "elsewhere");
    w.settle();
    other.settle();
    root.close(cause("now"));
    CHECK(log.take().empty());
    w.settle();
    CHECK(log.take() == lines{"first: now", "second: now"});
    other.settle();  // each one resumes on its own host
    CHECK(log.take() == lines{"elsewhere: now"});
}

TEST_CASE("when close() returns, closed() is true in the whole tree below") {
    done_source root;
    std::vector<done_source> all;
    for (int i = 0; i < 100; ++i)
        all.emplace_back(i < 3 ? root.token()
                               : all[static_cast<std::size_t>(i) / 3].token());
    for (auto& d : all)
        CHECK_FALSE(d.token().closed());
    root.close();
    for (auto& d : all)
        CHECK(d.token().closed());
}

TEST_CASE("a token is an arm, and a closed one is ready at once") {
    run_virtual([]() -> task<> {
        done_source d;
        heddle::channel<> never;
        auto dry = co_await heddle::select(d.token(), heddle::otherwise);
        CHECK(dry == 1);
        go(
            [](done_source& s) -> task<> {
                s.close();
                co_return;
            },
            std::ref(d));
        auto token = d.token();
        auto i = co_await heddle::select(never.receive(std::ignore), token);
        CHECK(i == 1);
        auto again = co_await heddle::select(never.receive(std::ignore), token);
        CHECK(again == 1);
    }());
}

TEST_CASE("a deadline closes its token, with deadline_exceeded, but nothing above it") {
    run_virtual([]() -> task<> {
        done_source root;
        done_source limit(root.token(), 5s);
        done_source below(limit.token());
        auto start = heddle::now();
        CHECK_FALSE(limit.token().closed());
        co_await below.token();
        CHECK(heddle::now() == start + 5s);
        CHECK(why(limit.token().cause()) == "deadline");
        CHECK(why(below.token().cause()) == "deadline");
        CHECK_FALSE(root.token().closed());
    }());
}

TEST_CASE("a deadline may be a point in time, and its source may be moved") {
    run_virtual([]() -> task<> {
        auto start = heddle::now();
        done_source made(done_token(), start + 3s);
        done_source limit(std::move(made));
        co_await limit.token();
        CHECK(heddle::now() == start + 3s);
    }());
}

TEST_CASE("a deadline in the past closes at once, one at max() never") {
    run_virtual([]() -> task<> {
        co_await heddle::sleep(1s);
        done_source zero(done_token(), 0s), negative(done_token(), -1h);
        done_source past(done_token(), heddle::now() - 1s);
        done_source present(done_token(), heddle::now());
        for (auto* d : {&zero, &negative, &past, &present})
            CHECK(why(d->token().cause()) == "deadline");
        done_source max(done_token(), heddle::duration::max());
        done_source far(done_token(), heddle::time_point::max());
        done_source hours(done_token(), std::chrono::hours::max());
        co_await heddle::sleep(std::chrono::hours(24 * 365 * 200));
        for (auto* d : {&max, &far, &hours})
            CHECK_FALSE(d->token().closed());
    }());
}

TEST_CASE("the first of parent, deadline and close() sets the cause") {
    run_virtual([]() -> task<> {
        done_source root;
        done_source early(root.token(), 1s), late(root.token(), 3s),
            own(root.token(), 3s);
        own.close(cause("own"));
        co_await heddle::sleep(2s);
        root.close(cause("root"));
        co_await heddle::sleep(2s);
        CHECK(why(early.token().cause()) == "deadline");
        CHECK(why(late.token().cause()) == "root");
        CHECK(why(own.token().cause()) == "own");
    }());
}

TEST_CASE("deadlines that expire together close their tokens in order of time") {
    trace log;
    run_virtual([](trace& t) -> task<> {
        done_source a(done_token(), 2s), b(done_token(), 1s), c(done_token(), 3s);
        auto h1 = go(log_done, std::ref(t), a.token(), "a");
        auto h2 = go(log_done, std::ref(t), b.token(), "b");
        auto h3 = go(log_done, std::ref(t), c.token(), "c");
        co_await h3;
    }(log));
    CHECK(log.take() == lines{"b: deadline", "a: deadline", "c: deadline"});
}

TEST_CASE("outside a task a deadline needs an executor") {
    CHECK(ending_of_call([] { done_source d(done_token(), 1s); }) == "not in task");
    CHECK(ending_of_call([] { done_source d(done_token(), heddle::now() + 1s); }) ==
          "not in task");

    world w;
    trace log;
    done_source by_context(w.ctx, done_token(), -1s);
    CHECK(by_context.token().closed());
    done_source by_executor(w.ctx.get_executor(), done_token(), heddle::now() + 1ms);
    w.go(log_done, std::ref(log), by_executor.token(), "waiter");
    w.ctx.run();  // only the deadline is pending
    CHECK(log.take() == lines{"waiter: deadline"});
}

TEST_CASE("a deadline that was closed early or destroyed leaves nothing pending") {
    world w;
    {
        done_source closed(w.ctx, done_token(), 1h);
        closed.close();
        done_source parent;
        done_source below(w.ctx, parent.token(), 1h);
        parent.close();
        done_source dies(w.ctx, done_token(), 1h);
    }
    w.ctx.run();  // would take an hour if one were left
    CHECK(w.live() == 0);
}

TEST_CASE("a deadline below a closed token arms no timer") {
    world w;
    done_source parent;
    parent.close(cause("before"));
    done_source child(w.ctx, parent.token(), 1h);
    CHECK(why(child.token().cause()) == "before");
    w.ctx.run();
    CHECK(w.live() == 0);
}

TEST_CASE("a source with a deadline may outlive its context") {
    std::optional<done_source> d;
    {
        world w;
        d.emplace(w.ctx, done_token(), 1h);
    }
    CHECK_FALSE(d->token().closed());
    CHECK(d->close());
    d.reset();
}

TEST_CASE("a tree 100 000 deep closes and is destroyed without recursion") {
    constexpr std::size_t depth = 100'000;
    std::vector<done_source> chain;
    chain.reserve(depth);
    chain.emplace_back();
    while (chain.size() < depth)
        chain.emplace_back(chain.back().token());
    chain.front().close(cause("top"));
    CHECK(why(chain.back().token().cause()) == "top");
    done_token last = chain.back().token();
    chain.clear();  // now `last` alone keeps the whole chain alive
    CHECK(last.closed());
    last = done_token();
}

TEST_CASE("a tree of 100 000 siblings closes from either end") {
    done_source root;
    std::vector<done_source> children;
    for (int i = 0; i < 100'000; ++i)
        children.emplace_back(root.token());
    for (std::size_t i = 0; i < children.size(); i += 2)
        children[i].close();
    CHECK_FALSE(root.token().closed());
    root.close();
    bool all = true;
    for (auto& c : children)
        all = all && c.token().closed();
    CHECK(all);
}

TEST_CASE(
    "a deadline that was closed leaves no timer that its context would wait for") {
    world w;
    done_source early(w.ctx, done_token(), 1h), late(w.ctx, done_token(), 2h);
    w.settle();
    CHECK_FALSE(w.ctx.stopped());  // a timer is pending
    early.close();
    w.settle();
    CHECK_FALSE(w.ctx.stopped());
    late.close();
    w.settle();
    CHECK(w.ctx.stopped());
}

#ifdef HEDDLE_HAS_STOP_TOKEN
TEST_CASE(
    "a callback of a closing token may destroy the context whose tasks it stops") {
    using place = task<> (*)(done_token, std::shared_ptr<int>);
    const std::vector<std::pair<const char*, place>> places{
        {"under the token",
         [](done_token done, std::shared_ptr<int>) -> task<> {
             co_await heddle::with_done(
                 done, []() -> task<> { co_await heddle::sleep(1h); }());
         }},
        {"at the token",
         [](done_token done, std::shared_ptr<int>) -> task<> { co_await done; }},
        {"in a select",
         [](done_token done, std::shared_ptr<int>) -> task<> {
             heddle::channel<> c;
             co_await heddle::select(c.receive(std::ignore), done);
         }},
        {"in an Asio operation",
         [](done_token done, std::shared_ptr<int>) -> task<> {
             co_await heddle::with_done(done, []() -> task<> {
                 auto ex = heddle::this_task::executor();
                 asio::steady_timer timer(ex, 1h);
                 co_await timer.async_wait(heddle::use_task);
             }());
         }},
    };
    for (auto& [name, body] : places)
        for (bool first : {false, true}) {
            CAPTURE(std::string(name));
            CAPTURE(first);
            done_source stop;
            auto ctx = std::make_unique<asio::io_context>(1);
            auto frame = std::make_shared<int>();
            std::optional<std::stop_callback<std::function<void()>>> ends;
            auto watch = [&] {
                ends.emplace(stop.token().stop_token(), [&] { ctx.reset(); });
            };
            if (first)
                watch();
            heddle::go(*ctx, body, stop.token(), frame);
            heddle::select(stop.token())(
                asio::bind_executor(*ctx, [frame](auto...) {}));
            ctx->poll();
            if (!first)
                watch();
            CHECK(stop.close());
            CHECK(!ctx);
            CHECK(frame.use_count() == 1);
        }
}
#endif

#ifdef HEDDLE_HAS_STOP_TOKEN
TEST_CASE("a stop callback is called inside close, before tasks resume") {
    asio::io_context ctx(1);
    done_source stop;
    std::vector<std::string> order;
    auto wait = [](done_token done, std::vector<std::string>* to) -> task<> {
        co_await done;
        to->push_back("resumed");
    };
    auto close = [](done_source* what, std::vector<std::string>* to) -> task<> {
        what->close();
        to->push_back("closed");
        co_return;
    };
    heddle::go(ctx, wait, stop.token(), &order);
    ctx.poll();  // the task waits before the callback is registered
    std::thread::id caller;
    std::stop_callback called(stop.token().stop_token(), [&] {
        caller = std::this_thread::get_id();
        order.push_back("called");
    });
    heddle::go(ctx, close, &stop, &order);
    ctx.restart();
    ctx.run();
    CHECK(order == std::vector<std::string>{"called", "closed", "resumed"});
    CHECK(caller == std::this_thread::get_id());
}
#endif

TEST_SUITE_END();
