// SPDX-License-Identifier: BSL-1.0
// The order of timers, from a second to years, few or many, compared with a sorted set.
#include <heddle/detail/timers/timer_heap.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <utility>
#include <vector>

namespace {

using heddle::time_point;
using heddle::detail::timer_entry;
using heddle::detail::timer_heap;
using namespace std::chrono_literals;

struct entry final : timer_entry {
    void expire_locked(heddle::detail::expiry&) noexcept override {}
};

/// The heap, and the sorted set that it must agree with.
class both {
public:
    ~both() {
        while (pop())
            ;
    }

    timer_entry* insert(time_point t) {
        auto e = std::make_unique<entry>();
        e->deadline = t;
        heap_.insert(*e);
        sorted_.insert({t, e->order});
        auto* added = e.get();
        all_.push_back(std::move(e));
        return added;
    }
    void erase(timer_entry& e) {
        heap_.erase(e);
        sorted_.erase({e.deadline, e.order});
    }
    /// Returns the deadline; nothing if the heap is empty.
    std::optional<time_point> pop() {
        CHECK(heap_.empty() == sorted_.empty());
        timer_entry* first = heap_.front();
        if (sorted_.empty()) {
            CHECK(first == nullptr);
            return {};
        }
        REQUIRE(first);
        auto expected = *sorted_.begin();
        CHECK(first->deadline == expected.first);
        CHECK(first->order == expected.second);
        auto t = first->deadline;
        erase(*first);
        return t;
    }
    /// Compares the first deadline after `t`, if few come before it.
    void look_after(time_point t) {
        auto next = sorted_.upper_bound({t, UINT64_MAX});
        auto before = std::distance(sorted_.begin(), next);
        time_point found = heap_.first_after(t);
        if (before <= 64)
            CHECK(found == (next == sorted_.end() ? time_point::max() : next->first));
        else
            CHECK(found > t);
    }
    std::size_t size() const { return sorted_.size(); }
    entry& any(std::mt19937_64& random) {
        for (;;)
            if (auto& e = *all_[static_cast<std::size_t>(random() % all_.size())];
                e.queued)
                return e;
    }

private:
    timer_heap heap_;
    std::set<std::pair<time_point, std::uint64_t>> sorted_;
    std::vector<std::unique_ptr<entry>> all_;
};

/// From nanoseconds to centuries.
heddle::duration any_length(std::mt19937_64& random) {
    return heddle::duration(static_cast<std::int64_t>(random() >> (1 + random() % 62)));
}

}  // namespace

TEST_SUITE_BEGIN("timer_heap");

TEST_CASE("timers of every length leave in order of deadline, and equal ones in order "
          "of arrival") {
    std::mt19937_64 random(1);
    both timers;
    for (int i = 0; i < 20'000; ++i) {
        auto t = time_point(any_length(random));
        timers.insert(t);
        if (i % 3 == 0)
            timers.insert(t);
    }
    while (timers.pop())
        ;
}

TEST_CASE("a timer is put into the heap only when somebody asks for the first") {
    timer_heap timers;
    entry withdrawn, first, last;
    first.deadline = time_point(1s);
    last.deadline = time_point(2s);
    timers.insert(last);
    timers.insert(withdrawn);
    timers.insert(first);
    CHECK(withdrawn.list == timer_entry::fresh);
    CHECK_FALSE(timers.empty());
    timers.erase(withdrawn);
    CHECK(first.list == timer_entry::fresh);
    CHECK(timers.front() == &first);
    CHECK(first.list != timer_entry::fresh);
    CHECK(last.list != timer_entry::fresh);
    timers.erase(first);
    timers.erase(last);
    CHECK(timers.empty());
}

TEST_CASE("timers are inserted, removed and due, while time advances") {
    for (auto scale : {1us, 300us, 100'000us, 7'000'000'000us}) {
        std::mt19937_64 random(2);
        both timers;
        time_point now{1h};
        for (int i = 0; i < 30'000; ++i) {
            auto dice = random() % 100;
            if (timers.size() < 500 || dice < 45)
                timers.insert(now + scale * static_cast<long>(random() % 1000));
            else if (dice < 60)
                timers.erase(timers.any(random));
            else
                now = *timers.pop();
            if (dice % 5 == 0)
                timers.look_after(now + scale * static_cast<long>(random() % 40));
        }
    }
}

TEST_CASE("earlier timers may be inserted at any time") {
    std::mt19937_64 random(3);
    both timers;
    for (int i = 20'000; i > 0; --i) {
        timers.insert(time_point(1ms * i));
        if (i % 10 == 0)
            timers.insert(time_point(any_length(random)));
        if (i % 100 == 0) {
            timers.pop();
            timers.insert(time_point(1h * i));  // the wheel turns far ahead
        }
    }
    while (timers.pop())
        ;
}

TEST_CASE("timers may be in the past, and at the end of time") {
    both timers;
    for (int i = 0; i < 300; ++i) {
        timers.insert(time_point::min());
        timers.insert(time_point(-1ns * i));
        timers.insert(time_point::max());
        timers.insert(time_point(1s * i));
    }
    while (timers.pop())
        ;
}

TEST_CASE("no timer is delayed by more than 50 us or a hundredth of its length") {
    using heddle::detail::timer_slack;
    std::mt19937_64 random(4);
    for (int round = 0; round < 200; ++round) {
        timer_slack slack;
        std::vector<std::pair<time_point, heddle::duration>>
            waiting;  // deadline, length
        time_point now{1h};
        for (int i = 0; i < 200; ++i) {
            if (random() % 2 == 0) {
                auto length = 1ns + any_length(random) % 10s;
                slack.add(now, now + length);
                waiting.push_back({now + length, length});
            } else {
                now += any_length(random) % 300ms;
                std::erase_if(waiting, [&](auto& t) { return t.first <= now; });
            }
            const auto given = slack.after(now);
            CHECK(given >= 50us);
            CHECK(given <= 800us);
            for (auto& t : waiting)
                CHECK(given <= std::max<heddle::duration>(50us, t.second / 100));
        }
    }
}

TEST_CASE("short timers that have expired do not shorten the slack of others") {
    heddle::detail::timer_slack slack;
    const time_point now{1h};
    CHECK(slack.after(now) == 800us);
    slack.add(now, now + 1ms);
    slack.add(now, now + 30ms);
    slack.add(now, now + 5s);
    CHECK(slack.after(now) == 50us);
    CHECK(slack.after(now + 1ms) == 200us);
    CHECK(slack.after(now + 30ms) == 800us);
}
