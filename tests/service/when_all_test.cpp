// SPDX-License-Identifier: BSL-1.0
// The promises of when_all, when_all_settled and race. One thread is stepped by hand.
#include <heddle/patterns.hpp>

#include "support/notes.hpp"
#include "support/tasks.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <ranges>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <variant>
#include <vector>

namespace {

using namespace std::chrono_literals;
using heddle::race;
using heddle::settled;
using heddle::task;
using heddle::when_all;
using heddle::when_all_settled;
using std::ref;
using test::fail;
using test::lines;
using test::note_end;
using test::noted;
using test::seven;
using test::sleeps;
using test::trace;
using test::tracked;
using test::world;

// -- the tasks of the tests ---------------------------------------------------------

task<int> later(int n, heddle::duration d) {
    co_await heddle::sleep(d);
    co_return n;
}

task<std::string> word() { co_return "word"; }

task<int&> refer(int& n) { co_return n; }

task<tracked> make_tracked(int n) {
    co_await heddle::yield();
    co_return tracked(n);
}

/// Waits for ever; logs how it was ended, and the end of its frame.
task<int> wait_forever(trace& t, std::string name) {
    noted frame(t, name + " is gone");
    t(name + " begins");
    heddle::event never;
    std::string how = co_await test::ending(never.wait());
    t(name + ": " + how);
    co_await never.wait();
    co_return 0;
}

task<int> fail_later(heddle::event& go_on, std::string what) {
    co_await go_on.wait();
    throw std::runtime_error(what);
}

task<int> give_later(heddle::event& go_on, int n) {
    co_await go_on.wait();
    co_return n;
}

template <class T>
task<> note_result(trace& t, task<T> of) {
    try {
        if constexpr (std::is_void_v<T>) {
            co_await std::move(of);
            t("ok");
        } else {
            T n = co_await std::move(of);
            if constexpr (std::is_same_v<T, int>)
                t(std::to_string(n));
            else
                t("ok");
        }
    } catch (...) {
        t(test::why(std::current_exception()));
    }
}

std::vector<task<int>> three() {
    std::vector<task<int>> all;
    all.push_back(later(1, 3ms));
    all.push_back(later(2, 1ms));
    all.push_back(later(3, 2ms));
    return all;
}

/// Counts how many run at a time.
struct meter {
    int now = 0;
    int most = 0;
};

task<int> measured(meter& m, int n) {
    m.most = std::max(m.most, ++m.now);
    co_await heddle::sleep(1ms);
    --m.now;
    co_return n;
}

}  // namespace

TEST_SUITE_BEGIN("when_all");

TEST_CASE("when_all gives a tuple of the results, in the order of the tasks") {
    test::run_virtual([]() -> task<> {
        int n = 5;
        auto [a, b, c, nothing] =
            co_await when_all(later(1, 2ms), word(), refer(n), sleeps(1ms));
        CHECK(a == 1);
        CHECK(b == "word");
        c = 6;
        CHECK(n == 6);
        static_assert(std::is_same_v<decltype(nothing), heddle::unit>);
        static_assert(
            std::is_same_v<decltype(when_all(sleeps(1ms), sleeps(1ms))), task<>>);
        co_await when_all(sleeps(1ms), sleeps(2ms));
    }());
}

TEST_CASE("when_all runs the tasks at the same time") {
    test::run_virtual([]() -> task<> {
        auto begin = heddle::now();
        (void)co_await when_all(later(1, 5ms), later(2, 5ms), later(3, 5ms));
        CHECK(heddle::now() - begin == 5ms);
    }());
}

TEST_CASE("when_all of a range gives a vector in the order of the range") {
    test::run_virtual([]() -> task<> {
        std::vector<int> all = co_await when_all(three());
        CHECK(all == std::vector{1, 2, 3});
        auto named = three();
        all = co_await when_all(std::move(named));
        CHECK(all == std::vector{1, 2, 3});
        auto made = std::views::iota(1, 4) |
                    std::views::transform([](int i) { return later(i, 1ms); });
        all = co_await when_all(made);
        CHECK(all == std::vector{1, 2, 3});
        int n = 5;
        std::vector<task<int&>> references;
        references.push_back(refer(n));
        std::vector<std::reference_wrapper<int>> given =
            co_await when_all(std::move(references));
        CHECK(&given[0].get() == &n);
        std::vector<task<>> without;
        without.push_back(sleeps(1ms));
        co_await when_all(std::move(without));
        all = co_await when_all(std::vector<task<int>>());
        CHECK(all.empty());
    }());
}

