// SPDX-License-Identifier: BSL-1.0
// Law 70 for channels that drop, permits, broadcasts, watches, oneshots, notifications and
// shared locks; and that those which promise it take no memory to wait.
//
// It is part of the program that replaces operator new.
#include "support/allocations.hpp"
#include "support/world.hpp"

#include <heddle/broadcast.hpp>
#include <heddle/channel_owner.hpp>
#include <heddle/oneshot.hpp>
#include <heddle/selector.hpp>
#include <heddle/watch.hpp>

#include <doctest/doctest.h>

#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using heddle::task;
using test::tracked;

struct heavy {
    std::size_t operator()(const tracked&) const noexcept { return 1; }
};

void channels_that_drop() {
    heddle::channel<tracked> c(1, heddle::drop_oldest);
    CHECK(c.try_send(tracked(1)) == heddle::try_status::done);
    CHECK(c.try_send(tracked(2)) == heddle::try_status::done);
    heddle::channel<tracked> weighed(2, heddle::weight_limit(1, heavy()));
    CHECK(weighed.try_send(tracked(3)) == heddle::try_status::done);
}

void permits() {
    heddle::channel<tracked> c(1);
    auto room = c.try_reserve();
    room.send(tracked(1));
    std::vector<tracked> got;
    (void)c.receive_many(got, 5);
}

void close_with_a_cause() {
    heddle::channel<tracked> c(1);
    CHECK(c.try_send(tracked(1)) == heddle::try_status::done);
    auto why = std::make_exception_ptr(1);
    try {
        c.close(why);
    } catch (const std::bad_alloc&) {
        CHECK_FALSE(c.closed());
        throw;
    }
    CHECK(c.cause() == why);
}

void owners() {
    heddle::channel<tracked> c;
    heddle::owning_sender<tracked> out(c);
    heddle::owning_receiver<tracked> in(c);
}

void broadcasts() {
    heddle::broadcast<tracked> b(2);
    auto in = b.subscribe();
    auto status = b.try_send(tracked(1));  // a CHECK would catch what it throws
    CHECK(status == heddle::try_status::done);
    std::shared_ptr<const tracked> v;
    CHECK(in.try_receive(v) == heddle::try_status::done);
    try {
        status = b.try_send(tracked(2));
        CHECK(status == heddle::try_status::done);
    } catch (const std::bad_alloc&) {
        CHECK(in.size() == 0);
        throw;
    }
}

void watches() {
    heddle::watch<tracked> w(1);
    auto in = w.subscribe();
    (void)in.get();
    try {
        w.set(tracked(2));
        w.update([](const tracked& t) { return tracked(t.value() + 1); });
    } catch (const std::bad_alloc&) {
        CHECK(w.get()->value() <= 2);
        throw;
    }
    CHECK(w.get()->value() == 3);
}

void oneshots() {
    auto [promise, future] = heddle::oneshot<tracked>();
    auto why = std::make_exception_ptr(1);
    try {
        bool given = promise.fail(why);
        CHECK(given);
    } catch (const std::bad_alloc&) {
        CHECK_FALSE(future.ready());
        CHECK(promise.set(tracked(1)));
        throw;
    }
}

void locks() {
    heddle::notify n;
    heddle::shared_mutex m;
    heddle::condition_variable c;
}

/// Runs the program once for each allocation that it makes, and lets that one fail.
/// Returns how many there are.
std::size_t fail_each(void (*program)()) {
    program();  // makes the allocations that the process makes only once
    for (std::size_t k = 0;; ++k) {
        CAPTURE(k);
        test::empty_frame_pools();
        long before = test::live_blocks();
        bool reached, failed = false;
        {
            test::failing_allocation one(k);
            try {
                program();
            } catch (const std::bad_alloc&) {
                failed = true;
            } catch (const std::length_error&) {  // for a capacity that cannot be had
                failed = true;
            }
            reached = one.happened();
        }
        test::empty_frame_pools();
        CHECK(test::live_blocks() == before);
        CHECK(tracked::alive() == 0);
        CHECK(failed == reached);
        if (!reached)
            return k;
    }
}

struct shop {
    heddle::mutex m;
    heddle::condition_variable changed;
};

task<> wait_in(shop& s, std::string& how) {
    auto held = co_await s.m.lock();
    try {
        co_await s.changed.wait(held);
        how = "notified";
    } catch (const std::bad_alloc&) {
        how = held ? "no memory, holding" : "no memory";
    }
}

task<> wait_everywhere(heddle::notify& n, heddle::shared_mutex& m,
                       heddle::watcher<int>& w, heddle::channel<int> c) {
    co_await n.wait();
    {
        auto reading = co_await m.lock_shared();
        co_await heddle::yield();
    }
    {
        auto writing = co_await m.lock();
        co_await heddle::yield();
    }
    bool news = co_await w.changed();
    CHECK(news);
    auto room = co_await c.reserve();
    room.send(1);
}

}  // namespace

TEST_SUITE_BEGIN("allocation.kinds");

TEST_CASE(
    "law 70: each allocation of the other kinds of channels and locks may fail: then "
    "nothing has changed, and nothing leaks") {
    std::size_t n = 0;
    for (auto program : {channels_that_drop, permits, close_with_a_cause, owners,
                         broadcasts, watches, oneshots, locks})
        n += fail_each(program);
    MESSAGE(n << " allocations were made to fail, one at a time");
    CHECK(n >= 20);
}

