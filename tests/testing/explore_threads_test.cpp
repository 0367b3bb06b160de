// SPDX-License-Identifier: BSL-1.0
// The explorer of threads runs programs whose interleavings can be counted, by hand or
// by trying them all, and classic mistakes, which it has to find and to replay.
#include <heddle/heddle.hpp>
#include <heddle/testing_threads.hpp>

#include "support/environment.hpp"

#include <doctest/doctest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using heddle::testing::atomic;
using heddle::testing::explore_threads;
using heddle::testing::explored_threads;
using heddle::testing::thread_bounds;
using heddle::testing::threads;

namespace {

constexpr thread_bounds all_of_them{.reduce = false};

/// `n` threads write `times` times, all to one number or each to its own.
explored_threads writers(std::size_t n, int times, bool to_one, thread_bounds bounds) {
    return explore_threads(
        "writers",
        [=](threads& t) {
            auto numbers = std::make_shared<std::array<atomic<int>, 4>>();
            for (std::size_t i = 0; i < n; ++i)
                t.run([=] {
                    for (int k = 0; k < times; ++k)
                        (*numbers)[to_one ? 0 : i].store(k);
                });
        },
        bounds);
}

using program = std::function<void(threads&)>;

/// Returns the message that an exploration of this program throws. The reported
/// schedule must throw it again.
std::string found_in(const program& p, thread_bounds bounds = {}) {
    auto [text, said] = test::stderr_of([&] { explore_threads("p", p, bounds); });
    if (said.empty())
        return "nothing";
    auto at = text.find("HEDDLE_SCHEDULE='p:");
    REQUIRE(at != std::string::npos);
    at = text.find(':', at);
    std::string schedule = text.substr(at, text.find('\'', at) - at);
    ::setenv("HEDDLE_SCHEDULE", ("p" + schedule).c_str(), 1);
    int runs = 0;
    auto again = test::stderr_of([&] {
        explore_threads(
            "p",
            [&](threads& t) {
                ++runs;
                p(t);
            },
            bounds);
    });
    ::unsetenv("HEDDLE_SCHEDULE");
    CHECK(runs == 1);
    CHECK(again.second == said);
    CHECK(again.first.find(schedule) != std::string::npos);
    return said;
}

void fail(const char* what) { throw std::runtime_error(what); }

/// Two threads enter a critical section. Throws if both are in it.
struct section {
    atomic<int> wants[2]{0, 0}, turn{0};
    atomic<int> inside{0};  // the explorer would not see a plain number

    /// The algorithm of Peterson, 1981. If `in_order` is false, a thread gives way
    /// before it announces that it wants to enter.
    void enter(int me, bool in_order) {
        if (!in_order)
            turn.store(1 - me);
        wants[me].store(1);
        if (in_order)
            turn.store(1 - me);
        if (wants[1 - me].load() == 1 && turn.load() != me)
            return wants[me].store(0);  // instead of waiting
        if (inside.exchange(1) != 0)
            fail("two inside");
        inside.store(0);
        wants[me].store(0);
    }
};

// -- random programs ------------------------------------------------------------------------

enum class what { read, write, add, locked_write, try_lock, wait, raise };
struct step {
    what kind;
    std::size_t object;
};
using steps = std::vector<std::vector<step>>;

/// Draws threads with a few steps on two objects. All of them end, because thread 0
/// raises the number that others wait for.
steps draw(std::mt19937& random) {
    auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
    steps all(2 + below(2));
    for (auto& t : all) {
        for (unsigned n = all.size() == 2 ? 4 : 2; n > 0; --n) {
            auto kind = static_cast<what>(below(6));
            if (kind == what::wait && &t == &all[0])
                kind = what::raise;
            t.push_back({kind, below(2)});
        }
        if (&t == &all[0])
            t.push_back({what::raise, 0});
    }
    return all;
}

/// The steps of a run, without the order of independent steps: for each object its
/// steps and their threads, with adjacent reads sorted.
class trace {
public:
    void add(const std::string& object, std::size_t who, bool reads, int saw) {
        auto& row = rows_[object];
        std::string entry =
            (reads ? "r" : "w") + std::to_string(who) + ":" + std::to_string(saw);
        row.push_back(entry);
        for (std::size_t i = row.size() - 1;
             reads && i > 0 && row[i - 1][0] == 'r' && row[i] < row[i - 1]; --i)
            std::swap(row[i], row[i - 1]);
    }
    std::string text() const {
        std::string all;
        for (auto& [object, row] : rows_) {
            all += object + ":";
            for (auto& entry : row)
                all += " " + entry;
            all += "\n";
        }
        return all;
    }

private:
    std::map<std::string, std::vector<std::string>> rows_;
};

struct stage_of {
    atomic<int> numbers[2]{0, 0}, raised{0};
    heddle::testing::mutex locks[2];
    trace seen;

