// SPDX-License-Identifier: BSL-1.0
// Each case is a rule of the Go memory model, go.dev/ref/mem. Two threads share plain variables, which only the
// rule of the case orders: so TSan reports a rule that does not hold, and each value that is read is compared, too.
#include <heddle/heddle.hpp>

#include "support/loom.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <tuple>
#include <vector>

namespace {

using test::loom;

using channel = heddle::channel<>;
using cells = std::vector<int>;

/// So often each case happens: with a variable of its own each time, which no earlier round has ordered.
constexpr std::size_t rounds = 20'000;

/// What the writer of a round writes.
constexpr int word(std::size_t round) { return static_cast<int>(round) + 1; }

/// How many of the words that were read are not those that were written.
int wrong(const cells& read) {
    int n = 0;
    for (std::size_t i = 0; i < read.size(); ++i)
        n += read[i] != word(i);
    return n;
}

/// Two threads, and for each round a variable that is written, and what the reader has seen in it.
struct litmus {
    loom threads{2};
    cells written = cells(rounds);
    cells read = cells(rounds);

    void finish() {
        threads.finish();
        CHECK(wrong(read) == 0);
    }
};

}  // namespace

TEST_SUITE_BEGIN("stress.litmus");

// -- channels -----------------------------------------------------------------------

// "A send on a channel is synchronized before the completion of the corresponding receive from that channel."
TEST_CASE("law 15: a send happens before its receive completes") {
    for (int capacity : {0, 1, 10}) {
        CAPTURE(capacity);
        litmus l;
        channel c(capacity);
        l.threads.go(
            +[](cells& x, channel out) -> heddle::task<> {
                for (std::size_t i = 0; i < rounds; ++i) {
                    x[i] = word(i);
                    co_await out.send();
                }
            },
            l.written, c);
        l.threads.go(
            +[](const cells& x, cells& read, channel in) -> heddle::task<> {
                for (std::size_t i = 0; i < rounds; ++i) {
                    co_await in.receive();
                    read[i] = x[i];
                }
            },
            l.written, l.read, c);
        l.finish();
    }
}

// The same rule, where a select sends, and a select receives.
TEST_CASE(
    "law 15: a send of a select happens before the receive of a select completes") {
    for (int capacity : {0, 1}) {
        CAPTURE(capacity);
        litmus l;
        channel c(capacity), never;
        l.threads.go(
            +[](cells& x, channel out, channel other) -> heddle::task<> {
                for (std::size_t i = 0; i < rounds; ++i) {
                    x[i] = word(i);
                    co_await heddle::select(out.send(), other.send());
                }
            },
            l.written, c, never);
        l.threads.go(
            +[](const cells& x, cells& read, channel in,
                channel other) -> heddle::task<> {
                for (std::size_t i = 0; i < rounds; ++i) {
                    co_await heddle::select(in.receive(std::ignore),
                                            other.receive(std::ignore));
                    read[i] = x[i];
                }
            },
            l.written, l.read, c, never);
        l.finish();
    }
}

// The same rule, where neither side waits.
TEST_CASE("law 15: a try_send happens before the try_receive that takes its value") {
    litmus l;
    channel c(4);
    l.threads.go(
        +[](cells& x, channel out) -> heddle::task<> {
            for (std::size_t i = 0; i < rounds; ++i) {
                x[i] = word(i);
                while (out.try_send() != heddle::try_status::done)
                    co_await heddle::yield();
            }
        },
        l.written, c);
    l.threads.go(
        +[](const cells& x, cells& read, channel in) -> heddle::task<> {
            std::optional<heddle::unit> v;
            for (std::size_t i = 0; i < rounds; ++i) {
                while (in.try_receive(v) != heddle::try_status::done)
                    co_await heddle::yield();
                read[i] = x[i];
            }
        },
        l.written, l.read, c);
    l.finish();
}

// "The closing of a channel is synchronized before a receive that returns a zero value because the channel is closed."
TEST_CASE("law 15: a close happens before a receive that returns empty") {
    litmus l;
    std::vector<channel> c(rounds);
    for (auto& each : c)
        each = channel();
    l.threads.go(
        +[](cells& x, std::vector<channel>& closed) -> heddle::task<> {
            for (std::size_t i = 0; i < rounds; ++i) {
                x[i] = word(i);
                closed[i].close();
                if (i % 16 == 0)
                    co_await heddle::yield();
            }
        },
        l.written, c);
    l.threads.go(
        +[](const cells& x, cells& read,
            std::vector<channel>& closed) -> heddle::task<> {
            for (std::size_t i = 0; i < rounds; ++i) {
                auto signal = co_await closed[i].receive();
                if (!signal)
                    read[i] = x[i];
            }
        },
        l.written, l.read, c);
    l.finish();
}

