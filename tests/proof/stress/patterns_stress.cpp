// SPDX-License-Identifier: BSL-1.0
// Several threads, each with a context of its own, use the patterns at the same time.
#include <heddle/heddle.hpp>

#include "support/loom.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

namespace {

using heddle::task;
using std::ref;

constexpr int callers = 8;
constexpr int rounds = 3000;

struct counters {
    std::atomic<long> replies{0};
    std::atomic<int> refused{0};
    std::atomic<int> thrown{0};
};

task<int> increment(int& n) {
    int before = n;
    if (before % 3 == 0)
        co_await heddle::yield();  // no other call runs meanwhile
    if (before % 100 == 99) {
        n = before + 1;
        throw before;
    }
    co_return n = before + 1;
}

using counter = std::shared_ptr<heddle::actor<int>>;

task<> call_often(heddle::receiver<counter> made, counters& c) {
    counter a = *co_await made.receive();
    for (int i = 0; i < rounds; ++i)
        try {
            c.replies += co_await a->call(increment);
        } catch (int n) {
            c.replies += n + 1;
            ++c.thrown;
        }
}

task<> call_until_refused(heddle::receiver<counter> made, counters& c) {
    counter a = *co_await made.receive();
    try {
        for (auto f = [](int& n) { return ++n; };;) {
            co_await a->cast(f);
            co_await heddle::with_timeout(heddle::duration(1000), a->call(f));
        }
    } catch (const heddle::channel_closed&) {
        ++c.refused;
    } catch (const heddle::timed_out&) {
        ++c.refused;
    } catch (const heddle::cancelled&) {
        ++c.refused;
    }
}

task<> make(heddle::sender<counter> made, heddle::receiver<> ended, int to) {
    auto a = std::make_shared<heddle::actor<int>>(0);
    for (int i = 0; i < callers; ++i)
        co_await made.send(a);
    for (int i = 0; i < to; ++i)
        (void)co_await ended.receive();
    co_await a->stop();
}

task<> then_tell(heddle::sender<> ended, task<> work) {
    co_await std::move(work);
    co_await ended.send();
}

task<> count(heddle::sender<int> out, int from) {
    for (int i = 0; i < rounds; ++i)
        co_await out.send(from + i);
}

task<> give_away(heddle::sender<heddle::receiver<int>> to, int from) {
    auto numbers = heddle::generate<int>(count, from);
    co_await to.send(heddle::unbounded(numbers));
}

task<> read_all(heddle::receiver<heddle::receiver<int>> from, std::atomic<int>& wrong) {
    std::vector<heddle::receiver<int>> inputs;
    std::vector<int> next;
    for (int i = 0; i < callers; ++i) {
        inputs.push_back(*co_await from.receive());
        next.push_back(i * rounds);
    }
    auto all = heddle::merge(std::move(inputs));
    int n = 0;
    while (auto v = co_await all.receive()) {
        wrong += *v != next[static_cast<std::size_t>(*v / rounds)]++;
        ++n;
    }
    wrong += n != callers * rounds;
}

}  // namespace

TEST_SUITE_BEGIN("stress.patterns");

TEST_CASE("calls from many threads run one at a time") {
    test::loom loom;
    counters c;
    heddle::channel<counter> made;
    heddle::channel<> ended(callers);
    loom.go(make, made, ended, callers);
    for (int i = 0; i < callers; ++i)
        loom.go(then_tell, ended, call_often(made, c));
    loom.finish();
    constexpr long n = long(callers) * rounds;
    CHECK(c.replies == n * (n + 1) / 2);
    CHECK(c.thrown == n / 100);
}

TEST_CASE("an actor stops while callers on other threads come and go") {
    test::loom loom;
    counters c;
    heddle::channel<counter> made;
    heddle::channel<> ended(callers);
    loom.go(make, made, ended, 0);
    for (int i = 0; i < callers; ++i)
        loom.go(then_tell, ended, call_until_refused(made, c));
    loom.finish();
    CHECK(c.refused == callers);
}

TEST_CASE("generators, buffers and a merge on different threads lose nothing") {
    test::loom loom;
    std::atomic<int> wrong{0};
    heddle::channel<heddle::receiver<int>> parts;
    for (int i = 0; i < callers; ++i)
        loom.go(give_away, parts, i * rounds);
    loom.go(read_all, parts, ref(wrong));
    loom.finish();
    CHECK(wrong == 0);
}

TEST_SUITE_END();
