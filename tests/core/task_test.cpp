// SPDX-License-Identifier: BSL-1.0
// The promises of a task (task.hpp).
#include "support/ending.hpp"
#include "support/tasks.hpp"
#include "support/world.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

TEST_SUITE_BEGIN("task");

using heddle::task;
using test::ending;
using test::fail;
using test::lines;
using test::log_step;
using test::run_virtual;
using test::seven;
using test::trace;
using test::tracked;
using test::world;

namespace {

struct no_default {
    explicit no_default(int v) : value(v) {}
    int value;
};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wreturn-type"
template <class T>
task<T> without_result() {
    co_await heddle::yield();
}
#pragma GCC diagnostic pop

struct alignas(4 * sizeof(void*)) wide {
    int value;
};

std::uintptr_t stack_here() {
    return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
}

}  // namespace

TEST_CASE("a task does not run before it is awaited") {
    trace log;
    run_virtual([](trace& t) -> task<> {
        auto later = log_step(t, "ran");
        t("made");
        co_await std::move(later);
        t("after");
    }(log));
    CHECK(log.take() == lines{"made", "ran", "after"});
}

TEST_CASE("a result with a large alignment does not move the promise in its frame") {
    static_assert(alignof(task<wide>::promise_type) <= 2 * sizeof(void*));
    int value = 0;
    run_virtual([](int& to) -> task<> {
        to = (co_await []() -> task<wide> { co_return wide{7}; }()).value;
    }(value));
    CHECK(value == 7);
}

TEST_CASE("co_await of a task returns its result, whatever its type") {
    run_virtual([]() -> task<> {
        int n = co_await seven();
        CHECK(n == 7);
        auto only_moved = co_await []() -> task<std::unique_ptr<int>> {
            co_return std::make_unique<int>(3);
        }();
        CHECK(*only_moved == 3);
        auto value = co_await []() -> task<no_default> { co_return no_default(5); }();
        CHECK(value.value == 5);
        int shared = 1;
        int& same = co_await [](int& x) -> task<int&> { co_return x; }(shared);
        CHECK(&same == &shared);
        auto converted = co_await []() -> task<std::string> { co_return "text"; }();
        CHECK(converted == "text");
    }());
}

TEST_CASE("a task runs in place: no other task gets a turn between call and result") {
    world w;
    trace log;
    w.go(
        [](trace& t) -> task<> {
            t("before");
            for (int i = 0; i < 200; ++i)  // more than one bounded transfer
                (void)co_await seven();
            co_await log_step(t, "inside");
            t("after");
        },
        std::ref(log));
    w.go(log_step, std::ref(log), "other");
    w.settle();
    CHECK(log.take() == lines{"before", "inside", "after", "other"});
}

TEST_CASE("an exception that leaves the body leaves the co_await") {
    trace log;
    run_virtual([](trace& t) -> task<> {
        t(co_await ending(fail("broken")));
        t(co_await ending([]() -> task<> {
            (void)co_await seven();
            co_await fail("deeper");
        }()));
    }(log));
    CHECK(log.take() == lines{"broken", "deeper"});
}

TEST_CASE("an exception unwinds the locals of each frame on its way") {
    struct local {
        local(trace& t, std::string n) : log(t), name(std::move(n)) {}
        ~local() { log("~" + name); }
        trace& log;
        std::string name;
    };
    trace log;
    run_virtual([](trace& t) -> task<> {
        auto outer = [](trace& u) -> task<> {
            local a(u, "outer");
            co_await [](trace& v) -> task<> {
                local b(v, "inner");
                co_await fail("x");
            }(u);
        };
        t(co_await ending(outer(t)));
    }(log));
    CHECK(log.take() == lines{"~inner", "~outer", "x"});
}