// "A receive from an unbuffered channel is synchronized before the completion of the corresponding send on that channel."
TEST_CASE("law 15: a receive without a buffer happens before its send completes") {
    litmus l;
    channel c;
    l.threads.go(
        +[](cells& x, channel in) -> heddle::task<> {
            for (std::size_t i = 0; i < rounds; ++i) {
                x[i] = word(i);
                co_await in.receive();
            }
        },
        l.written, c);
    l.threads.go(
        +[](const cells& x, cells& read, channel out) -> heddle::task<> {
            for (std::size_t i = 0; i < rounds; ++i) {
                co_await out.send();
                read[i] = x[i];
            }
        },
        l.written, l.read, c);
    l.finish();
}

// "The kth receive from a channel with capacity C is synchronized before the completion of the k+Cth send on that
// channel."
TEST_CASE("law 15: receive k happens before send k + C completes") {
    for (std::size_t capacity : {1U, 3U, 10U}) {
        CAPTURE(capacity);
        litmus l;
        channel c(capacity);
        l.threads.go(
            +[](cells& x, channel in) -> heddle::task<> {
                for (std::size_t i = 0; i < rounds; ++i) {
                    x[i] = word(i);
                    co_await in.receive();
                }
            },
            l.written, c);
        l.threads.go(
            +[](const cells& x, cells& read, channel out,
                std::size_t most) -> heddle::task<> {
                for (std::size_t i = 0; i < rounds + most; ++i) {
                    co_await out.send();
                    if (i >= most)
                        read[i - most] = x[i - most];
                }
            },
            l.written, l.read, c, capacity);
        l.finish();
    }
}

// -- tasks --------------------------------------------------------------------------

namespace {

heddle::task<> read_one(std::reference_wrapper<const int> from,
                        std::reference_wrapper<int> to) {
    to.get() = from.get();
    co_return;
}

heddle::task<> write_one(std::reference_wrapper<int> to, int value) {
    to.get() = value;
    co_return;
}

/// Gives the executor of this thread, on which the other one starts tasks, and ends with them.
heddle::task<> lend_executor(heddle::channel<asio::any_io_executor> to, channel done) {
    co_await to.send(heddle::this_task::executor());
    co_await done.receive();
}

}  // namespace

// "The go statement that starts a new goroutine is synchronized before the start of the goroutine's execution."
TEST_CASE("a go happens before its task starts") {
    litmus l;
    heddle::channel<asio::any_io_executor> executor;
    channel done;
    l.threads.go(lend_executor, executor, done);
    l.threads.go(
        +[](cells& x, cells& read, heddle::channel<asio::any_io_executor> from,
            channel over) -> heddle::task<> {
            auto there = co_await from.receive();
            heddle::wait_group all;
            for (std::size_t i = 0; i < rounds; ++i) {
                x[i] = word(i);
                all.add();
                heddle::go(*there, [&x, &read, &all, i]() -> heddle::task<> {
                    co_await read_one(x[i], read[i]);
                    all.done();
                });
                if (i % 16 == 0)
                    co_await heddle::yield();
            }
            co_await all.wait();
            co_await over.send();
        },
        l.written, l.read, executor, done);
    l.finish();
}

// Go has no such rule: "The exit of a goroutine is not guaranteed to be synchronized before any event in the program."
TEST_CASE("the end of a task happens before its join") {
    litmus l;
    heddle::channel<asio::any_io_executor> executor;
    channel done;
    l.threads.go(lend_executor, executor, done);
    l.threads.go(
        +[](cells& x, cells& read, heddle::channel<asio::any_io_executor> from,
            channel over) -> heddle::task<> {
            auto there = co_await from.receive();
            for (std::size_t i = 0; i < rounds; ++i) {
                auto writer = heddle::go(*there, write_one, std::ref(x[i]), word(i));
                co_await writer;
                read[i] = x[i];
            }
            co_await over.send();
        },
        l.written, l.read, executor, done);
    l.finish();
}

