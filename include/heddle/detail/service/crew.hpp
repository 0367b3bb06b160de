// SPDX-License-Identifier: BSL-1.0
// The tasks that work for a stream.
#pragma once

#include <heddle/detail/service/closer.hpp>
#include <heddle/detail/service/fan.hpp>
#include <heddle/detail/service/pipeline.hpp>
#include <heddle/select.hpp>
#include <heddle/time.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

/// The tasks that work for a stream, in its frame. Their token closes when the frame is
/// destroyed, which is what happens when a wait of the stream is cancelled. It is below
/// no other: the first next() may be called in a scope that is left before the second,
/// such as that of a time limit. No task refers to the frame, so they end by themselves.
class crew : pinned {
public:
    explicit crew(const char* what, std::ptrdiff_t limit = permit_core::max)
        : all_(make(what, limit)) {}
    ~crew() { all_->node().close({}); }

    child member() const { return child(all_); }
    void start(task<> work) const { start_child(*all_, std::move(work), nullptr); }

    /// Waits until all have ended, and throws the first failure.
    task<> end() const { return wait_for_children(all_); }

    /// Cancels all, and waits until they have ended.
    task<> stop() const { return stop(all_); }

private:
    static counted<children> make(const char* what, std::ptrdiff_t limit) {
        scope_guard below_none(host::current_process(), nullptr);
        return new_children(what, what, limit);
    }

    static task<> stop(counted<children> all) {
        all->node().close({});
        scope_guard to_the_end(host::current_process(), nullptr);
        co_await wait_op(*all);
    }

    counted<children> all_;
};

/// Reads a stream for another task, and sends its values there. The last of those that
/// share `out` closes it.
template <class P>
task<> feed(child self, std::shared_ptr<closer<typename P::value_type>> out, P from) {
    using T = typename P::value_type;
    children& all = self.core();
    try {
        while (std::optional<T> v = co_await from.next())
            co_await out->send(*v);
    } catch (...) {
        all.failed(std::current_exception());
    }
}

/// A stream that is read by a task of its own, so that the wait for its next value is an
/// arm. It lives in the frame of an operator.
template <class P>
class fed : pinned {
    using T = typename P::value_type;

public:
    fed(const char* what, P&& from) : crew_(what) {
        crew_.start(feed<P>(crew_.member(), std::make_shared<closer<T>>(values_),
                            std::move(from)));
    }

    receive_op<T> receive(std::optional<T>& to) const { return values_.receive(to); }

    /// Throws the exception that has ended the stream. Requires: the channel is closed.
    task<> end() const { return crew_.end(); }

private:
    crew crew_;
    channel<T> values_;
};

/// Throws std::invalid_argument for a time that is not above zero. `who` names the
/// operator.
HEDDLE_API duration checked_time(const char* who, duration d);

}  // namespace heddle::detail
