// SPDX-License-Identifier: BSL-1.0
// Law 70 for what makes a service robust, and for balancers: each allocation may fail.
// Then no value is lost, nobody waits for ever, and the calls that follow work.
#include <heddle/balancer.hpp>
#include <heddle/resilience.hpp>

#include "support/allocations.hpp"
#include "support/fail_each.hpp"
#include "support/world.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <new>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using heddle::task;
using std::ref;
using test::fail_each;
using test::outcome;
using test::tracked;

/// Takes no memory to throw, as a std::runtime_error would.
struct refused {};

bool is_no_memory(const std::exception_ptr& e) {
    try {
        std::rethrow_exception(e);
    } catch (const std::bad_alloc&) {
        return true;
    } catch (...) {
        return false;
    }
}

bool is_refused(const std::exception_ptr& e) {
    try {
        std::rethrow_exception(e);
    } catch (const refused&) {
        return true;
    } catch (...) {
        return false;
    }
}

/// Only one allocation fails: what has failed for want of memory works the second time.
template <class F>
void again_if_no_memory(outcome& o, F f) {
    try {
        f();
    } catch (const std::bad_alloc&) {
        ++o.failed;
        f();
    }
}

/// The tasks of a program that have not ended, and those of them that were served.
struct callers {
    int left = 0;
    int served = 0;
};

/// How often a test lets the others run, at most, until all have ended.
constexpr int patience = 2000;

std::string long_key(int n) {
    return "a key that is too long to be kept in the string: " + std::to_string(n);
}

// -- rate_limiter -------------------------------------------------------------------

task<> limits(outcome& o) {
    heddle::rate_limiter limit(1, 1h, 3);
    auto same = limit;
    co_await limit.acquire();
    co_await same.acquire(2);
    CHECK_FALSE(limit.try_acquire());

    heddle::keyed_rate_limiter<std::string> slow(1, 1h);
    heddle::keyed_rate_limiter<std::string> quick(1, 1ns);
    for (int i = 0; i < 40; ++i) {
        bool first = false, second = true;
        again_if_no_memory(o, [&] { first = slow.try_acquire(long_key(i)); });
        CHECK(first);  // also if there was no memory before: nothing had been taken
        again_if_no_memory(o, [&] { second = slow.try_acquire(long_key(i)); });
        CHECK_FALSE(second);
        again_if_no_memory(o, [&] { (void)quick.try_acquire(long_key(i)); });
    }
    CHECK(slow.size() == 40);
    CHECK(quick.size() <= 20);
}

// -- retry --------------------------------------------------------------------------

task<int> works_at(int& calls, int n) {
    co_await heddle::yield();
    if (++calls < n)
        throw refused();
    co_return n;
}

task<> retries(outcome& o) {
    for (int turn = 0; turn < 2; ++turn) {
        int calls = 0;
        heddle::retry_policy policy;
        policy.first = 0ns;
        policy.again = [&o](const std::exception_ptr& e) {
            o.failed += is_no_memory(e);
            return true;
        };
        try {
            int n = co_await heddle::retry(std::move(policy), works_at, ref(calls), 3);
            CHECK(n == 3);
            CHECK(calls == 3);
        } catch (const std::bad_alloc&) {
            ++o.failed;
            CHECK(calls == 0);
        }
    }
}

// -- circuit_breaker ----------------------------------------------------------------

task<int> answer(const bool& broken) {
    co_await heddle::yield();
    if (broken)
        throw refused();
    co_return 1;
}

struct answers {
    int right = 0;
    int refusals = 0;
    int opens = 0;
};

/// Calls once.
task<> call(heddle::circuit_breaker b, const bool& broken, answers& a, outcome& o) {
    try {
        a.right += co_await b.call(answer, std::cref(broken));
    } catch (const refused&) {
        ++a.refusals;
    } catch (const heddle::circuit_open&) {
        ++a.opens;
    } catch (const std::bad_alloc&) {
        ++o.failed;
    }
}

/// Calls until one of three counts has grown.
task<> call_until_one_more(heddle::circuit_breaker b, const bool& broken, answers& a,
                           outcome& o) {
    int before = a.right + a.refusals + a.opens;
    while (a.right + a.refusals + a.opens == before)
        try {
            co_await call(b, broken, a, o);
        } catch (const std::bad_alloc&) {
            ++o.failed;
        }
}