    void run(std::size_t who, const std::vector<step>& all) {
        for (auto [kind, k] : all) {
            auto name = std::to_string(k);
            switch (kind) {
            case what::read: {
                int saw = numbers[k].load();
                seen.add("number " + name, who, true, saw);
                break;
            }
            case what::write:
                numbers[k].store(static_cast<int>(who));
                seen.add("number " + name, who, false, 0);
                break;
            case what::add: {
                int saw = numbers[k].exchange(7);
                seen.add("number " + name, who, false, saw);
                break;
            }
            case what::locked_write:
                locks[k].lock();
                seen.add("lock " + name, who, false, 0);
                numbers[1 - k].store(static_cast<int>(who) + 10);
                seen.add("number " + std::to_string(1 - k), who, false, 1);
                locks[k].unlock();
                break;
            case what::try_lock: {
                bool had = locks[k].try_lock();
                seen.add("lock " + name, who, false, had);
                if (had) {
                    numbers[k].load();
                    seen.add("number " + name, who, true, 9);
                    locks[k].unlock();
                }
                break;
            }
            case what::wait:
                raised.wait(0);
                seen.add("raised", who, true, 0);
                break;
            case what::raise:
                raised.store(1);
                seen.add("raised", who, false, 0);
                break;
            }
        }
    }
};

int programs(int few) {
    // tools/soak runs more.
    return static_cast<int>(
        test::number_in("HEDDLE_PROGRAMS", static_cast<std::uint64_t>(few)));
}

/// Returns the traces of a program that an exploration runs.
struct traces {
    std::set<std::string> all;
    explored_threads how;
};
traces traces_of(const steps& p, thread_bounds bounds) {
    traces found;
    bounds.schedules = 1000000;
    found.how = explore_threads(
        "random",
        [&](threads& t) {
            auto s = std::make_shared<stage_of>();
            for (std::size_t i = 0; i < p.size(); ++i)
                t.run([=, &p] { s->run(i, p[i]); });
            t.at_end([=, &found] { found.all.insert(s->seen.text()); });
        },
        bounds);
    return found;
}

}  // namespace

TEST_SUITE_BEGIN("explore.threads");

TEST_CASE(
    "independent steps are run in one order, or in all orders if that is asked for") {
    for (int n : {1, 2, 5}) {
        auto once = writers(2, n, false, {});
        CHECK(once.complete);
        CHECK(once.schedules == 1);
    }
    CHECK(writers(3, 2, false, {}).schedules == 1);
    CHECK(writers(2, 2, false, all_of_them).schedules == 6);
    CHECK(writers(3, 2, false, all_of_them).schedules == 90);
}

