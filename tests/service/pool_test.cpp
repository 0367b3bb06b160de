// SPDX-License-Identifier: BSL-1.0
// The promises of pool and lease, in virtual time.
#include <heddle/pool.hpp>

#include "support/ending.hpp"
#include "support/world.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using heddle::go;
using heddle::lease;
using heddle::pool;
using heddle::pool_options;
using heddle::pool_place;
using heddle::task;
using std::ref;
using test::ending;
using test::ending_of_call;
using test::lines;
using test::run_virtual;
using test::trace;
using test::world;

/// What is dear to make: it says when it is made and destroyed.
class thing {
public:
    thing(trace& t, int n) : log_(&t), n_(n) { t("make " + std::to_string(n)); }
    thing(thing&& o) noexcept : log_(std::exchange(o.log_, nullptr)), n_(o.n_) {}
    ~thing() {
        if (log_)
            (*log_)("end " + std::to_string(n_));
    }
    int number() const { return n_; }

private:
    trace* log_;
    int n_;
};

/// Makes things with the numbers 1, 2, ..., each in a second.
struct maker {
    explicit maker(trace& t) : log(&t) {}
    task<thing> operator()() {
        co_await heddle::sleep(1s);
        co_return thing(*log, ++*made);
    }
    trace* log;
    std::shared_ptr<int> made = std::make_shared<int>(0);
};

bool same(heddle::pool_counts c, std::size_t idle, std::size_t lent) {
    return c.idle == idle && c.lent == lent;
}

task<> use(pool<thing>& p, heddle::duration d, trace& log, std::string who) {
    auto mine = co_await p.take();
    log(who + " has " + std::to_string(mine->number()));
    co_await heddle::sleep(d);
}

}  // namespace

TEST_SUITE_BEGIN("pool");

TEST_CASE("an object is made, lent, put back and lent again") {
    auto main = [](trace& log) -> task<> {
        pool<thing> p{maker(log)};
        CHECK(same(p.counts(), 0, 0));
        {
            auto a = co_await p.take();
            CHECK(a);
            CHECK((*a).number() == 1);
            CHECK(same(p.counts(), 0, 1));
        }
        CHECK(same(p.counts(), 1, 0));
        auto start = heddle::now();
        auto b = co_await p.take();
        CHECK(b->number() == 1);
        CHECK(heddle::now() == start);  // nothing was made
    };
    trace log;
    run_virtual(main(log));
    CHECK(log.take() == lines{"make 1", "end 1"});
}

TEST_CASE("beyond the limit callers wait, and go on in order of arrival") {
    auto main = [](trace& log) -> task<> {
        pool<thing> p(maker(log), {.limit = 2});
        heddle::wait_group all;
        for (auto who : {"ann", "bob", "cat", "dan"})
            all.go(use, ref(p), 10s, ref(log), std::string(who));
        co_await heddle::sleep(5s);
        CHECK(same(p.counts(), 0, 2));
        co_await all.wait();
        CHECK(same(p.counts(), 2, 0));
    };
    trace log;
    run_virtual(main(log));
    auto seen = log.take();
    std::ranges::sort(seen.begin(), seen.begin() + 4);  // two are made at the same time
    CHECK(lines(seen.begin(), seen.begin() + 4) ==
          lines{"ann has 1", "bob has 2", "make 1", "make 2"});
    REQUIRE(seen.size() == 8);
    CHECK(seen[4].starts_with("cat has "));
    CHECK(seen[5].starts_with("dan has "));
}

TEST_CASE("the object that was put back last is lent first") {
    auto main = [](trace& log) -> task<> {
        pool<thing> p{maker(log)};
        std::optional<lease<thing>> a(co_await p.take()), b(co_await p.take());
        a.reset();
        b.reset();
        auto c = co_await p.take();
        CHECK(c->number() == 2);
    };
    trace log;
    run_virtual(main(log));
}

TEST_CASE("an object that lies too long is destroyed, with no call to the pool") {
    auto main = [](trace& log) -> task<> {
        pool<thing> p(maker(log), {.idle = 10s});
        std::optional<lease<thing>> a(co_await p.take()), b(co_await p.take());
        a.reset();  // at 2 s
        co_await heddle::sleep(5s);
        b.reset();  // at 7 s
        co_await heddle::sleep(4999ms);
        log("11.999 s");
        co_await heddle::sleep(2ms);
        log("12.001 s");
        co_await heddle::sleep(5s);
        log("17.001 s");
        CHECK(same(p.counts(), 0, 0));
        a.emplace(co_await p.take());
        CHECK((*a)->number() == 3);
    };
    trace log;
    run_virtual(main(log));
    CHECK(log.take() == lines{"make 1", "make 2", "11.999 s", "end 1", "12.001 s",
                              "end 2", "17.001 s", "make 3", "end 3"});
}

