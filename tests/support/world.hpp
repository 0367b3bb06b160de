// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/heddle.hpp>

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace test {

/// An io_context that is stepped by hand.
struct world {
    asio::io_context ctx{1};

    template <class... Args>
    auto go(Args&&... args) {
        return heddle::go(ctx, std::forward<Args>(args)...);
    }

    /// Runs until no task can go on: every task is parked, and no timer is due.
    void settle() {
        do
            ctx.restart();
        while (ctx.poll() != 0);
    }

    std::size_t live() { return heddle::live_tasks(ctx); }
};

using lines = std::vector<std::string>;

/// A log of named steps, in their order; used instead of counters or clocks.
class trace {
public:
    void operator()(std::string step) { steps_.push_back(std::move(step)); }
    lines take() { return std::exchange(steps_, {}); }

private:
    lines steps_;
};

/// Runs a coroutine in virtual time, to its end, with the schedule of a seed if one is
/// given.
template <class T>
T run_virtual(heddle::task<T> main, std::optional<std::uint64_t> seed = {}) {
    return heddle::run({.threads = 1, .seed = seed, .virtual_clock = true},
                       std::move(main));
}

/// A value that counts its constructions, its living objects and its moves. It is
/// move-only, nothrow, and no aggregate.
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

    /// -1 after a move
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
