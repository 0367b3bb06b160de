// SPDX-License-Identifier: BSL-1.0
// The promises of heddle/testing.hpp: worlds, exploration of every schedule, replay.
#include "support/ending.hpp"
#include "support/environment.hpp"
#include "support/world.hpp"

#include <heddle/testing.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <set>
#include <stdexcept>
#include <string>
#include <tuple>

using namespace std::chrono_literals;
using heddle::task;
using heddle::testing::explore;
using heddle::testing::with_seeds;
using test::contains;
using test::environment;
using test::lines;
using test::tracked;

namespace {

task<> steps(int n, char name, std::string& to, heddle::wait_group& wg) {
    for (int i = 0; i < n; ++i) {
        if (i > 0)
            co_await heddle::yield();
        to += name;
    }
    wg.done();
}

/// Tasks with the given numbers of turns; each order in which they ran is added to
/// `seen`.
task<> interleaved(std::vector<int> turns, std::multiset<std::string>& seen) {
    std::string order;
    heddle::wait_group wg;
    char name = 'a';
    for (int n : turns) {
        wg.add(1);
        heddle::go(steps, n, name++, std::ref(order), std::ref(wg));
    }
    co_await wg.wait();
    seen.insert(order);
}

/// Two tasks add 1 to a counter, with a wait between reading and writing. One starts so
/// late that the result is right if they run one after the other.
task<> lost_update() {
    int counter = 0;
    heddle::wait_group wg;
    auto add = [&](int late) -> task<> {
        while (late-- > 0)
            co_await heddle::yield();
        int before = counter;
        co_await heddle::yield();
        counter = before + 1;
    };
    wg.go(add, 0);
    wg.go(add, 2);
    co_await wg.wait();
    if (counter != 2)
        throw std::runtime_error("an update was lost");
}

task<> lock_both(heddle::mutex& first, heddle::mutex& second) {
    auto a = co_await first.lock();
    co_await heddle::yield();
    auto b = co_await second.lock();
}

task<> two_locks(bool in_order) {
    heddle::mutex m, n;
    heddle::wait_group wg;
    wg.go(lock_both, std::ref(m), std::ref(n));
    if (in_order)
        wg.go(lock_both, std::ref(m), std::ref(n));
    else
        wg.go(lock_both, std::ref(n), std::ref(m));
    co_await wg.wait();
}

template <class F>
std::string message_of(F f) {
    try {
        f();
    } catch (const std::exception& e) {
        return e.what();
    }
    return "nothing was thrown";
}

}  // namespace

TEST_SUITE_BEGIN("testing");

TEST_CASE("a world settles, and its time moves only by a call, deadline by deadline") {
    heddle::testing::world world;
    test::trace log;
    auto sleeper = [&](heddle::duration d, std::string name) -> task<> {
        co_await heddle::sleep(d);
        log(name + " at " + std::to_string(heddle::now().time_since_epoch() / 1ms));
    };
    world.go(sleeper, 20ms, "b");
    world.go(sleeper, 10ms, "a");
    world.go(sleeper, 30ms, "c");
    world.settle();
    CHECK(log.take().empty());
    CHECK(world.now() == heddle::time_point());
    CHECK(world.live() == 3);
    world.advance(25ms);
    CHECK(log.take() == lines{"a at 10", "b at 20"});
    CHECK(world.now() == heddle::time_point(25ms));
    world.advance(0s);
    CHECK(log.take().empty());
    world.advance(5ms);
    CHECK(log.take() == lines{"c at 30"});
    world.expect_end();
    CHECK_THROWS_AS(world.advance(-1ns), std::invalid_argument);
}

TEST_CASE("the time of a world advances by any duration, at most to the end of time") {
    heddle::testing::world world;
    using real = std::chrono::duration<double>;
    world.advance(real(0.5));
    CHECK(world.now() == heddle::time_point(500ms));
    CHECK_THROWS_AS(world.advance(real(std::numeric_limits<double>::quiet_NaN())),
                    std::invalid_argument);
    CHECK_THROWS_AS(world.advance(std::chrono::hours::min()), std::invalid_argument);
    world.advance(std::chrono::duration<std::uint64_t, std::nano>(~0ull));
    CHECK(world.now() == heddle::time_point::max() - 1ns);
    world.advance(std::chrono::hours::max());
    CHECK(world.now() == heddle::time_point::max() - 1ns);
}

