// SPDX-License-Identifier: BSL-1.0
// This class decides which interleavings of a program's threads are run, and in which
// order: by depth-first search with partial-order reduction. It knows a thread by its
// number and a step by the objects that it touches, and runs nothing itself.
//
//   Flanagan, Godefroid, "Dynamic partial-order reduction for model checking software", 2005
//   Abdulla, Aronis, Jonsson, Sagonas, "Optimal dynamic partial order reduction", 2014: source sets
//   Godefroid, "Partial-order methods for the verification of concurrent systems", 1996: sleep sets
//   Coons, Musuvathi, McKinley, "Bounded partial-order reduction", 2013
#pragma once

#include <heddle/detail/core/host.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace heddle HEDDLE_VARIANT::detail {

/// The access of a step to one object.
struct touch {
    std::uint64_t object = 0;
    access how = access::nothing;
    bool may_wait = false;  // the thread may have to wait for others before it

    friend bool operator==(const touch&, const touch&) = default;
};

/// Says which thread goes on, or which alternative a thread chooses. A schedule is a
/// sequence of decisions.
struct decision {
    bool is_choice;
    std::uint32_t number;
};
std::string to_text(const std::vector<decision>&);
std::vector<decision>
parse_schedule(const std::string& text);  // throws invalid_argument

class interleavings final : public chooser {
public:
    static constexpr std::size_t max_threads = 8;
    static constexpr std::size_t none = static_cast<std::size_t>(-1);

    struct options {
        std::size_t preemptions = none;  // so many at most in a run
        bool reduce = true;              // equivalent runs: only one of them
    };

    explicit interleavings(options o) : options_(o) {}

    // -- a run ------------------------------------------------------------------------

    void begin() noexcept;

    /// Returns the thread whose step is done next. `next[t]` is the step of thread t,
    /// and bit t of `enabled`, which is not 0, says whether that step can be done.
    /// Returns `none` if all that can follow has been run before, in another order.
    std::size_t pick(std::uint32_t enabled, const std::array<touch, max_threads>& next);

    /// Adds a touch to the step under way.
    void also(touch t);

    /// Says that no step before this call can change places with a step after it.
    void barrier() noexcept;

    std::uint32_t choose(std::uint32_t n) noexcept override;
    void was_moot() noexcept override;

    /// Returns whether the same decisions led to other steps than before.
    bool changed() const noexcept { return changed_; }

    std::size_t depth() const noexcept { return at_; }

    // -- between runs -----------------------------------------------------------------

    /// Prepares the next run. Returns false if the run before was the last.
    bool next_run();

private:
    using clock = std::array<std::uint32_t, max_threads>;  // steps of each thread

    struct choice {
        std::uint32_t taken, among;
    };

    /// A step, and the knowledge of the steps that could have been done instead.
    struct node {
        std::size_t thread;
        std::size_t before;           // the thread of the step before, or none
        std::uint32_t enabled;        // bits of threads
        std::uint32_t asleep;         // their steps were done in another order
        std::uint32_t wanted;         // are to be done here, in some run
        std::uint32_t done;           // were done here
        std::size_t preemptions;      // before this step
        std::vector<touch> touches;   // of this step
        std::vector<choice> choices;  // in this step
        std::array<std::vector<touch>, max_threads> known;  // of those asleep or done
        clock after;  // the steps that happened before its end
    };

    static bool depend(const touch& a, const touch& b) noexcept;
    static bool can_swap(const touch& before, const touch& after) noexcept;
    static bool depend(const std::vector<touch>& a,
                       const std::vector<touch>& b) noexcept;
    static bool knows(const clock& c, const node& n) noexcept {
        return c[n.thread] >= n.after[n.thread];
    }

    bool preempts(const node& n, std::size_t thread) const noexcept;
    bool affords(const node& n, std::size_t thread) const noexcept;
    node make_node(std::uint32_t enabled) const;
    std::uint32_t cheap_first(const node& n) const noexcept;
    void inherit_sleep(node& n) const;
    void enter_step(std::size_t index, touch t);
    void look_for_races(std::size_t index, const touch& t);
    void race(std::size_t first, std::size_t second, const touch& t);
    void want(std::size_t index, std::uint32_t threads, std::size_t preferred);

    const options options_;
    std::vector<node> path_;
    std::size_t at_ = 0;       // steps of this run so far
    std::size_t fresh_ = 0;    // the first step that was not in the run before
    std::size_t choices_ = 0;  // made in the step under way
    std::array<clock, max_threads> clocks_{};
    bool changed_ = false;
};

}  // namespace heddle::detail
