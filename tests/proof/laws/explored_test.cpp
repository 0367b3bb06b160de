// SPDX-License-Identifier: BSL-1.0
// Laws of data, closing, select and cancellation, on every schedule of small programs:
// three tasks of up to five operations each on two channels, with selects, closes,
// timers and cancellation mixed in. A seed draws the programs. The conditions at the
// end of each schedule follow from the logs of the tasks.
#include <heddle/heddle.hpp>
#include <heddle/testing.hpp>

#include "support/environment.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using heddle::task;

namespace {

enum class op {
    send,
    receive,
    select_both,
    select_receive,
    select_timer,
    close,
    cancel,
    yield
};

struct step {
    op what;
    int channel;
};
struct program {
    std::array<std::size_t, 2> capacity;
    std::vector<std::vector<step>> tasks;
};

program draw(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    auto below = [&](std::uint64_t n) { return static_cast<int>(random() % n); };
    program p;
    for (auto& c : p.capacity)
        c = static_cast<std::size_t>(below(3) / 2);  // mostly unbuffered
    p.tasks.resize(static_cast<std::size_t>(2 + below(2)));
    for (auto& t : p.tasks)
        for (int n = 1 + below(5); n > 0; --n) {
            int dice = below(100);
            op what = dice < 28   ? op::send
                      : dice < 56 ? op::receive
                      : dice < 70 ? op::select_both
                      : dice < 80 ? op::select_receive
                      : dice < 86 ? op::select_timer
                      : dice < 91 ? op::close
                      : dice < 96 ? op::cancel
                                  : op::yield;
            t.push_back({what, below(2)});
        }
    return p;
}

/// The operation that a task waits for at present.
struct waits {
    std::array<bool, 2> send{}, receive{};
    bool any() const { return send[0] || send[1] || receive[0] || receive[1]; }
};

/// One run of a program. Throws if a law does not hold.
class run_of {
public:
    explicit run_of(const program& p)
        : program_(p), waiting_(p.tasks.size()), sent_(p.tasks.size()),
          cancelled_(p.tasks.size()) {
        for (std::size_t i = 0; i < 2; ++i)
            channels_[i] = heddle::channel<int>(p.capacity[i]);
    }

    task<> all() {
        for (std::size_t i = 0; i < program_.tasks.size(); ++i)
            handles_.push_back(heddle::go(&run_of::one, this, i));
        co_await heddle::sleep(1h);  // everything that can happen has happened
        check();
    }

private:
    static int value(std::size_t who, int number) {
        return static_cast<int>(who) * 100 + number;
    }

    task<> one(std::size_t me) {
        int number = 0;
        waits& w = waiting_[me];
        for (const step& s : program_.tasks[me]) {
            auto i = static_cast<std::size_t>(s.channel), k = 1 - i;
            auto& c = channels_[i];
            auto& d = channels_[k];
            std::optional<int> v, u;
            int out = value(me, number);
            w = waits();
            try {
                switch (s.what) {
                case op::send:
                    w.send[i] = true;
                    co_await c.send(out);
                    sent(me, number++, i);
                    break;
                case op::receive:
                    w.receive[i] = true;
                    co_await c.receive(v);
                    got(me, v, i);
                    break;
                case op::select_both: {
                    w.send[i] = w.receive[k] = true;
                    auto arm = co_await heddle::select(c.send(out), d.receive(v));
                    if (arm == 0)
                        sent(me, number++, i);
                    else
                        got(me, v, k);
                    break;
                }
                case op::select_receive: {
                    w.receive[i] = w.receive[k] = true;
                    auto arm = co_await heddle::select(c.receive(v), d.receive(u));
                    if (arm == 0)
                        got(me, v, i);
                    else
                        got(me, u, k);
                    break;
                }
                case op::select_timer: {
                    auto arm =
                        co_await heddle::select(c.receive(v), heddle::after(1ms));
                    if (arm == 0)
                        got(me, v, i);
                    break;
                }
                case op::close:
                    c.try_close();
                    break;
                case op::cancel: {
                    auto whom = (me + 1) % handles_.size();
                    handles_[whom].cancel();
                    cancelled_[whom] = true;
                    break;
                }
                case op::yield:
                    co_await heddle::yield();
                    break;
                }
            } catch (const heddle::channel_closed&) {
                require(c.closed(), "a send failed on an open channel");
            } catch (const heddle::cancelled&) {
                require(cancelled_[me], "a task was cancelled that nobody cancelled");
                w = waits();
                throw;
            }
            w = waits();
        }
    }