TEST_CASE("a world is not run inside a task, neither its own nor another world's") {
    heddle::testing::world world, other;
    auto inner = [](bool& did) -> task<> {
        did = true;
        co_return;
    };
    bool ran = false;
    world.run([](auto& a, auto& b, auto make, bool& did) -> task<> {
        CHECK_THROWS_AS(a.run(make(did)), std::logic_error);
        CHECK_THROWS_AS(b.run(make(did)), std::logic_error);
        co_return;
    }(world, other, inner, ran));
    world.settle();
    other.settle();
    CHECK(!ran);
    CHECK(world.live() + other.live() == 0);
}

TEST_CASE("a timer that a timer sets is due within the same advance") {
    heddle::testing::world world;
    int ticks = 0;
    world.go([&]() -> task<> {
        heddle::ticker every(10ms);
        for (;;) {
            co_await every.next();
            ++ticks;
        }
    });
    world.advance(99ms);
    CHECK(ticks == 9);
    world.advance(1ms);
    CHECK(ticks == 10);
}

TEST_CASE(
    "run returns the result, lets time jump, and reports a program that cannot end") {
    heddle::testing::world world;
    CHECK(world.run([]() -> task<int> {
        co_await heddle::sleep(24h);
        co_return 7;
    }()) == 7);
    CHECK(world.now() == heddle::time_point(24h));
    CHECK_THROWS_AS(world.run([]() -> task<> {
        throw std::out_of_range("mine");
        co_return;
    }()),
                    std::out_of_range);
    auto what = message_of([&] {
        world.run([]() -> task<> {
            heddle::channel<> never;
            never.name("never");
            co_await never.receive();
        }());
    });
    CHECK(contains(what, "deadlock"));
    CHECK(contains(what, "receive on `never`"));
}

TEST_CASE("expect_end throws with the dump if a task is left") {
    heddle::testing::world world;
    heddle::channel<int> jobs;
    jobs.name("jobs");
    auto worker = [](heddle::receiver<int> in) -> task<> {
        while (auto v = co_await in.receive()) {
        }
    };
    world.expect_end();
    world.go(worker, jobs);
    world.go(worker, jobs);
    auto what = message_of([&] { world.expect_end(); });
    CHECK(contains(what, "2 tasks left"));
    CHECK(contains(what, "receive on `jobs`"));
    CHECK_THROWS_AS(world.expect_end(), heddle::testing::leaked);
    jobs.close();
    world.expect_end();
}

TEST_CASE("the destructor of a world destroys its tasks") {
    {
        heddle::testing::world world;
        world.go([](tracked) -> task<> { co_await heddle::sleep(1h); }, tracked(1));
        world.settle();
        CHECK(tracked::alive() == 1);
    }
    CHECK(tracked::alive() == 0);
}

TEST_CASE(
    "an exception that leaves a detached task leaves the member function that ran it") {
    heddle::testing::world world;
    world.go([]() -> task<> {
        co_await heddle::sleep(1s);
        throw std::out_of_range("late");
    });
    world.settle();
    CHECK_THROWS_AS(world.advance(1s), std::out_of_range);
}

TEST_CASE("a seed decides every choice, and HEDDLE_TEST_SEED is the default") {
    auto order = [](auto&... seed) {
        heddle::testing::world world(seed...);
        std::multiset<std::string> seen;
        world.run(interleaved({3, 3, 3}, seen));
        return *seen.begin();
    };
    std::set<std::string> orders;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        CHECK(order(seed) == order(seed));
        orders.insert(order(seed));
        environment v("HEDDLE_TEST_SEED", std::to_string(seed));
        CHECK(order() == order(seed));
        CHECK(heddle::testing::world().seed() == seed);
    }
    CHECK(orders.size() > 10);
    CHECK(heddle::testing::world().seed() == 1);
    environment v("HEDDLE_TEST_SEED", "one");
    CHECK_THROWS_AS(heddle::testing::world(), std::invalid_argument);
}

TEST_CASE("explore runs each interleaving once") {
    // The number is that of the words: (sum of turns)! over the product of their
    // factorials.
    struct {
        std::vector<int> turns;
        std::size_t words;
    } cases[] = {{{1}, 1},       {{1, 1}, 2},     {{3, 3}, 20},
                 {{1, 1, 1}, 6}, {{2, 2, 2}, 90}, {{1, 2, 3, 1}, 420}};
    for (auto& c : cases) {
        std::multiset<std::string> seen;
        auto all = explore("interleavings", [&] { return interleaved(c.turns, seen); });
        CHECK(all.complete);
        CHECK(all.schedules == c.words);
        CHECK(seen.size() == c.words);
        CHECK(std::set<std::string>(seen.begin(), seen.end()).size() == c.words);
    }
}

