// SPDX-License-Identifier: BSL-1.0
// The promises of task_local and with_local.
#include "support/ending.hpp"
#include "support/joined_thread.hpp"
#include "support/world.hpp"

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using heddle::go;
using heddle::task;
using heddle::task_local;
using heddle::with_local;
using test::ending_of_call;
using test::lines;
using test::run_virtual;
using test::trace;
using test::world;

const task_local<std::string> id;
const task_local<int> depth;

std::string here() { return id.get() ? *id.get() : "none"; }

task<> note(trace& log, std::string who) {
    co_await heddle::yield();
    log(who + ": " + here());
}

}  // namespace

TEST_SUITE_BEGIN("task_local");

TEST_CASE("a value is in force in the call, and not around it") {
    auto main = [](trace& log) -> task<> {
        log("before: " + here());
        co_await with_local(id, "a", note(log, "call"));
        log("after: " + here());
    };
    trace log;
    run_virtual(main(log));
    CHECK(log.take() == lines{"before: none", "call: a", "after: none"});
}

TEST_CASE("an inner scope hides the outer value, and another key does not") {
    auto inner = [](trace& log) -> task<> {
        log(here() + " " + std::to_string(*depth.get()));
        co_await with_local(id, "b", note(log, "inner"));
        log(here());
    };
    auto main = [inner](trace& log) -> task<> {
        co_await with_local(id, "a", with_local(depth, 7, inner(log)));
        log(here() + (depth.get() ? " some" : " none"));
    };
    trace log;
    run_virtual(main(log));
    CHECK(log.take() == lines{"a 7", "inner: b", "a", "none none"});
}

TEST_CASE("a value that a scope could not make is thrown at once") {
    struct picky {
        explicit picky(int n) {
            if (n < 0)
                throw std::range_error("picky");
        }
    };
    static const task_local<picky> key;
    auto nothing = []() -> task<> { co_return; };
    CHECK(ending_of_call([&] { (void)with_local(key, -1, nothing()); }) == "picky");
}

TEST_CASE("a task inherits the values where it is started, and keeps them") {
    auto scope = [](trace& log) -> task<> {
        go(note, std::ref(log), "go");
        co_return;
    };
    auto main = [scope](trace& log) -> task<> {
        co_await with_local(id, "a", scope(log));
        go(note, std::ref(log), "later");
        log("left: " + here());
        co_await heddle::sleep(1ms);
    };
    trace log;
    run_virtual(main(log));
    CHECK(log.take() == lines{"left: none", "go: a", "later: none"});
}

TEST_CASE("every way to start a task passes the values on") {
    auto noted = [](std::vector<std::string>& to) -> task<> {
        to.push_back(here());
        co_return;
    };
    auto number = [](int) -> task<int> { co_return here() == "a"; };
    auto scope = [noted, number]() -> task<> {
        std::vector<std::string> seen;
        co_await go(noted, std::ref(seen));
        co_await go(noted(seen));
        co_await go(heddle::this_task::executor(), noted, std::ref(seen));
        co_await go(heddle::this_task::executor(), noted(seen));
        heddle::group g;
        g.go(noted, std::ref(seen));
        co_await g.wait();
        heddle::wait_group all;
        all.go(noted, std::ref(seen));
        co_await all.wait();
        co_await heddle::when_all(noted(seen), noted(seen));
        (void)co_await heddle::race(number(1));
        std::vector<int> numbers = {1, 2};
        for (int same : co_await heddle::map_parallel(numbers, 2, number))
            CHECK(same == 1);
        co_await heddle::with_timeout(1s, noted(seen));
        co_await heddle::shield(noted(seen));
        auto generated = heddle::generate<int>([&](heddle::sender<int> out) -> task<> {
            seen.push_back(here());
            co_await out.send(1);
        });
        (void)co_await generated.receive();
        CHECK(seen == std::vector<std::string>(seen.size(), "a"));
        CHECK(seen.size() == 11);
    };
    run_virtual([scope]() -> task<> { co_await with_local(id, "a", scope()); }());
}

TEST_CASE("a value is destroyed when its scope and its tasks have ended") {
    auto counted = std::make_shared<int>(1);
    static const task_local<std::shared_ptr<int>> key;
    world w;
    heddle::channel<int> gate;
    auto wait = [](heddle::channel<int> g) -> task<> { (void)co_await g.receive(); };
    auto scope = [wait](heddle::channel<int> g) -> task<> {
        go(wait, g);
        go(wait, g);
        co_return;
    };
    auto handle =
        w.go([&]() -> task<> { co_await with_local(key, counted, scope(gate)); });
    w.settle();
    CHECK(counted.use_count() == 2);  // two tasks share one
    CHECK(gate.try_send(1) == heddle::try_status::done);
    w.settle();
    CHECK(counted.use_count() == 2);
    CHECK(gate.try_send(2) == heddle::try_status::done);
    w.settle();
    CHECK(counted.use_count() == 1);
}