TEST_CASE(
    "when_all of a range with a limit runs so many tasks at a time, and takes them "
    "as it goes") {
    test::run_virtual([]() -> task<> {
        meter m;
        auto tasks = std::views::iota(0, 20) | std::views::transform([&m](int i) {
                         CHECK(m.now < 3);  // it is made when it may run
                         return measured(m, i);
                     });
        std::vector<int> all = co_await when_all(tasks, 3u);
        CHECK(all == test::numbers(20));
        CHECK(m.most == 3);
    }());
}

TEST_CASE("a limit below one is refused at once, by name") {
    CHECK(test::ending_of_call([] { (void)when_all(three(), 0); }) ==
          "heddle: when_all with a limit of 0: it must be 1 or more");
    CHECK(test::ending_of_call([] { (void)when_all_settled(three(), -2); }) ==
          "heddle: when_all_settled with a limit of -2: it must be 1 or more");
}

TEST_CASE("when_all carries values that can only be moved, and destroys each once") {
    test::run_virtual([]() -> task<> {
        {
            auto [a, b] = co_await when_all(make_tracked(1), make_tracked(2));
            CHECK(a.value() == 1);
            CHECK(b.value() == 2);
            CHECK(tracked::alive() == 2);
        }
        CHECK(tracked::alive() == 0);
    }());
}

TEST_CASE("tasks with a scope are tasks of when_all, too") {
    test::run_virtual([]() -> task<> {
        auto [in_time, late] = co_await when_all(heddle::timeout(5ms, later(1, 1ms)),
                                                 heddle::timeout(1ms, later(2, 5ms)));
        CHECK(in_time == 1);
        CHECK(!late);
    }());
}

TEST_CASE(
    "the first exception cancels the other tasks, and is thrown once their frames "
    "are destroyed") {
    for (bool in_a_range : {false, true}) {
        world w;
        trace t;
        heddle::event go_on;
        auto of_range = [](trace& to, heddle::event& e) -> task<> {
            std::vector<task<int>> all;
            all.push_back(wait_forever(to, "ann"));
            all.push_back(fail_later(e, "failed"));
            all.push_back(wait_forever(to, "bob"));
            (void)co_await when_all(std::move(all));
        };
        if (in_a_range)
            w.go(note_end, ref(t), "all", of_range(t, go_on));
        else
            w.go([&]() -> task<> {
                co_await note_result(t, when_all(wait_forever(t, "ann"),
                                                 fail_later(go_on, "failed"),
                                                 wait_forever(t, "bob")));
            });
        w.settle();
        CHECK(t.take() == lines{"ann begins", "bob begins"});
        go_on.set();
        w.settle();
        CHECK(t.take() == lines{"bob: cancelled: failed", "bob is gone",
                                "ann: cancelled: failed", "ann is gone",
                                in_a_range ? "all: failed" : "failed"});
        CHECK(w.live() == 0);
    }
}

TEST_CASE("with a limit no task begins after the first exception") {
    world w;
    trace t;
    w.go([&]() -> task<> {
        auto tasks = std::views::iota(0, 5) | std::views::transform([&t](int i) {
                         t("task " + std::to_string(i));
                         return i == 1 ? heddle::task<>(fail("one")) : sleeps(0ms);
                     });
        co_await note_result(t, when_all(tasks, 1));
    });
    w.settle();
    CHECK(t.take() == lines{"task 0", "task 1", "one"});
}

TEST_CASE("an exception of the range cancels the tasks that were taken from it") {
    world w;
    trace t;
    w.go([&]() -> task<> {
        auto tasks = std::views::iota(0, 5) | std::views::transform([&t](int i) {
                         if (i == 1)
                             throw std::runtime_error("no more tasks");
                         return wait_forever(t, "ann");
                     });
        co_await note_result(t, when_all(tasks));
    });
    w.settle();
    CHECK(t.take() == lines{"ann begins", "ann: cancelled: no more tasks",
                            "ann is gone", "no more tasks"});
    CHECK(w.live() == 0);
}

