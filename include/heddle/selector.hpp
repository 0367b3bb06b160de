// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/wait/selector_core.hpp>
#include <heddle/select.hpp>

#include <cstddef>
#include <memory>
#include <utility>

namespace heddle HEDDLE_VARIANT {

namespace detail {

/// Keeps the channel of an arm that stays, if it names one.
template <class A>
struct arm_keeps {
    explicit arm_keeps(A&) noexcept {}
};
template <class A>
    requires requires(A& a) { a.channel(); }
struct arm_keeps<A> : pinned {
    explicit arm_keeps(A& arm) noexcept : channel(arm.channel()) {
        if (channel)
            channel->take(channel_base::one_handle);
    }
    ~arm_keeps() {
        if (channel)
            channel->drop(channel_base::one_handle);
    }
    channel_base* const channel;
};

template <class Kept>
class selector_arm_of final : public selector_arm {
public:
    template <class A>
    explicit selector_arm_of(A&& a)
        : arm_(std::forward<A>(a)), keeps_(arm_), node_(arm_) {}
    operation& node() noexcept override { return operation_of(node_); }

private:
    Kept arm_;
    arm_keeps<std::remove_reference_t<Kept>> keeps_;
    node_of<Kept> node_;
};

}  // namespace detail

/// A select that is kept: a set of arms, of which each co_await of next() lets one
/// happen and gives its index. If several can, each is as likely. A turn costs the same
/// however many arms there are, where select looks at each of them.
///
///     heddle::selector jobs;
///     for (std::size_t i = 0; i < in.size(); ++i)
///         jobs.add(in[i].receive(job));
///     auto stop = jobs.add(done);
///     while (co_await jobs.next() != stop)
///         work(*job);
///
/// Arms      as of select. A send, a lock, a timer and a join happen once and are off
///           then: replace() puts another arm in their place. All others stay on: a
///           receive from a channel that is closed and drained happens whenever it is
///           asked, so remove it. An arm that is nil when it is looked at is off until
///           enable() has it looked at again. An arm that does not happen has no
///           effect: nothing is taken while no task waits. Any number of arms may wait
///           for one source; those that send and those that receive on one channel do
///           not meet each other, but in its buffer.
/// Threads   a selector is used by one task at a time, which waits in it, adds and
///           removes; the sources of its arms may be used by any thread.
/// Resumes   as select. Waiters for the same source are served in the order in which
///           the source was found not to be ready.
/// Cancel    as select: throws `cancelled`, and nothing has happened. The arms stay.
/// Lifetime  an arm keeps its channel; everything else that it refers to (the place
///           that a value goes to or comes from, a timer or handle given by name)
///           outlives its place in the set. A timer that is on keeps its context
///           running until it is due. Requires: no task waits in a selector that is
///           destroyed. If a task is destroyed when an arm has happened already, the
///           next wait gives it.
/// Errors    channel_closed if the arm that happens is a send on a closed channel;
///           std::out_of_range from members that take an index, if no arm has it. add()
///           and replace() allocate and, if they throw, have changed nothing; waiting
///           does not.
/// Cost      next() is O(1) amortised, and so is each change at a source that makes one
///           of its arms ready, except that an operation at a channel passes the set's
///           own arms that wait on its other side; remove(), replace() and a wait that
///           is cancelled are O(arms).
class selector {
    class next_op;

public:
    /// Adds an arm and returns its index: the smallest that has never been used, or one
    /// that remove() has set free.
    template <selectable A>
    std::size_t add(A&& arm) {
        return core_.add(made(std::forward<A>(arm)));
    }

    template <class A>
        requires(!selectable<A>)
    std::size_t add(A&&) {
        detail::refuse_arms<A>();
    }

    /// Puts another arm, which is on, in the place of one.
    template <selectable A>
    void replace(std::size_t index, A&& arm) {
        core_.replace(index, made(std::forward<A>(arm)));
    }

    template <class A>
        requires(!selectable<A>)
    void replace(std::size_t, A&&) {
        detail::refuse_arms<A>();
    }

    /// Takes the arm out of the set.
    void remove(std::size_t index) { core_.remove(index); }

    /// While it is off, an arm does not happen.
    void disable(std::size_t index) { core_.disable(index); }
    void enable(std::size_t index) { core_.enable(index); }

    /// How many arms there are, on or off.
    std::size_t size() const noexcept { return core_.size(); }
    bool empty() const noexcept { return size() == 0; }

    /// Waits until an arm happens; if none is on, for ever.
    next_op next() noexcept;

private:
    template <class A>
    static std::unique_ptr<detail::selector_arm> made(A&& arm) {
        using kept = kept_arm<A>;
        if constexpr (detail::in_place<std::remove_cvref_t<A>>)
            detail::refuse_arm<detail::mistaken_arm<A>>();
        return std::make_unique<detail::selector_arm_of<kept>>(std::forward<A>(arm));
    }

    detail::selector_core core_;
};

class [[nodiscard("heddle: co_await next(): before that no arm "
                  "happens")]] selector::next_op : public detail::awaited_by_tasks {
public:
    explicit next_op(detail::selector_core& set) noexcept : set_(set) {}

    // -- for the library ------------------------------------------------------------
    detail::next_awaiter await_by(detail::process& self) const noexcept {
        return detail::next_awaiter(set_, self);
    }

private:
    detail::selector_core& set_;
};

inline selector::next_op selector::next() noexcept { return next_op(core_); }

}  // namespace heddle