TEST_CASE("an object for ever, if idle is duration::max()") {
    auto main = [](trace& log) -> task<> {
        pool<thing> p(maker(log), {.idle = heddle::duration::max()});
        (void)co_await p.take();
        co_await heddle::sleep(1h);
        CHECK(same(p.counts(), 1, 0));
        CHECK((co_await p.take())->number() == 1);
    };
    trace log;
    run_virtual(main(log));
}

TEST_CASE("one that is not healthy is destroyed, and the next is looked at") {
    auto main = [](trace& log, bool later) -> task<> {
        auto odd = [](thing& t) { return t.number() % 2 == 1; };
        auto odd_later = [](thing& t) -> task<bool> {
            co_await heddle::sleep(1s);
            co_return t.number() % 2 == 1;
        };
        std::optional<pool<thing>> p;
        if (later)
            p.emplace(maker(log), odd_later);
        else
            p.emplace(maker(log), odd);
        {
            std::vector<lease<thing>> all;
            for (int i = 0; i < 3; ++i)
                all.push_back(co_await p->take());
            std::swap(all[0], all[2]);  // 2 is put back last but one
        }
        auto a = co_await p->take();
        auto b = co_await p->take();
        auto c = co_await p->take();
        log(std::to_string(a->number()) + std::to_string(b->number()) +
            std::to_string(c->number()));
    };
    for (bool later : {false, true}) {
        trace log;
        run_virtual(main(log, later));
        auto seen = log.take();
        CHECK(std::ranges::count(seen, "end 2") == 1);
        CHECK(std::ranges::find(seen, "end 2") < std::ranges::find(seen, "make 4"));
        bool either =
            std::ranges::count(seen, "134") + std::ranges::count(seen, "314") == 1;
        CHECK(either);
    }
}

TEST_CASE("an exception of making one is passed on, and the place is free") {
    auto main = []() -> task<> {
        int calls = 0;
        auto make = [&calls]() -> task<int> {
            if (++calls == 1)
                throw std::runtime_error("no server");
            co_return calls;
        };
        pool<int> p(make, {.limit = 1});
        CHECK(co_await ending(p.take()) == "no server");
        CHECK(same(p.counts(), 0, 0));
        auto second = co_await p.take();
        CHECK(*second == 2);
    };
    run_virtual(main());
}

TEST_CASE("an exception of the look at one destroys it") {
    auto main = [](trace& log) -> task<> {
        auto look = [](thing&) -> bool { throw std::runtime_error("look"); };
        pool<thing> p(maker(log), look);
        (void)co_await p.take();
        CHECK(co_await ending(p.take()) == "look");
        CHECK(same(p.counts(), 0, 0));
    };
    trace log;
    run_virtual(main(log));
    CHECK(log.take() == lines{"make 1", "end 1"});
}

TEST_CASE("discard() destroys a broken object, and gives the place to the next") {
    auto main = [](trace& log) -> task<> {
        pool<thing> p(maker(log), {.limit = 1});
        auto a = co_await p.take();
        auto waiting = go(use, ref(p), 0s, ref(log), std::string("bob"));
        co_await heddle::sleep(1s);
        a.discard();
        CHECK_FALSE(a);
        co_await waiting;
        CHECK_FALSE(a);
    };
    trace log;
    run_virtual(main(log));
    CHECK(log.take() == lines{"make 1", "end 1", "make 2", "bob has 2", "end 2"});
}

TEST_CASE("a take that is cancelled has taken nothing, wherever it was") {
    auto main = [](trace& log) -> task<> {
        auto slow_look = [](thing&) -> task<bool> {
            co_await heddle::sleep(1s);
            co_return true;
        };
        pool<thing> p(maker(log), slow_look, {.limit = 1});
        auto end = [&p](heddle::duration d) -> task<std::string> {
            co_return co_await ending(heddle::with_timeout(d, p.take()));
        };
        CHECK(co_await end(500ms) == "timed out");  // while it is made
        CHECK(same(p.counts(), 0, 0));
        {
            auto a = co_await p.take();
            CHECK(co_await end(500ms) == "timed out");  // while it waits for a place
            CHECK(same(p.counts(), 0, 1));
        }
        CHECK(co_await end(500ms) == "timed out");  // while it is looked at
        CHECK(same(p.counts(), 1, 0));
        auto b = co_await p.take();
        CHECK(b->number() == 1);
    };
    trace log;
    run_virtual(main(log));
    CHECK(log.take() == lines{"make 1", "end 1"});
}

