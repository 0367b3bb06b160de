// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/heddle.hpp>

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace test {

/// An io_context stepped by hand.
struct world {
    asio::io_context ctx{1};

    template <class... Args>
    auto go(Args&&... args) {
        return heddle::go(ctx, std::forward<Args>(args)...);
    }

    /// Runs until nothing can move: every task is parked, nothing is due.
    void settle() {
        do
            ctx.restart();
        while (ctx.poll() != 0);
    }

    std::size_t live() { return heddle::live_tasks(ctx); }
};

using lines = std::vector<std::string>;

/// What happened, in order: named steps instead of counters or clocks.
class trace {
public:
    void operator()(std::string step) { steps_.push_back(std::move(step)); }
    lines take() { return std::exchange(steps_, {}); }

private:
    lines steps_;
};

/// Runs a coroutine in virtual time, to its end, with the schedule of a seed if one is given.
template <class T>
T run_virtual(heddle::task<T> main, std::optional<std::uint64_t> seed = {}) {
    return heddle::run({.threads = 1, .seed = seed, .virtual_clock = true},
                       std::move(main));
}

/// A value that counts itself: made, alive, moved. Move-only, nothrow, no aggregate.
class tracked {
public:
    explicit tracked(int n = 0) : n_(n) { ++made(), ++alive(); }
    tracked(tracked&& o) noexcept : n_(std::exchange(o.n_, -1)) {
        ++alive(), ++moved();
    }
    tracked& operator=(tracked&& o) noexcept {
        n_ = std::exchange(o.n_, -1);
        ++moved();
        return *this;
    }
    ~tracked() { --alive(); }

    /// -1: moved from.
    int value() const { return n_; }

    static int& made() {
        static int n = 0;
        return n;
    }
    static int& alive() {
        static int n = 0;
        return n;
    }
    static int& moved() {
        static int n = 0;
        return n;
    }

private:
    int n_;
};

}  // namespace test