heddle::circuit_breaker breaker(std::size_t failures, heddle::duration open_for) {
    heddle::breaker_options options;
    options.failures = failures;
    options.open_for = open_for;
    options.counts = is_refused;  // so to have no memory is no failure
    return heddle::circuit_breaker(std::move(options));
}

task<> breaks(outcome& o) {
    heddle::circuit_breaker b = breaker(2, 1h);
    bool broken = true;
    answers a;
    while (a.opens == 0)
        co_await call_until_one_more(b, broken, a, o);
    CHECK(a.refusals == 2);
    CHECK(a.right == 0);
    CHECK(b.open());
}

task<> recovers(outcome& o) {
    heddle::circuit_breaker b = breaker(1, 0ns);
    bool broken = true;
    answers a;
    co_await call_until_one_more(b, broken, a, o);
    CHECK(a.refusals == 1);
    broken = false;
    co_await call_until_one_more(b, broken, a, o);  // the probe, whose place is free
    co_await call_until_one_more(b, broken, a, o);
    CHECK(a.right == 2);
    CHECK(a.opens == 0);
}

// -- single_flight ------------------------------------------------------------------

task<int> land(int& flights) {
    ++flights;
    co_await heddle::yield();
    co_return 7;
}

task<> fly(heddle::single_flight<std::string, int> all, int& flights, callers& c,
           outcome& o) {
    try {
        int n = co_await all.call(long_key(1), land, ref(flights));
        c.served += n == 7;
    } catch (const std::bad_alloc&) {
        ++o.failed;
    }
    --c.left;
}

task<> flies(outcome& o) {
    heddle::single_flight<std::string, int> all;
    for (int round = 0; round < 3; ++round) {
        callers c;
        int flights = 0;
        int before = o.failed;
        for (int i = 0; i < 3; ++i) {
            again_if_no_memory(o, [&] {
                heddle::go(fly(all, flights, c, o));
                ++c.left;
            });
        }
        for (int turn = 0; turn < patience && c.left != 0; ++turn)
            co_await heddle::yield();
        CHECK(c.left == 0);
        CHECK(all.size() == 0);
        if (o.failed == before) {
            CHECK(c.served == 3);
            CHECK(flights == 1);
        }
    }
}

// -- hedge --------------------------------------------------------------------------

task<> rest(int turns) {
    for (int i = 0; i < turns; ++i)
        co_await heddle::yield();
}

/// It needs memory when it runs, too.
task<int> replica(int n, outcome& o) {
    try {
        co_await rest(n);
    } catch (const std::bad_alloc&) {
        ++o.failed;
        throw;
    }
    co_return n;
}

task<> hedges(outcome& o) {
    for (int turn = 0; turn < 3; ++turn)
        try {
            int n = co_await heddle::hedge(0ns, replica(3, o), replica(3, o));
            CHECK(n == 3);
            ++o.done;
        } catch (const std::bad_alloc&) {
            ++o.failed;
        }
    CHECK(o.done >= 2);
}

// -- batcher ------------------------------------------------------------------------

task<> flush(std::vector<tracked> batch, std::size_t& flushed) {
    co_await heddle::yield();
    for (tracked& t : batch)
        flushed += t.value() >= 0;
}

task<> add(heddle::batcher<tracked> to, int n, callers& c, outcome& o) {
    try {
        co_await to.add(tracked(n));
        ++c.served;
    } catch (const std::bad_alloc&) {
        ++o.failed;
    }
    --c.left;
}

task<> batches_of(std::size_t items, outcome& o) {
    std::size_t flushed = 0;
    heddle::batch_options options;
    options.items = items;
    options.after = 0ns;
    heddle::batcher<tracked> all(options, [&flushed](std::vector<tracked> batch) {
        return flush(std::move(batch), flushed);
    });
    for (int round = 0; round < 3; ++round) {
        callers c;
        int before = o.failed;
        flushed = 0;
        for (int i = 0; i < 4; ++i) {
            again_if_no_memory(o, [&] {
                heddle::go(add(all, i, c, o));
                ++c.left;
            });
        }
        for (int turn = 0; turn < patience && c.left != 0; ++turn)
            co_await heddle::yield();
        CHECK(c.left == 0);
        CHECK(all.size() == 0);
        CHECK(flushed == static_cast<std::size_t>(c.served));
        if (o.failed == before)
            CHECK(c.served == 4);
    }
}