// The page of sync.WaitGroup says: "a call to Done 'synchronizes before' the return of any Wait call that it unblocks."
TEST_CASE("done() of a wait group happens before the wait() that it ends") {
    litmus l;
    std::vector<std::unique_ptr<heddle::wait_group>> groups;
    for (std::size_t i = 0; i < rounds; ++i) {
        groups.push_back(std::make_unique<heddle::wait_group>());
        groups.back()->add();
    }
    using all = std::vector<std::unique_ptr<heddle::wait_group>>;
    l.threads.go(
        +[](cells& x, all& each) -> heddle::task<> {
            for (std::size_t i = 0; i < rounds; ++i) {
                x[i] = word(i);
                each[i]->done();
                if (i % 16 == 0)
                    co_await heddle::yield();
            }
        },
        l.written, groups);
    l.threads.go(
        +[](const cells& x, cells& read, all& each) -> heddle::task<> {
            for (std::size_t i = 0; i < rounds; ++i) {
                co_await each[i]->wait();
                read[i] = x[i];
            }
        },
        l.written, l.read, groups);
    l.finish();
}

// -- locks and once -----------------------------------------------------------------

namespace {

/// Both tasks add to one variable under the lock, and see what they have added together.
heddle::task<> add_locked(int& sum, heddle::mutex& m) {
    for (std::size_t i = 0; i < rounds; ++i) {
        auto held = co_await m.lock();
        sum += 1;
    }
}

heddle::task<> add_exclusive(int& sum, heddle::shared_mutex& m) {
    for (std::size_t i = 0; i < rounds; ++i) {
        auto held = co_await m.lock();
        sum += 1;
    }
}

/// A sum that is read never gets smaller, and ends as the writer has left it.
heddle::task<> read_shared(const int& sum, heddle::shared_mutex& m, int& fell) {
    for (int last = 0, now = 0; now != static_cast<int>(rounds); last = now) {
        {
            auto held = co_await m.lock_shared();
            now = sum;
        }
        fell += now < last;
        if (now == last)
            co_await heddle::yield();
    }
}

}  // namespace

// "For any sync.Mutex or sync.RWMutex variable l and n < m, call n of l.Unlock() is synchronized before call m of
// l.Lock() returns."
TEST_CASE("unlock n of a mutex happens before lock m returns, for n < m") {
    loom threads(2);
    heddle::mutex m;
    int sum = 0;
    threads.go(add_locked, sum, m);
    threads.go(add_locked, sum, m);
    threads.finish();
    CHECK(sum == 2 * static_cast<int>(rounds));
}

// "For any call to l.RLock on a sync.RWMutex variable l, there is an n such that the nth call to l.Unlock is synchronized
// before the return from l.RLock, and the matching call to l.RUnlock is synchronized before the return from call n+1 to
// l.Lock."
TEST_CASE(
    "an unlock of a shared mutex happens before the shared locks that follow it, and "
    "their unlocks before the next lock") {
    loom threads(2);
    heddle::shared_mutex m;
    int sum = 0, fell = 0;
    threads.go(add_exclusive, sum, m);
    threads.go(read_shared, sum, m, fell);
    threads.finish();
    CHECK(sum == static_cast<int>(rounds));
    CHECK(fell == 0);
}

// "The completion of a single call of f() from once.Do(f) is synchronized before the return of any call of once.Do(f)."
TEST_CASE("the one call of a once happens before every call() returns") {
    loom threads(2);
    std::vector<std::unique_ptr<heddle::once>> onces;
    for (std::size_t i = 0; i < rounds; ++i)
        onces.push_back(std::make_unique<heddle::once>());
    cells written(rounds), first(rounds), second(rounds);
    using all = std::vector<std::unique_ptr<heddle::once>>;
    for (auto* read : {&first, &second})
        threads.go(
            +[](cells& x, cells& seen, all& each) -> heddle::task<> {
                for (std::size_t i = 0; i < rounds; ++i) {
                    auto add = [&x, i] { x[i] += word(i); };  // twice it would be wrong
                    co_await each[i]->call(add);
                    seen[i] = x[i];
                }
            },
            written, *read, onces);
    threads.finish();
    CHECK(wrong(first) == 0);
    CHECK(wrong(second) == 0);
}

TEST_SUITE_END();