TEST_CASE("calls nest to any depth, and the stack does not grow with them") {
    // 100 000 frames of g++ -O0 without a bound would be some 12 MB of stack.
    struct deep {
        static task<std::uintptr_t> dive(int n) {
            if (n == 0)
                co_return stack_here();
            co_return co_await dive(n - 1);
        }
    };
    run_virtual([]() -> task<> {
        auto top = co_await deep::dive(0);
        auto bottom = co_await deep::dive(100'000);
        auto grown = top > bottom ? top - bottom : bottom - top;
        CHECK(grown < 256 * 1024);
    }());
}

TEST_CASE("any number of calls in sequence uses no more stack than one") {
    run_virtual([]() -> task<> {
        long sum = 0;
        for (int i = 0; i < 300'000; ++i)
            sum += co_await seven();
        CHECK(sum == 2'100'000);
    }());
}

TEST_CASE("an exception crosses any number of calls") {
    struct deep {
        static task<> dive(int n) {
            if (n == 0)
                throw std::runtime_error("bottom");
            co_await dive(n - 1);
        }
    };
    run_virtual([]() -> task<> {
        auto got = co_await ending(deep::dive(5'000));
        CHECK(got == "bottom");
    }());
}

TEST_CASE(
    "a task that is dropped before it ran is destroyed silently, with its arguments") {
    trace log;
    auto make = [](trace& t, tracked v) -> task<int> {
        t("ran");
        co_return v.value();
    };
    {
        auto never = make(log, tracked(1));
        CHECK(tracked::alive() == 1);
    }
    CHECK(tracked::alive() == 0);
    CHECK(log.take().empty());
}

TEST_CASE("assigning to a task destroys the one that it held") {
    auto make = [](tracked v) -> task<int> { co_return v.value(); };
    auto a = make(tracked(1));
    auto b = make(tracked(2));
    a = std::move(b);
    CHECK(tracked::alive() == 1);
    CHECK(run_virtual(std::move(a)) == 2);
    CHECK(tracked::alive() == 0);
}

TEST_CASE("a task that is awaited twice, or was moved from, throws already_joined") {
    run_virtual([]() -> task<> {
        auto once = seven();
        (void)co_await std::move(once);
        auto again = co_await ending(std::move(once));
        CHECK(again == "already joined");

        auto from = seven();
        auto to = std::move(from);
        auto moved = co_await ending(std::move(from));
        CHECK(moved == "already joined");
        auto n = co_await std::move(to);
        CHECK(n == 7);
    }());
}

TEST_CASE("a moved-from task that is passed to go or run throws already_joined and "
          "starts nothing") {
    world w;
    auto from = seven();
    auto to = std::move(from);
    CHECK_THROWS_AS(w.go(std::move(from)), heddle::already_joined);
    CHECK(w.live() == 0);
    CHECK_THROWS_AS(heddle::run(std::move(from)), heddle::already_joined);
    CHECK(heddle::run(std::move(to)) == 7);
}

TEST_CASE("arguments and locals are destroyed at the end of the call, before the next "
          "statement") {
    run_virtual([]() -> task<> {
        auto use = [](tracked v) -> task<int> {
            tracked local(v.value() + 1);
            co_return local.value();
        };
        tracked argument(1);
        int n = co_await use(std::move(argument));
        CHECK(n == 2);
        CHECK(tracked::alive() == 1);  // `argument` was moved from
    }());
    CHECK(tracked::alive() == 0);
}

TEST_CASE("co_await of a task is no wait: a closed token ends only the waits inside "
          "the task") {
    trace log;
    run_virtual([](trace& t) -> task<> {
        heddle::done_source stop;
        stop.close();
        co_await heddle::with_done(stop.token(), [](trace& u) -> task<> {
            u("called");
            auto n = co_await seven();
            u(std::to_string(n));
            u(co_await ending(heddle::yield()));
        }(t));
    }(log));
    CHECK(log.take() == lines{"called", "7", "cancelled: closed"});
}

TEST_CASE("a task runs as a part of the task that awaits it, on its host") {
    world a, b;
    std::uint64_t inside = 0, outside = 0;
    std::optional<task<std::uint64_t>> made_in_a;
    a.go(
        [](std::optional<task<std::uint64_t>>& to) -> task<> {
            to = []() -> task<std::uint64_t> { co_return heddle::this_task::id(); }();
            co_return;
        },
        std::ref(made_in_a));
    a.settle();
    REQUIRE(made_in_a);
    b.go(
        [](task<std::uint64_t> given, std::uint64_t& in, std::uint64_t& out) -> task<> {
            in = co_await std::move(given);
            out = heddle::this_task::id();
        },
        std::move(*made_in_a), std::ref(inside), std::ref(outside));
    b.settle();
    CHECK(inside == outside);
    CHECK(inside != 0);
}

TEST_CASE("if a task parked deep in calls is destroyed, each frame is destroyed once, "
          "the innermost first") {
    struct local {
        local(trace& t, int n) : log(t), depth(n) {}
        ~local() { log("~" + std::to_string(depth)); }
        trace& log;
        int depth;
    };
    struct deep {
        static task<> dive(trace& t, int n, heddle::receiver<> never) {
            local here(t, n);
            if (n == 3)
                (void)co_await never.receive();
            else
                co_await dive(t, n + 1, never);
        }
    };
    trace log;
    heddle::channel<> never;
    {
        world w;
        w.go(deep::dive, std::ref(log), 0, never);
        w.settle();
        CHECK(log.take().empty());
    }
    CHECK(log.take() == lines{"~3", "~2", "~1", "~0"});
}

TEST_CASE("a task that ends without co_return tells who asks for its result") {
    auto says = [](auto made) {
        try {
            run_virtual(std::move(made));
            return std::string();
        } catch (const std::logic_error& e) {
            return std::string(e.what());
        }
    };
    auto awaits = []<class T>(std::type_identity<T>) -> task<> {
        (void)co_await without_result<T>();
    };
    const std::string words =
        "heddle: a task<T> came to its end without co_return, so it has no result; end "
        "each of its paths with co_return value";
    CHECK(says(awaits(std::type_identity<int>())) == words);
    CHECK(says(awaits(std::type_identity<std::string>())) == words);
    CHECK(says(awaits(std::type_identity<int&>())) == words);
    CHECK(says(awaits(std::type_identity<wide>())) == words);
    CHECK(says([]() -> task<> {
              (void)co_await heddle::go(without_result<int>());
          }()) == words);
}

TEST_SUITE_END();