TEST_CASE("a cancelled when_all cancels the tasks, waits for each, and throws") {
    world w;
    trace t;
    auto h = w.go([&]() -> task<> {
        co_await note_result(t,
                             when_all(wait_forever(t, "ann"), wait_forever(t, "bob")));
    });
    w.settle();
    CHECK(t.take() == lines{"ann begins", "bob begins"});
    h.cancel(test::cause("enough"));
    w.settle();
    CHECK(t.take() == lines{"bob: cancelled: enough", "bob is gone",
                            "ann: cancelled: enough", "ann is gone",
                            "cancelled: enough"});
    CHECK(w.live() == 0);
}

TEST_CASE("under a limit of time when_all ends its tasks in time") {
    trace t;
    test::run_virtual([](trace& to) -> task<> {
        auto both = co_await heddle::timeout(
            5ms, when_all(later(1, 1ms), wait_forever(to, "ann")));
        CHECK(!both);
    }(t));
    CHECK(t.take() == lines{"ann begins", "ann: cancelled: deadline", "ann is gone"});
}

TEST_CASE("a when_all that is dropped before it runs drops its tasks") {
    trace t;
    (void)when_all(wait_forever(t, "ann"), wait_forever(t, "bob"));
    CHECK(t.take().empty());
}

TEST_CASE("a context may destroy a when_all and its tasks in any order") {
    trace t;
    {
        world w;
        w.go([](trace& to) -> task<> {
            (void)co_await when_all(wait_forever(to, "ann"), wait_forever(to, "bob"));
        }(t));
        w.settle();
        CHECK(w.live() == 3);
        t.take();
    }
    CHECK(t.take().size() == 2);
}

TEST_CASE("a task that is destroyed with its context is task_abandoned to when_all") {
    trace t;
    world survivor;
    heddle::event never;
    {
        world w;
        auto leave = [](asio::io_context& to, heddle::event& e) -> task<> {
            co_await heddle::resume_on(to);
            co_await e.wait();
        };
        survivor.go(note_end, ref(t), "all",
                    when_all(leave(w.ctx, never), sleeps(0ms)));
        survivor.settle();
        w.settle();
        CHECK(t.take().empty());
    }
    survivor.settle();
    CHECK(t.take() == lines{"all: abandoned"});
}

TEST_CASE("the handle of when_all is an arm") {
    test::run_virtual([]() -> task<> {
        auto both = heddle::go(when_all(later(1, 5ms), later(2, 5ms)));
        CHECK(co_await heddle::select(both, heddle::after(1ms)) == 1);
        CHECK(co_await heddle::select(both, heddle::after(1h)) == 0);
        auto [a, b] = co_await both;
        CHECK(a + b == 3);
    }());
}

TEST_CASE("when_all_settled lets each task run to its end, and gives all endings") {
    test::run_virtual([]() -> task<> {
        auto [a, b, c] =
            co_await when_all_settled(later(1, 2ms), fail("no"), sleeps(3ms));
        CHECK(a.has_value());
        CHECK(*a == 1);
        CHECK(a.value() == 1);
        CHECK(!a.error());
        CHECK(!b);
        CHECK(test::why(b.error()) == "no");
        CHECK(test::ending_of_call([&] { b.value(); }) == "no");
        CHECK(c.has_value());
        c.value();
        std::vector<task<int>> some = three();
        heddle::event at_once(true);
        some.push_back(fail_later(at_once, "four"));
        std::vector<settled<int>> all = co_await when_all_settled(std::move(some), 2);
        REQUIRE(all.size() == 4);
        CHECK(*all[2] == 3);
        CHECK(test::why(all[3].error()) == "four");
        int n = 1;
        auto [r] = co_await when_all_settled(refer(n));
        CHECK(&r.value() == &n);
    }());
}

