// SPDX-License-Identifier: BSL-1.0
// Explored threads run on a stage, one at a time. The thread that holds the baton runs
// to its next step, asks interleavings.hpp which thread is next, and gives the baton to
// that.
#pragma once

#include "context/context_state.hpp"
#include "testing/interleavings.hpp"

#include <heddle/testing_threads.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

namespace heddle HEDDLE_VARIANT::testing {

using detail::access;
using detail::condition;
using detail::context_state;
using detail::interleavings;
using detail::touch;

/// A thread sleeps until it is given the baton.
class baton {
public:
    void give() noexcept {
        here_.store(1);
        here_.notify_one();
    }
    void wait() noexcept {
        while (here_.exchange(0) == 0)
            here_.wait(0);
    }

private:
    std::atomic<int> here_{0};
};

class threads::impl {
public:
    struct actor {
        std::function<void(asio::io_context&)> f;
        how kind;
        std::unique_ptr<asio::io_context> ctx;
        std::shared_ptr<context_state> state;
    };

    detail::chooser* chooser = nullptr;
    std::vector<actor> actors;
    std::function<void()> at_rest;
    std::function<void()> at_end;
};

/// One exploration. Threads that a deadlock has left behind own it together with the
/// caller.
class stage final : public detail::chooser, public std::enable_shared_from_this<stage> {
public:
    /// A thread of the program, or the thread that asked for the exploration, whose
    /// index is max_threads.
    struct seat {
        stage* on = nullptr;
        std::size_t index = interleavings::max_threads;
        std::uint32_t made = 0;  // objects that it named in this run
        touch next;
        condition can;
        // The number in `writes_` at its last look at each object.
        std::unordered_map<std::uint64_t, std::uint32_t> seen;
        bool ended = true;
        bool mail = false;     // its context may have handlers to run
        bool looking = false;  // at its own host: its touches are no steps
        bool quit = false;
        baton turn;
        std::thread thread;
    };

    stage(const thread_bounds& bounds,
          std::optional<std::vector<detail::decision>> replay)
        : bounds_(bounds), order_({bounds.preemptions, bounds.reduce}),
          replay_(std::move(replay)) {
        caller_.on = this;
    }

    /// Runs the program under the next schedule.
    std::exception_ptr run(const std::function<void(threads&)>& program,
                           std::string& dump);
    bool next_run() { return !replay_ && order_.next_run(); }
    bool cut() const noexcept { return cut_; }
    bool changed() const noexcept { return order_.changed(); }
    std::size_t depth() const noexcept { return order_.depth(); }
    std::string schedule() const { return detail::to_text(made_); }
    void dismiss() noexcept;  // ends the threads

    // -- the seams ------------------------------------------------------------------

    std::uint64_t name_object(seat& s) noexcept {
        return (std::uint64_t{s.index + 1} << 32) | ++s.made;
    }
    void arrive(seat& s, touch t, condition can) noexcept;
    void note(seat& s, touch t) noexcept;
    void wait_for_write(seat& s, std::uint64_t object) noexcept;
    void post(seat& s, const asio::execution_context& ctx) noexcept;

    std::uint32_t choose(std::uint32_t n) noexcept override;
    void was_moot() noexcept override;

private:
    enum class verdict { none, ended, stuck };

    /// The object that stands for the queue of a context: each post writes it.
    static std::uint64_t mail_of(std::size_t seat) noexcept {
        return (std::uint64_t{1} << 63) | seat;
    }

    void cast(std::size_t n);
    void live(seat& s) noexcept;
    void perform(seat& s);
    void run_context(seat& s, threads::impl::actor& a);
    bool counts_as_step(access how) const noexcept {
        return how != access::count || bounds_.counts;
    }
    void wrote(seat& s, const touch& t) noexcept;
    std::uint32_t decided(detail::decision d) {
        if (!failure_)
            made_.push_back(d);
        return d.number;
    }
    bool hand_over(seat* from);
    seat* pick();
    std::size_t pick_freely(std::uint32_t enabled) noexcept;
    std::size_t pick_replayed(std::uint32_t enabled);
    void play();
    bool stir() noexcept;
    void fail(std::exception_ptr e) noexcept;
    std::string stuck() const;
    std::string dump_contexts() const;

    const thread_bounds bounds_;
    interleavings order_;
    std::optional<std::vector<detail::decision>> replay_;
    std::size_t replayed_ = 0;
    std::vector<detail::decision> made_;  // in this run, up to its failure

    threads::impl* program_ = nullptr;
    // Left by a deadlock: its threads still use it, and keep this alive.
    std::unique_ptr<threads::impl> left_;
    std::vector<std::unique_ptr<seat>> seats_;
    seat caller_;
    std::unordered_map<std::uint64_t, std::uint32_t> writes_;
    std::size_t last_ = 0;  // the thread that runs
    std::size_t steps_ = 0;
    verdict verdict_ = verdict::none;
    bool cut_ = false;   // the rest of this run was run before
    bool free_ = false;  // this run was cut or has failed: no thread is chosen
    bool endless_ = false;
    bool stirred_ = false;
    std::exception_ptr failure_;
};

/// Returns the seat of this thread, or null if it is not explored.
stage::seat* here() noexcept;

}  // namespace heddle::testing