TEST_CASE("conflicting steps are run in every order") {
    for (auto [n, orders] : {std::pair{1, 2}, {2, 6}, {3, 20}, {4, 70}, {5, 252}}) {
        auto all = writers(2, n, true, {});
        CHECK(all.complete);
        CHECK(all.schedules == static_cast<std::size_t>(orders));
        CHECK(all.depth == static_cast<std::size_t>(2 * n));
        CHECK(writers(2, n, true, all_of_them).schedules == all.schedules);
    }
    CHECK(writers(3, 1, true, {}).schedules == 6);
    CHECK(writers(3, 2, true, {}).schedules == 90);
    CHECK(writers(4, 1, true, {}).schedules == 24);
}

TEST_CASE("reads do not conflict; each read sees or misses a write") {
    auto program = [](int readers, bool write) {
        return explore_threads("readers", [=](threads& t) {
            auto n = std::make_shared<atomic<int>>(0);
            for (int i = 0; i < readers; ++i)
                t.run([=] { n->load(); });
            if (write)
                t.run([=] { n->store(1); });
        });
    };
    CHECK(program(3, false).schedules == 1);
    CHECK(program(1, true).schedules == 2);
    CHECK(program(3, true).schedules == 8);
}

TEST_CASE("the code under a lock is one step, and locks are taken in every order") {
    for (auto [n, orders] : {std::pair{1, 2}, {2, 6}, {3, 20}}) {
        auto all = explore_threads("lock", [times = n](threads& t) {
            auto lock = std::make_shared<heddle::testing::mutex>();
            auto number = std::make_shared<atomic<int>>(0);
            for (int i = 0; i < 2; ++i)
                t.run([=] {
                    for (int k = 0; k < times; ++k) {
                        lock->lock();
                        number->store(number->load() + 1);
                        lock->unlock();
                    }
                });
            t.at_end([=] {
                if (number->load() != 2 * times)
                    fail("lost");
            });
        });
        CHECK(all.complete);
        CHECK(all.schedules == static_cast<std::size_t>(orders));
        CHECK(all.abandoned == 0);
    }
}

TEST_CASE("threads that add to a count do not conflict, unless that is asked for") {
    auto program = [](threads& t) {
        auto n = std::make_shared<atomic<int>>(0);
        for (int i = 0; i < 2; ++i)
            t.run([=] {
                n->fetch_add(1);
                n->fetch_add(1);
            });
        t.at_end([=] {
            if (n->load() != 4)
                fail("lost");
        });
    };
    CHECK(explore_threads("counts", program).schedules == 1);
    CHECK(explore_threads("counts", program, {.counts = true}).schedules == 6);
}

TEST_CASE("a lost update is found and replayed") {
    auto p = [](bool atomically) {
        return [=](threads& t) {
            auto n = std::make_shared<atomic<int>>(0);
            for (int i = 0; i < 2; ++i)
                t.run([=] {
                    for (int seen = n->load();;)
                        if (!atomically) {
                            return n->store(seen + 1);
                        } else if (n->compare_exchange_strong(seen, seen + 1)) {
                            return;
                        }
                });
            t.at_end([=] {
                if (n->load() != 2)
                    fail("lost");
            });
        };
    };
    CHECK(found_in(p(false)) == "lost");
    CHECK(found_in(p(false), {.preemptions = 1}) == "lost");
    CHECK(found_in(p(false), {.preemptions = 0}) == "nothing");
    CHECK(found_in(p(true)) == "nothing");
}

TEST_CASE("Peterson's algorithm keeps two threads apart if its steps are in order") {
    auto p = [](bool in_order) {
        return [=](threads& t) {
            auto s = std::make_shared<section>();
            for (int i = 0; i < 2; ++i)
                t.run([=] { s->enter(i, in_order); });
        };
    };
    CHECK(found_in(p(true)) == "nothing");
    CHECK(found_in(p(false)) == "two inside");
}