TEST_CASE(
    "law 70: a task that cannot wait for a condition, as there is no memory, has the "
    "mutex still") {
    std::string how;
    for (std::size_t k = 0; how != "notified"; ++k) {
        CAPTURE(k);
        test::world w;
        shop s;
        w.go([] {});
        w.settle();
        test::empty_frame_pools();
        how.clear();
        {
            test::failing_allocation one(k);
            try {
                w.go(wait_in, std::ref(s), std::ref(how));
                w.settle();
            } catch (const std::bad_alloc&) {
                how = "not started";
            }
            if (!one.happened())
                s.changed.notify_one();
        }
        w.settle();
        if (how.empty())
            s.changed.notify_one(), w.settle();
        CHECK(how != "no memory");
        CHECK(s.m.try_lock());
        REQUIRE(k < 100);
    }
}

namespace {

/// A std::deque has a block for each.
struct wide : tracked {
    using tracked::tracked;
    char more[512] = {};
};

/// What was received, in order, and how often there was no memory.
struct received {
    std::vector<int> values;
    int failed = 0;
};

/// Notes what is in the container, and empties it with all its memory.
template <class Container>
void take_out(Container& got, received& r) {
    for (wide& t : got)
        r.values.push_back(t.value());
    got.clear();
    if constexpr (requires { got.shrink_to_fit(); })
        got.shrink_to_fit();
}

/// Only one allocation fails: what has failed for want of memory works the second time.
template <class F>
void again_if_no_memory(int& failed, F f) {
    try {
        f();
    } catch (const std::bad_alloc&) {
        ++failed;
        f();
    }
}

template <class Container>
task<> receive_until_closed(heddle::channel<wide> c, received& r) {
    std::optional<Container> got;
    again_if_no_memory(r.failed, [&got] { got.emplace(); });
    for (std::size_t n = 1; n != 0;) {
        try {
            n = co_await c.receive_many(*got, 3);
            CHECK(n == got->size());
        } catch (const std::bad_alloc&) {
            ++r.failed;
            CHECK(got->empty());
        }
        take_out(*got, r);
    }
}

template <class Container>
task<> receive_in_a_selector(heddle::channel<wide> c, received& r) {
    Container got;
    heddle::selector all;
    again_if_no_memory(r.failed, [&] { all.add(c.receive_many(got, 3)); });
    for (bool more = true; more;) {
        try {
            (void)co_await all.next();
            more = !got.empty();
        } catch (const std::bad_alloc&) {
            ++r.failed;
            CHECK(got.empty());
        }
        take_out(got, r);
    }
}

/// Sends 0 ... 9, some before the receiver waits and some to one that waits, while one
/// allocation after the other fails.
std::size_t fail_each_of(task<> (*receive)(heddle::channel<wide>, received&)) {
    for (std::size_t k = 0;; ++k) {
        CAPTURE(k);
        bool reached = false;
        {
            test::world w;
            w.go([] {});  // now the host and its service exist
            w.settle();
            heddle::channel<wide> c(4);
            received r;
            r.values.reserve(20);
            auto send = [&c](int from, int to) {
                for (int i = from; i < to; ++i)
                    CHECK(c.try_send(wide(i)) == heddle::try_status::done);
            };
            send(0, 4);
            w.go(receive(c, r));  // it has a frame, but has not begun
            {
                test::failing_allocation one(k);
                w.settle();
                send(4, 5);
                w.settle();
                send(5, 6);
                w.settle();
                send(6, 10);
                w.settle();
                c.close();
                w.settle();
                reached = one.happened();
            }
            CHECK(r.values == std::vector{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
            CHECK(w.live() == 0);
        }
        CHECK(tracked::alive() == 0);
        REQUIRE(k < 200);
        if (!reached)
            return k;
    }
}

}  // namespace

TEST_CASE(
    "law 70: each allocation of a receive of many values may fail, and no value is "
    "lost: into a vector, a deque, a list, and in a selector") {
    CHECK(fail_each_of(receive_until_closed<std::vector<wide>>) >= 4);
    CHECK(fail_each_of(receive_until_closed<std::deque<wide>>) >= 4);
    CHECK(fail_each_of(receive_until_closed<std::list<wide>>) >= 10);
    CHECK(fail_each_of(receive_in_a_selector<std::vector<wide>>) >= 4);
}

TEST_CASE("notify, shared_mutex, watch and permits take no memory to wait") {
    if (!test::recycling)
        return;
    test::world w;
    heddle::notify n;
    heddle::shared_mutex m;
    heddle::watch<int> v(1);
    auto in = v.subscribe();
    heddle::channel<int> c(1);
    CHECK(c.try_reserve());  // the first takes memory
    auto run = [&] {
        for (int turn = 0; turn < 2; ++turn) {
            (void)in.get();
            std::optional<heddle::shared_mutex::guard> held(m.try_lock());
            CHECK(c.try_send(0) == heddle::try_status::done);
            w.go(wait_everywhere, std::ref(n), std::ref(m), std::ref(in), c);
            v.set(turn);
            (void)in.get();
            auto before = test::allocations();
            w.settle();
            n.notify_one();
            w.settle();
            held.reset();
            w.settle();
            auto after = test::allocations();
            v.set(turn);
            w.settle();
            std::optional<int> got;
            CHECK(c.try_receive(got) == heddle::try_status::done);
            auto waiting = test::allocations();
            w.settle();
            CHECK(c.try_receive(got) == heddle::try_status::done);
            CHECK(test::allocations() == waiting);
            CHECK(got == 1);
            if (turn == 1)
                CHECK(after == before);
        }
    };
    run();
    CHECK(w.live() == 0);
}

TEST_SUITE_END();