TEST_CASE(
    "explore takes each ready arm, and only one path for all arms that are not ready") {
    std::multiset<std::size_t> chosen;
    auto program = [&](int ready) {
        return [&chosen, ready]() -> task<> {
            std::vector<heddle::channel<int>> channels;
            std::vector<std::optional<int>> to(3);
            std::vector<heddle::receive_op<int>> arms;
            for (int i = 0; i < 3; ++i) {
                channels.emplace_back(1);
                if (i < ready)
                    (void)channels.back().try_send(i);
                arms.push_back(
                    channels.back().receive(to[static_cast<std::size_t>(i)]));
            }
            chosen.insert(
                co_await heddle::select(arms[0], arms[1], arms[2], heddle::after(1s)));
        };
    };
    auto run = [&](int ready) {
        chosen.clear();
        return explore("arms", program(ready));
    };
    CHECK(run(0).schedules == 1);
    CHECK(chosen == std::multiset<std::size_t>{3});
    run(2);
    CHECK(std::set<std::size_t>(chosen.begin(), chosen.end()) ==
          std::set<std::size_t>{0, 1});
    run(3);
    CHECK(std::set<std::size_t>(chosen.begin(), chosen.end()) ==
          std::set<std::size_t>{0, 1, 2});
}

TEST_CASE("explore takes each ready arm of a select in a handler, and each of its "
          "equal arms if it is parked") {
    std::multiset<std::size_t> chosen;
    auto run = [&](int ready) {
        chosen.clear();
        return explore("handler", [&chosen, ready]() -> task<> {
            std::vector<heddle::channel<int>> c;
            for (int i = 0; i < 3; ++i) {
                c.emplace_back(1);
                if (i < ready)
                    (void)c.back().try_send(i);
            }
            heddle::channel<std::size_t> told(1);
            heddle::select(c[0].receive(std::ignore), c[1].receive(std::ignore),
                           c[2].receive(std::ignore))(
                heddle::this_task::executor(),
                [told](heddle::error_code, std::size_t i) mutable {
                    (void)told.try_send(i);
                });
            (void)c[2].try_send(2);
            auto arm = co_await told.receive();
            chosen.insert(arm.value());
        });
    };
    CHECK(run(0).schedules == 1);
    CHECK(chosen == std::multiset<std::size_t>{2});
    run(2);
    CHECK(std::set<std::size_t>(chosen.begin(), chosen.end()) ==
          std::set<std::size_t>{0, 1});
    run(3);
    CHECK(std::set<std::size_t>(chosen.begin(), chosen.end()) ==
          std::set<std::size_t>{0, 1, 2});

    chosen.clear();
    explore("equal arms of a handler", [&chosen]() -> task<> {
        heddle::channel<int> c;
        heddle::channel<std::size_t> told(1);
        heddle::select(c.send(0), c.send(1),
                       c.send(2))(heddle::this_task::executor(),
                                  [told](heddle::error_code, std::size_t i) mutable {
                                      (void)told.try_send(i);
                                  });
        auto got = co_await c.receive();
        auto arm = co_await told.receive();
        CHECK(got == static_cast<int>(arm.value()));
        chosen.insert(arm.value());
    });
    CHECK(std::set<std::size_t>(chosen.begin(), chosen.end()) ==
          std::set<std::size_t>{0, 1, 2});
}

TEST_CASE("explore finds the schedule that fails, and replays it") {
    int runs = 0;
    auto program = [&] {
        ++runs;
        return lost_update();
    };
    CHECK(message_of([&] { explore("lost update", program); }) == "an update was lost");
    CHECK(runs > 1);
    for (auto schedule : {"lost update:0", "some other name:0.9"}) {
        environment v("HEDDLE_SCHEDULE", schedule);
        runs = 0;
        auto what = message_of([&] { explore("lost update", program); });
        CHECK(what == (runs == 1 ? "nothing was thrown" : "an update was lost"));
    }
}