    void sent(std::size_t me, int number, std::size_t channel) {
        sent_[me][number] = channel;
    }
    void got(std::size_t me, std::optional<int> v, std::size_t channel) {
        if (!v)
            return require(channels_[channel].closed(), "an open channel was drained");
        require(received_.emplace(*v, channel).second, "a value was received twice");
        auto [last, first] = last_.try_emplace({me, channel, *v / 100}, *v);
        require(first || last->second < *v, "values of one sender overtook each other");
        last->second = *v;
    }

    void check() {
        for (std::size_t i = 0; i < 2; ++i) {
            int v = 0;
            std::size_t buffered = channels_[i].size();
            bool closed = channels_[i].closed();
            require(buffered <= channels_[i].capacity(),
                    "more was buffered than there is room for");
            for (std::size_t a = 0; a < waiting_.size(); ++a) {
                require(!waiting_[a].any() || !closed ||
                            !(waiting_[a].send[i] || waiting_[a].receive[i]),
                        "a task waits on a closed channel");
                require(!(waiting_[a].send[i] && buffered < channels_[i].capacity()),
                        "a sender waits though there is room");
                require(!(waiting_[a].receive[i] && buffered > 0),
                        "a receiver waits though there is a value");
                require(!(waiting_[a].any() && cancelled_[a]),
                        "a cancelled task waits");
                for (std::size_t b = 0; b < waiting_.size(); ++b)
                    require(a == b || !(waiting_[a].send[i] && waiting_[b].receive[i]),
                            "a sender and a receiver wait on the same channel");
            }
            // There are no more receives than values: another one would complete a send.
            for (; buffered > 0; --buffered) {
                require(channels_[i].try_receive(v) == heddle::try_status::done,
                        "what is buffered cannot be received");
                require(received_.emplace(v, i).second,
                        "a value was received, and is still there");
            }
        }
        std::map<int, std::size_t> all;
        for (std::size_t who = 0; who < sent_.size(); ++who)
            for (auto [number, channel] : sent_[who])
                all.emplace(value(who, number), channel);
        require(all == received_, "what was sent is not what was received and is left");
    }

    static void require(bool holds, const char* otherwise) {
        if (!holds)
            throw std::logic_error(otherwise);
    }

    const program& program_;
    std::array<heddle::channel<int>, 2> channels_;
    std::vector<heddle::join_handle<>> handles_;
    std::vector<waits> waiting_;
    std::vector<std::map<int, std::size_t>> sent_;
    std::vector<bool> cancelled_;
    std::map<int, std::size_t> received_;
    std::map<std::tuple<std::size_t, std::size_t, int>, int> last_;
};

}  // namespace

TEST_SUITE_BEGIN("laws.explored");

TEST_CASE(
    "laws 4, 6, 7, 9, 22, 25, 29, 30, 38, 39, 48 and 50 hold in every schedule of "
    "small programs") {
    std::size_t schedules = 0, complete = 0;
    // tools/soak runs more.
    const std::uint64_t programs = test::number_in("HEDDLE_PROGRAMS", 3000);
    for (std::uint64_t seed = 1; seed <= programs; ++seed) {
        program p = draw(seed);
        std::unique_ptr<run_of> current;
        auto all = heddle::testing::explore("small program " + std::to_string(seed),
                                            [&] {
                                                current = std::make_unique<run_of>(p);
                                                return current->all();
                                            },
                                            {.schedules = 2000, .may_leak = true});
        schedules += all.schedules;
        complete += all.complete;
    }
    MESSAGE(schedules << " schedules of " << programs << " programs, " << complete
                      << " of them completely");
    CHECK(complete > programs / 2);
    CHECK(schedules > 5 * programs);
}

TEST_SUITE_END();