task<> batches(outcome& o) {
    static constexpr std::size_t numbers[] = {1, 2, 3, 100};
    for (std::size_t items : numbers)
        try {
            co_await batches_of(items, o);
        } catch (const std::bad_alloc&) {
            ++o.failed;
        }
}

// -- balancer -----------------------------------------------------------------------

struct work {
    int handled = 0;
    int lost = 0;  // workers, each with the request that it handled
    std::size_t started = 0;
};

task<> handle(tracked request, work& done) {
    co_await heddle::yield();
    done.handled += request.value() >= 0;
}

task<> send(heddle::balancer<tracked> to, int n, callers& c, outcome& o) {
    try {
        co_await to.send(tracked(n));
        ++c.served;
    } catch (const std::bad_alloc&) {
        ++o.failed;
    }
    --c.left;
}

struct closes_at_last {
    ~closes_at_last() { all.close(); }
    heddle::balancer<tracked>& all;
};

task<> balances_by(heddle::balancing choose, outcome& o) {
    work done;
    heddle::balancer_options options;
    options.choose = choose;
    options.per_worker = 2;
    options.queue = 2;
    options.failed = [&done, &o](std::size_t, const std::exception_ptr& e) {
        ++done.lost;
        o.failed += is_no_memory(e);
    };
    heddle::balancer<tracked> all(std::move(options));
    {
        closes_at_last at_last{all};
        for (int round = 0; round < 3; ++round) {
            while (done.started < 2 + static_cast<std::size_t>(done.lost))
                again_if_no_memory(o, [&] {
                    auto w = all.add([&done](tracked request) {
                        return handle(std::move(request), done);
                    });
                    CHECK(w.metrics().number == done.started);
                    ++done.started;
                });
            callers c;
            int before = o.failed;
            int settled = done.handled + done.lost;
            for (int i = 0; i < 9; ++i) {
                again_if_no_memory(o, [&] {
                    heddle::go(send(all, i, c, o));
                    ++c.left;
                });
            }
            for (int turn = 0; turn < patience && (c.left != 0 || all.pending() != 0);
                 ++turn)
                co_await heddle::yield();
            CHECK(c.left == 0);
            CHECK(all.pending() == 0);
            CHECK(done.handled + done.lost - settled == c.served);
            if (o.failed == before)
                CHECK(c.served == 9);
        }
    }
    co_await rest(4);  // the workers end
}

task<> balances(outcome& o) {
    using enum heddle::balancing;
    static constexpr heddle::balancing all[] = {least_pending, round_robin,
                                                two_choices};
    for (heddle::balancing choose : all)
        try {
            co_await balances_by(choose, o);
        } catch (const std::bad_alloc&) {
            ++o.failed;
        }
}

}  // namespace

TEST_SUITE_BEGIN("allocation.services");

TEST_CASE("law 70: each allocation of rate limits, also of many keys, may fail, and "
          "takes no turn") {
    CHECK(fail_each(limits) >= 40);
}

TEST_CASE("law 70: each allocation of a retry may fail; those of an attempt are tried "
          "again") {
    CHECK(fail_each(retries) >= 4);
}

TEST_CASE("law 70: each allocation of calls through a circuit_breaker may fail, and "
          "counts as no failure unless the options say so") {
    CHECK(fail_each(breaks) >= 8);
    CHECK(fail_each(recovers) >= 6);
}

TEST_CASE("law 70: each allocation of a single_flight may fail, and nobody waits for "
          "ever") {
    CHECK(fail_each(flies) >= 15);
}

TEST_CASE("law 70: each allocation of a hedge may fail, and the next one works") {
    CHECK(fail_each(hedges) >= 10);
}

TEST_CASE("law 70: each allocation of a batcher may fail: who was told so has added "
          "nothing, and all others have") {
    CHECK(fail_each(batches) >= 40);
}

TEST_CASE("law 70: each allocation of a balancer may fail: no request is lost, but one "
          "whose worker could not begin it, and no number of a worker is passed over") {
    CHECK(fail_each(balances) >= 60);
}

TEST_SUITE_END();