TEST_CASE("a report has the failure, the schedule, the dump, and the command that "
          "replays it") {
    auto text = test::stderr_of([] { explore("lost update", lost_update); }).first;
    CHECK(contains(text, "heddle: lost update fails:\nan update was lost\n"));
    auto at = text.find("replay: HEDDLE_SCHEDULE='lost update:");
    REQUIRE(at != std::string::npos);
    at = text.find(':', text.find('=', at));
    std::string schedule = text.substr(at + 1, text.find('\'', at) - at - 1);
    CAPTURE(schedule);
    environment v("HEDDLE_SCHEDULE", "lost update:" + schedule);
    int runs = 0;
    CHECK(message_of([&] {
              explore("lost update", [&] {
                  ++runs;
                  return lost_update();
              });
          }) == "an update was lost");
    CHECK(runs == 1);
}

TEST_CASE("explore finds a deadlock, and shows that locks in one order have none") {
    CHECK_THROWS_AS(explore("two locks", [] { return two_locks(false); }),
                    heddle::deadlock);
    auto ordered = explore("ordered locks", [] { return two_locks(true); });
    CHECK(ordered.complete);
    CHECK(ordered.schedules > 1);
}

TEST_CASE("a schedule from the environment is run alone") {
    std::multiset<std::string> seen;
    auto program = [&] { return interleaved({2, 2}, seen); };
    {
        environment v("HEDDLE_SCHEDULE", "a name:1");
        CHECK(explore("a name", program).schedules == 1);
        CHECK(seen.size() == 1);
        CHECK(seen.begin()->front() == 'b');
        CHECK(explore("another", program).schedules == 6);
    }
    seen.clear();
    for (auto bad :
         {"no colon", "a name:x", "a name:1..2", "a name:", "a name:99999999999"}) {
        environment v("HEDDLE_SCHEDULE", bad);
        CHECK_THROWS_AS(explore("a name", program), std::invalid_argument);
    }
    CHECK(seen.empty());
}

TEST_CASE("explore reports a task that is left as a failure, unless that is allowed") {
    auto program = []() -> task<> {
        heddle::channel<> c;
        heddle::go([](heddle::channel<> in) -> task<> { co_await in.receive(); }, c);
        co_return;
    };
    CHECK_THROWS_AS(explore("leak", program), heddle::testing::leaked);
    CHECK(explore("leak", program, {.may_leak = true}).complete);
}

TEST_CASE("explore keeps its bounds") {
    std::multiset<std::string> seen;
    auto program = [&] { return interleaved({3, 3}, seen); };
    auto some = explore("bounded", program, {.schedules = 5});
    CHECK(some.schedules == 5);
    CHECK_FALSE(some.complete);

    auto none = explore("bounded", program, {.deviations = 0});
    CHECK(none.complete);
    CHECK(none.schedules == 1);
    std::size_t before = 1;
    for (std::size_t d = 1; d <= 6; ++d) {
        seen.clear();
        auto more = explore("bounded", program, {.deviations = d});
        CHECK(more.complete);
        CHECK(more.schedules >= before);
        CHECK(seen.size() == std::set<std::string>(seen.begin(), seen.end()).size());
        before = more.schedules;
    }
    CHECK(before == 20);
}

TEST_CASE("explore notices a program that is not deterministic") {
    int run = 0;
    auto program = [&] {
        ++run;
        std::multiset<std::string> seen;
        return [](int n) -> task<> {
            heddle::wait_group wg;
            std::string order;
            for (int i = 0; i < n; ++i) {
                wg.add(1);
                heddle::go(steps, 1, 'x', std::ref(order), std::ref(wg));
            }
            co_await wg.wait();
        }(run == 1 ? 4 : 2);
    };
    CHECK_THROWS_AS(explore("changing", program), std::logic_error);
}

TEST_CASE("with_seeds runs each seed, or only the one of the environment") {
    std::multiset<std::string> seen;
    auto program = [&] { return interleaved({3, 3}, seen); };
    with_seeds("seeds", 50, program);
    CHECK(seen.size() == 50);
    CHECK(std::set<std::string>(seen.begin(), seen.end()).size() > 5);
    seen.clear();
    {
        environment v("HEDDLE_TEST_SEED", "9");
        with_seeds("seeds", 50, program);
    }
    CHECK(seen.size() == 1);
    CHECK_THROWS_AS(with_seeds("locks", 50, [] { return two_locks(false); }),
                    heddle::deadlock);
}

TEST_SUITE_END();