TEST_CASE(
    "a deadlock of two locks is found and replayed; with one order there is none") {
    auto p = [](bool in_order) {
        return [=](threads& t) {
            auto locks = std::make_shared<std::array<heddle::testing::mutex, 2>>();
            for (std::size_t i = 0; i < 2; ++i)
                t.run([=] {
                    auto& first = (*locks)[in_order ? 0 : i];
                    auto& second = (*locks)[in_order ? 1 : 1 - i];
                    first.lock();
                    second.lock();
                    second.unlock();
                    first.unlock();
                });
        };
    };
    CHECK(found_in(p(false)) == "heddle: deadlock: no thread can go on\n"
                                "thread 0 waits for a lock\n"
                                "thread 1 waits for a lock\n");
    auto all = explore_threads("ordered", p(true));
    CHECK(all.complete);
    CHECK(all.schedules == 2);
}

TEST_CASE("a wait that nothing ends is a deadlock; a wait that is ended is none") {
    auto p = [](int write) {
        return [=](threads& t) {
            auto n = std::make_shared<atomic<int>>(0);
            t.run([=] { n->wait(0); });
            t.run([=] { n->store(write); });
        };
    };
    CHECK(found_in(p(0)).find("thread 0 waits for another to write") !=
          std::string::npos);
    CHECK(explore_threads("wait", p(1)).schedules == 1);
}

TEST_CASE("a program that does not end is reported") {
    auto endless = [](threads& t) {
        auto n = std::make_shared<atomic<int>>(0);
        t.run([=] {
            while (n->load() == 0) {
            }
        });
    };
    CHECK(found_in(endless, {.steps = 100}) ==
          "heddle: explore_threads: more than 100 steps, and no end");
}

TEST_CASE("a program that ends the process reports the schedule") {
    auto [text, said] = test::stderr_of([] {
        pid_t child = ::fork();
        if (child == 0) {
            std::signal(SIGABRT, SIG_DFL);
            explore_threads("dies", [](threads& t) {
                auto n = std::make_shared<atomic<int>>(0);
                t.run([=] { n->store(1); });
                t.run([=] {
                    if (n->load() == 0)
                        std::abort();
                });
            });
            std::_Exit(0);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        throw std::runtime_error(WIFSIGNALED(status) ? "killed" : "not killed");
    });
    CAPTURE(text);
    CHECK(said == "killed");
    CHECK(text.find("heddle: dies fails:\nthe program ends\nreplay: "
                    "HEDDLE_SCHEDULE='dies:1'") != std::string::npos);
}

TEST_CASE("each trace of a random program is run exactly once") {
    std::mt19937 random(1);
    std::size_t schedules = 0, abandoned = 0, every = 0;
    for (int i = 0; i < programs(10); ++i) {
        CAPTURE(i);
        steps p = draw(random);
        auto reduced = traces_of(p, {});
        auto naive = traces_of(p, all_of_them);
        REQUIRE(reduced.how.complete);
        REQUIRE(naive.how.complete);
        REQUIRE(reduced.all == naive.all);
        REQUIRE(reduced.how.schedules == reduced.all.size());
        schedules += reduced.how.schedules;
        abandoned += reduced.how.abandoned;
        every += naive.how.schedules;
    }
    MESSAGE(schedules << " schedules instead of " << every << ", " << abandoned
                      << " abandoned");
}

TEST_CASE("with few preemptions, each trace is run that needs no more of them") {
    std::mt19937 random(2);
    std::size_t schedules = 0, every = 0;
    for (int i = 0; i < programs(30); ++i) {
        CAPTURE(i);
        steps p = draw(random);
        for (std::size_t k = 0; k <= 2; ++k) {
            CAPTURE(k);
            auto reduced = traces_of(p, {.preemptions = k});
            auto naive = traces_of(p, {.preemptions = k, .reduce = false});
            REQUIRE(reduced.how.complete);
            REQUIRE(reduced.all == naive.all);
            schedules += reduced.how.schedules;
            every += naive.how.schedules;
        }
    }
    MESSAGE(schedules << " schedules instead of " << every);
}

TEST_SUITE_END();