TEST_CASE("a cancelled when_all_settled waits for each task, and throws") {
    world w;
    trace t;
    auto h = w.go([&]() -> task<> {
        co_await note_result(t, when_all_settled(wait_forever(t, "ann")));
    });
    w.settle();
    h.cancel();
    w.settle();
    CHECK(t.take() == lines{"ann begins", "ann: cancelled: closed", "ann is gone",
                            "cancelled: closed"});
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("race");

TEST_CASE("race gives the first result, and cancels and awaits the others") {
    world w;
    trace t;
    heddle::event go_on;
    w.go([&]() -> task<> {
        co_await note_result(t, race(wait_forever(t, "ann"), give_later(go_on, 7),
                                     wait_forever(t, "bob")));
    });
    w.settle();
    CHECK(t.take() == lines{"ann begins", "bob begins"});
    go_on.set();
    w.settle();
    CHECK(t.take() == lines{"bob: cancelled: closed", "bob is gone",
                            "ann: cancelled: closed", "ann is gone", "7"});
    CHECK(w.live() == 0);
}

TEST_CASE(
    "race waits for what a loser does when it is cancelled, and drops what it gives") {
    test::run_virtual([]() -> task<> {
        auto clean_up = []() -> task<int> {
            heddle::event never;
            std::string how = co_await test::ending(never.wait());
            co_await heddle::shield(sleeps(4ms));
            if (how != "ok")
                throw std::runtime_error("is dropped");
            co_return 1;
        };
        auto begin = heddle::now();
        CHECK(co_await race(clean_up(), later(7, 1ms), clean_up()) == 7);
        CHECK(heddle::now() - begin == 5ms);
    }());
}

TEST_CASE("race of tasks of different types gives a variant whose index is the first") {
    test::run_virtual([]() -> task<> {
        std::variant<int, std::string> a = co_await race(later(1, 5ms), word());
        CHECK(a.index() == 1);
        CHECK(std::get<1>(a) == "word");
        std::variant<int, heddle::unit> b = co_await race(later(1, 5ms), sleeps(1ms));
        CHECK(b.index() == 1);
        std::variant<int, heddle::unit> c = co_await race(later(1, 1ms), sleeps(5ms));
        CHECK(std::get<0>(c) == 1);
        co_await race(sleeps(1ms), sleeps(2ms));
        int n = 1, m = 2;
        int& r = co_await race(refer(n), refer(m));
        CHECK(&r == &n);
    }());
}

TEST_CASE("race of a range gives the first result, and refuses a range without tasks") {
    test::run_virtual([]() -> task<> {
        CHECK(co_await race(three()) == 2);
        CHECK(co_await test::ending(race(std::vector<task<int>>())) ==
              "heddle: race of a range without tasks");
        tracked first = co_await race(make_tracked(1), make_tracked(2));
        CHECK(first.value() == 1);
        CHECK(tracked::alive() == 1);
    }());
    CHECK(tracked::alive() == 0);
}

TEST_CASE("an exception is a way to end first; that of a loser is dropped") {
    world w;
    trace t;
    heddle::event go_on;
    test::note_unhandled(w, t);
    w.go([&]() -> task<> {
        co_await note_result(t,
                             race(wait_forever(t, "ann"), fail_later(go_on, "first")));
        co_await note_result(t, race(seven(), fail_later(go_on, "second")));
    });
    go_on.set();
    w.settle();
    CHECK(t.take() ==
          lines{"ann begins", "ann: cancelled: closed", "ann is gone", "first", "7"});
    CHECK(w.live() == 0);
}

TEST_CASE("a cancelled race cancels its tasks, waits for each, and ends as the first") {
    world w;
    trace t;
    auto h = w.go([&]() -> task<> {
        co_await note_result(t, race(wait_forever(t, "ann"), wait_forever(t, "bob")));
    });
    w.settle();
    h.cancel(test::cause("enough"));
    w.settle();
    CHECK(t.take() == lines{"ann begins", "bob begins", "bob: cancelled: enough",
                            "bob is gone", "ann: cancelled: enough", "ann is gone",
                            "cancelled: enough"});
    CHECK(w.live() == 0);
}

TEST_CASE("a context may destroy a race and its tasks in any order; a race whose tasks "
          "were all destroyed is abandoned") {
    trace t;
    world survivor;
    heddle::event never;
    {
        world w;
        w.go([](trace& to) -> task<> {
            (void)co_await race(wait_forever(to, "ann"), wait_forever(to, "bob"));
        }(t));
        w.settle();
        t.take();
        auto leave = [](asio::io_context& to, heddle::event& e) -> task<> {
            co_await heddle::resume_on(to);
            co_await e.wait();
        };
        survivor.go(note_end, ref(t), "race",
                    race(leave(w.ctx, never), leave(w.ctx, never)));
        survivor.settle();
        w.settle();
        CHECK(t.take().empty());
    }
    CHECK(t.take().size() == 2);
    survivor.settle();
    CHECK(t.take() == lines{"race: abandoned"});
}

TEST_SUITE_END();
