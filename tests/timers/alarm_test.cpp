// SPDX-License-Identifier: BSL-1.0
// What the timers of a host cost in system calls: how often Asio sets the system's timer.
#include "support/tasks.hpp"
#include "support/world.hpp"

#include <asio/strand.hpp>
#include <doctest/doctest.h>

#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <tuple>

using namespace std::chrono_literals;
using heddle::task;

namespace {

int calls = 0;  // of timerfd_settime, by any thread; the tests here have one thread

}  // namespace

/// Comes before the function of the C library.
extern "C" int timerfd_settime(int fd, int flags, const itimerspec* to,
                               itimerspec* before) noexcept {
    ++calls;
    return static_cast<int>(::syscall(SYS_timerfd_settime, fd, flags, to, before));
}

namespace {

constexpr int sleepers = 40;

task<> sleep_twice(heddle::time_point start, int i, int& woken) {
    for (int round = 0; round < 2; ++round) {
        co_await heddle::sleep_until(start + (round * sleepers + i + 1) * 2ms);
        ++woken;
    }
}

task<> start_sleepers(int& woken) {
    auto start = heddle::now();
    for (int i = 0; i < sleepers; ++i)
        heddle::go(sleep_twice, start, i, std::ref(woken));
    co_return;
}

/// Returns whether timers that come one after the other take some 1.25 calls for each time
/// that tasks wake, or less. A machine that stalls makes them expire together.
template <class Executor>
bool is_cheap(const Executor& ex) {
    asio::io_context ctx{1};
    int woken = 0, wakes = 0;
    const int calls_before = calls;
    heddle::go(ex(ctx), start_sleepers, std::ref(woken));
    for (int before = 0; ctx.run_one() != 0; before = woken)
        wakes += woken != before;
    REQUIRE(woken == 2 * sleepers);
    return calls - calls_before <= wakes + wakes / 4 + 3;
}

template <class Executor>
void check_cheap(const Executor& ex) {
    bool cheap = false;
    for (int tries = 0; tries < 20 && !cheap; ++tries)
        cheap = is_cheap(ex);
    CHECK(cheap);
}

task<> withdraw_timers(int& withdrawn) {
    for (int i = 0; i < 100; ++i) {
        heddle::done_source limit(heddle::done_token(), 3h);
        heddle::channel<int> c;
        std::optional<int> v;
        auto sender = heddle::go(
            [](heddle::sender<int> to) -> task<> {
                co_await heddle::yield();
                co_await to.send(1);
            },
            c);
        auto later = heddle::after(2h);
        withdrawn += co_await heddle::select(c.receive(v), later, limit.token()) == 0;
        co_await sender;
    }
}

/// Returns how many calls 100 timers and 100 deadlines take.
template <class Executor>
int calls_of_withdrawn(const Executor& ex) {
    test::world world;
    heddle::go(ex(world.ctx), test::sleeps, 1h);
    world.settle();
    int withdrawn = 0;
    const int before = calls;
    heddle::go(ex(world.ctx), withdraw_timers, std::ref(withdrawn));
    world.settle();
    CHECK(withdrawn == 100);
    return calls - before;
}

auto plain = [](asio::io_context& ctx) { return ctx.get_executor(); };
auto strand = [](asio::io_context& ctx) { return asio::make_strand(ctx); };
auto worker = [](asio::io_context& ctx) { return heddle::parallel(ctx); };

}  // namespace

TEST_SUITE_BEGIN("alarm");

TEST_CASE(
    "tasks that wake one after the other take one call to the system's timer each, "
    "not two") {
    check_cheap(plain);
    check_cheap(strand);
    check_cheap(worker);
}

TEST_CASE("a timer that is not the next one is set and withdrawn without a call to the "
          "system's timer") {
    CHECK(calls_of_withdrawn(plain) == 0);
    CHECK(calls_of_withdrawn(strand) == 0);
    CHECK(calls_of_withdrawn(worker) < 10);  // it looks for work a few times
}

TEST_CASE("a with_timeout around a wait that does not wait arms nothing") {
    test::world world;
    const int before = calls;
    int sum = 0;
    world.go([&]() -> task<> {
        for (int i = 0; i < 100; ++i) {
            sum += co_await heddle::with_timeout(1s, test::seven());
            co_await heddle::with_timeout(1s, []() -> task<> {
                co_await heddle::yield();  // others run, but the host does not rest
            }());
        }
    });
    world.settle();
    CHECK(sum == 700);
    CHECK(calls == before);
}

TEST_CASE(
    "a task that computes for longer than its limit is cancelled where it waits") {
    test::world world;
    std::string how;
    bool went_on = false;
    world.go([&]() -> task<> {
        how = co_await test::ending(heddle::with_timeout(1ms, [](bool& on) -> task<> {
            for (auto end = heddle::now() + 2ms; heddle::now() < end;)
                ;
            on = true;
            co_await heddle::channel<>().receive();
        }(went_on)));
    });
    world.ctx.run();
    CHECK(how == "timed out");
    CHECK(went_on);
}

TEST_CASE("an alarm that is armed ahead holds up no context") {
    test::world world;
    heddle::channel<> enough;
    for (auto d : {1h, 2h, 3h})
        heddle::go(
            world.ctx,
            [](heddle::receiver<> stop, auto until) -> task<> {
                co_await heddle::select(stop.receive(std::ignore),
                                        heddle::after(until));
            },
            enough, d);
    heddle::go(
        world.ctx,
        [](heddle::channel<> stop) -> task<> {
            co_await heddle::sleep(1ms);
            stop.close();
        },
        enough);
    world.ctx.run();
    CHECK(world.live() == 0);
}

TEST_SUITE_END();
