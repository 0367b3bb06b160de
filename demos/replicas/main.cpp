// SPDX-License-Identifier: BSL-1.0
// A client of replicas that are slow or fail: it asks a second one, tries again, and leaves alone what fails all the
// time. main.go is the same program in Go; both print expected.txt.
#include "../options.hpp"

#include <heddle/heddle.hpp>
#include <heddle/resilience.hpp>

#include <iostream>
#include <stdexcept>
#include <string>

using namespace std::chrono_literals;

// A replica takes `time` for each call, and fails as often as `failures` says.
struct replica {
    std::string name;
    heddle::duration time;
    int failures = 0;
    int calls = 0;
};

heddle::task<std::string> fetch(replica& from) {
    ++from.calls;
    co_await heddle::sleep(from.time);
    if (from.failures-- > 0)
        throw std::runtime_error(from.name + " failed");
    co_return "a page of " + from.name;
}

// Each line begins with the name of its call.
heddle::task<> report(std::string what, heddle::task<std::string> call) {
    auto start = heddle::now();
    std::string how;
    try {
        how = co_await std::move(call);
    } catch (const heddle::circuit_open&) {
        how = "refused";
    } catch (const std::runtime_error& e) {
        how = e.what();
    }
    std::cout << what << ": " << how << " after " << (heddle::now() - start) / 1ms
              << " ms\n";
}

heddle::task<> ask_replicas() {
    // The second replica is asked only if the first takes longer than 50 ms, or fails.
    replica quick{"quick", 30ms}, slow{"slow", 300ms}, flaky{"flaky", 20ms, 1};
    co_await report("hedge", heddle::hedge(50ms, fetch(quick), fetch(slow)));
    co_await report("hedge", heddle::hedge(50ms, fetch(slow), fetch(quick)));
    co_await report("hedge", heddle::hedge(50ms, fetch(flaky), fetch(quick)));

    // Pauses are random, from 0 to `longest`: here they are 0.
    flaky.failures = 2;
    heddle::retry_policy at_once{.attempts = 3, .longest = 0ms};
    co_await report("retry", heddle::retry(at_once, fetch, std::ref(flaky)));
    flaky.failures = 3;
    co_await report("retry", heddle::retry(at_once, fetch, std::ref(flaky)));

    // After two failures the replica is left alone for 200 ms; then one call may try.
    replica broken{"broken", 10ms, 2};
    heddle::circuit_breaker breaker({.failures = 2, .open_for = 200ms});
    for (int i = 0; i < 4; ++i)
        co_await report("breaker", breaker.call(fetch, std::ref(broken)));
    co_await heddle::sleep(200ms);
    co_await report("breaker", breaker.call(fetch, std::ref(broken)));
    std::cout << "slow was called " << slow.calls << " times, flaky " << flaky.calls
              << " and broken " << broken.calls << '\n';
}

int main(int argc, char** argv) {
    read_options(argc, argv, "replicas");
    heddle::run(ask_replicas());
}