TEST_CASE("a place is an arm, and goes back if it is not used") {
    auto main = [](trace& log) -> task<> {
        pool<thing> p(maker(log), {.limit = 1});
        std::optional<pool_place<thing>> place, other;
        CHECK(co_await heddle::select(p.place(place), heddle::after(1s)) == 0);
        CHECK(co_await heddle::select(p.place(other), heddle::after(1s)) == 1);
        CHECK_FALSE(other);
        CHECK(same(p.counts(), 0, 1));
        {
            auto a = co_await p.take(*std::move(place));
            CHECK(a->number() == 1);
            CHECK(co_await heddle::select(p.place(other), heddle::after(1s)) == 1);
        }
        co_await p.place(other);
        CHECK(other);
        CHECK(co_await heddle::select(p.place(place), heddle::after(1s)) == 1);
        other.reset();
        CHECK(same(p.counts(), 1, 0));
        co_await p.place(place);
    };
    trace log;
    run_virtual(main(log));
    CHECK(log.take() == lines{"make 1", "end 1"});
}

TEST_CASE("a pool that is destroyed destroys what lies in it; a lease may outlive it") {
    auto main = [](trace& log) -> task<> {
        std::optional<pool<thing>> p(std::in_place, maker(log));
        std::optional<lease<thing>> a(co_await p->take()), b(co_await p->take());
        a.reset();
        p.reset();
        log("pool has gone");
        co_await heddle::sleep(1ms);  // the task that waits for old ones ends
        CHECK((*b)->number() == 2);
        b.reset();
        log("lease has gone");
        CHECK(heddle::live_tasks(heddle::this_task::executor().context()) == 1);
    };
    trace log;
    run_virtual(main(log));
    CHECK(log.take() == lines{"make 1", "make 2", "end 1", "pool has gone", "end 2",
                              "lease has gone"});
}

TEST_CASE(
    "a take under way outlives the pool, and its object ends when it comes back") {
    auto main = [](trace& log) -> task<> {
        std::optional<pool<thing>> p(std::in_place, maker(log),
                                     pool_options{.limit = 1});
        auto taking = go(p->take());
        co_await heddle::sleep(500ms);
        p.reset();
        {
            auto a = co_await taking;
            CHECK(a->number() == 1);
        }
        log("back");
    };
    trace log;
    run_virtual(main(log));
    CHECK(log.take() == lines{"make 1", "end 1", "back"});
}

TEST_CASE(
    "a context that ends takes the tasks of a pool along, and the pool stays usable") {
    auto make = []() -> task<int> { co_return 1; };
    pool<int> quick(make, {.idle = 1h});
    auto once = [](pool<int>& from) -> task<> { (void)co_await from.take(); };
    {
        world w;
        w.go(once, ref(quick));
        w.settle();
    }
    CHECK(same(quick.counts(), 1, 0));
    run_virtual(once(quick));
    CHECK(same(quick.counts(), 1, 0));
}

TEST_CASE("leases move, and are put back once") {
    auto main = [](trace& log) -> task<> {
        pool<thing> p{maker(log)};
        auto a = co_await p.take();
        auto b = std::move(a);
        CHECK_FALSE(a);
        CHECK(b);
        auto c = co_await p.take();
        c = std::move(b);
        CHECK(c->number() == 1);
        CHECK(same(p.counts(), 1, 1));
    };
    trace log;
    run_virtual(main(log));
    CHECK(log.take() == lines{"make 1", "make 2", "end 1", "end 2"});
}

TEST_CASE("options that make no sense are refused by name") {
    trace log;
    CHECK(ending_of_call([&] { pool<thing> p(maker(log), {.limit = 0}); }) ==
          "heddle: pool_options: limit is 0: it must be 1 or more");
    CHECK(ending_of_call([&] { pool<thing> p(maker(log), {.limit = -3}); }) ==
          "heddle: pool_options: limit is -3: it must be 1 or more");
    for (auto idle : {0s, -1s})
        CHECK(ending_of_call([&] { pool<thing> p(maker(log), {.idle = idle}); }) ==
              "heddle: pool_options: idle must be more than zero; duration::max() "
              "keeps objects for ever");
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("pool.threads");

TEST_CASE("tasks on several threads share a pool: no object has two users") {
    struct counted {
        explicit counted(int n) : number(n) {}
        int number;
        bool used = false;
    };
    for (int round = 0; round < 20; ++round) {
        std::atomic<int> made{0}, taken{0};
        auto make = [&made]() -> task<counted> {
            co_await heddle::yield();
            co_return counted(++made);
        };
        auto main = [&]() -> task<> {
            pool<counted> p(make, {.limit = 3});
            auto use = [&]() -> task<> {
                for (int i = 0; i < 50; ++i) {
                    auto c = co_await p.take();
                    CHECK_FALSE(std::exchange(c->used, true));
                    co_await heddle::yield();
                    c->used = false;
                    if (++taken % 17 == 0)
                        c.discard();
                }
            };
            heddle::wait_group all;
            for (int i = 0; i < 8; ++i)
                all.go(use);
            co_await all.wait();
            CHECK(p.counts().lent == 0);
            CHECK(p.counts().idle <= 3);
        };
        heddle::run({.threads = 3}, main());
        CHECK(taken == 400);
        CHECK(made >= 1 + 400 / 17);
    }
}

TEST_SUITE_END();