TEST_CASE("a handle that is kept keeps no values") {
    auto counted = std::make_shared<int>(1);
    static const task_local<std::shared_ptr<int>> key;
    world w;
    heddle::join_handle<> kept;
    auto scope = [](heddle::join_handle<>& to) -> task<> {
        to = go([]() -> task<> { co_return; });
        co_return;
    };
    w.go([&]() -> task<> { co_await with_local(key, counted, scope(kept)); });
    w.settle();
    CHECK(counted.use_count() == 1);
}

TEST_CASE("the end of a context destroys the values of its tasks") {
    auto counted = std::make_shared<int>(1);
    static const task_local<std::shared_ptr<int>> key;
    auto wait = []() -> task<> {
        heddle::channel<int> never;
        (void)co_await never.receive();
    };
    auto scope = [wait]() -> task<> {
        go(wait);
        co_await wait();
    };
    {
        world w;
        w.go([&]() -> task<> { co_await with_local(key, counted, scope()); });
        w.settle();
        CHECK(counted.use_count() == 2);
    }
    CHECK(counted.use_count() == 1);
}

TEST_CASE("a scope that is cancelled leaves its value") {
    auto main = []() -> task<> {
        auto t = co_await heddle::timeout(1ms, with_local(id, "late", []() -> task<> {
                                              co_await heddle::sleep(1h);
                                          }()));
        CHECK_FALSE(t);
        CHECK(here() == "none");
    };
    run_virtual(main());
}

TEST_CASE("a hundred thousand scopes in each other are left without recursion") {
    static const task_local<int> level;
    struct nest {
        static task<int> down(int n) {
            if (n == 0)
                co_return *level.get();
            int last = co_await with_local(level, n, down(n - 1));
            co_return last;
        }
    };
    CHECK(run_virtual(nest::down(100'000)) == 1);
    // The last task that has them all ends far from the scopes.
    struct start {
        static task<> down(int n) {
            if (n == 0)
                go(note, std::ref(log()), "deep");
            else
                co_await with_local(level, n, down(n - 1));
        }
        static trace& log() {
            static trace t;
            return t;
        }
    };
    run_virtual([]() -> task<> {
        co_await start::down(100'000);
        co_await heddle::sleep(1ms);
    }());
    CHECK(start::log().take() == lines{"deep: none"});
}

TEST_CASE("a task that starts a task while its value is destroyed passes nothing on") {
    struct starter {
        explicit starter(trace& l) : log(&l) {}
        starter(starter&& o) noexcept : log(std::exchange(o.log, nullptr)) {}
        ~starter() {
            if (log)
                go(note, std::ref(*log), "heir");
        }
        trace* log;
    };
    static const task_local<starter> key;
    auto scope = [](trace&) -> task<> { co_return; };
    auto main = [scope](trace& log) -> task<> {
        co_await with_local(id, "a", with_local(key, starter(log), scope(log)));
        co_await heddle::sleep(1ms);
    };
    trace log;
    run_virtual(main(log));
    CHECK(log.take() == lines{"heir: a"});
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("task_local.threads");

TEST_CASE("a task on another context, and on another thread, inherits them") {
    auto scope = [](asio::io_context& other, std::string& seen) -> task<> {
        co_await go(other, [&seen]() -> task<> {
            seen = here();
            co_return;
        });
    };
    asio::io_context other;
    auto work = asio::make_work_guard(other);
    std::string seen;
    {
        test::joined_thread t([&] { other.run(); });
        heddle::run(
            [&]() -> task<> { co_await with_local(id, "far", scope(other, seen)); }());
        work.reset();
    }
    CHECK(seen == "far");
}

TEST_CASE("outside tasks there is no value: in handlers, and in go_blocking") {
    CHECK(here() == "none");
    auto scope = [](std::vector<std::string>& seen) -> task<> {
        asio::post(heddle::this_task::executor(), [&] { seen.push_back(here()); });
        co_await heddle::yield();
        co_await heddle::sleep(1ms);
        seen.push_back(co_await heddle::go_blocking(here));
        seen.push_back(here());
    };
    std::vector<std::string> seen;
    heddle::run([&]() -> task<> { co_await with_local(id, "a", scope(seen)); }());
    CHECK(seen == std::vector<std::string>{"none", "none", "a"});
}

TEST_CASE("tasks on several threads share a value, which the last of them destroys") {
    auto counted = std::make_shared<int>(7);
    static const task_local<std::shared_ptr<int>> key;
    auto look = [](int n) -> task<int> {
        for (int i = 0; i < n; ++i)
            co_await heddle::yield();
        co_return **key.get();
    };
    auto scope = [look]() -> task<int> {
        std::vector<heddle::join_handle<int>> all;
        for (int i = 0; i < 64; ++i)
            all.push_back(go(look, i));
        int sum = 0;
        for (auto& h : all)
            sum += co_await h;
        co_return sum;
    };
    for (int round = 0; round < 20; ++round) {
        int sum = heddle::run({.threads = 3}, [&]() -> task<int> {
            int n = co_await with_local(key, counted, scope());
            co_return n;
        }());
        CHECK(sum == 64 * 7);
        CHECK(counted.use_count() == 1);
    }
}

TEST_SUITE_END();
