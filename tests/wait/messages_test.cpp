// SPDX-License-Identifier: BSL-1.0
// What the library says when it refuses a call: it names the call, the value and what to
// do. The tests of a type check that nothing else has happened then.
#include "support/tasks.hpp"
#include "support/world.hpp"

#include <heddle/heddle.hpp>

#include <doctest/doctest.h>

#include <exception>
#include <functional>
#include <limits>
#include <string>
#include <thread>

using namespace std::chrono_literals;

namespace {

template <class F>
std::string thrown_by(F f) {
    try {
        f();
    } catch (const std::exception& e) {
        return e.what();
    }
    return "nothing";
}

}  // namespace

TEST_SUITE_BEGIN("messages");

TEST_CASE("a refused call says its value, and which values it takes") {
    const struct {
        std::function<void()> call;
        const char* says;  // null: see below
    } refused[] = {
        {[] { heddle::semaphore(-1); },
         "heddle: semaphore(-1): the number of permits must be 0 or more"},
        {[] { heddle::semaphore(1).release(-2); },
         "heddle: semaphore: release(-2): the number must be 0 or more; acquire() "
         "takes"},
        {[] {
             heddle::semaphore(1).release(std::numeric_limits<std::ptrdiff_t>::max());
         },
         nullptr},
        {[] { heddle::latch(-3); }, "heddle: latch(-3): the count must be 0 or more"},
        {[] { heddle::latch(1).count_down(-1); },
         "heddle: latch: count_down(-1): the number must be 0 or more"},
        {[] { heddle::latch(1).count_down(2); },
         "heddle: a latch below zero: more was done than there was"},
        {[] { heddle::barrier(0); },
         "heddle: barrier(0): it must be for 1 task or more"},
        {[] { heddle::mutex::guard().unlock(); },
         "heddle: unlock of a mutex that is not locked: this guard holds nothing, as "
         "it "
         "was unlocked or moved from"},
        {[] { heddle::ticker(-5ns); },
         "heddle: ticker(-5ns): the period must be positive"},
        {[] { heddle::group(0); },
         "heddle: group(0): the limit must let 1 child or more run"},
        {[] { heddle::selector().remove(7); },
         "heddle: a selector has no arm 7: use the index that add() returned, until "
         "remove()"},
        {[] { heddle::sender<int>(nullptr).close(); },
         "heddle: close of a nil channel: this handle was moved from, or made without "
         "a channel"},
    };
    for (const auto& r : refused) {
        const std::string says = thrown_by(r.call);
        if (r.says)
            CHECK(says == r.says);
        else
            CHECK(says.ends_with("): beyond the largest count, PTRDIFF_MAX"));
    }
}

TEST_CASE("a thread that must not block is told where, and what else to do") {
    heddle::channel<int> jobs(0, heddle::same_host);
    jobs.name("jobs");
    std::string on_nil, on_jobs;
    std::thread([&] {
        on_nil = thrown_by([] { heddle::receiver<int>(nullptr).receive_blocking(); });
        on_jobs = thrown_by([&] { jobs.send_blocking(1); });
    }).join();
    CHECK(on_nil ==
          "heddle: a thread cannot wait to receive on a nil channel: it would "
          "wait for ever; use a channel that was made");
    CHECK(on_jobs == "heddle: a thread cannot wait to send on `jobs`: the channel was "
                     "promised to one host; make it without same_host");
}

TEST_SUITE_END();
