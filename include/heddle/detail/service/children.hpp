// SPDX-License-Identifier: BSL-1.0
// Tasks that belong together: the children of a group, the sessions of a server.
#pragma once

#include <heddle/detail/core/done_node.hpp>
#include <heddle/sync/wait_group.hpp>

#include <cstddef>
#include <exception>
#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

/// The state that the children and their owner share: the number of the children, the
/// token above them, the permits of those that may run, and the first failure.
///
/// Threads   any.
/// Order     children that wait for a permit get it in order of arrival.
/// Closing   the token is below the one in force where this was made; the first failure
///           closes it, too.
/// Lifetime  the owner, each child and each wait hold this, and none refers to another:
///           a context that ends may destroy them in any order.
class HEDDLE_API children final : public wait_count {
public:
    /// In a dump, `what` is what a wait for the children waits for, `permit` what a
    /// child waits for that may not run yet.
    children(const char* what, const char* permit, std::ptrdiff_t limit);

    done_node& node() const noexcept { return *node_; }
    permit_core& permits() const noexcept { return *permits_; }

    /// Keeps the first failure, and closes the token; `cancelled` is none once the
    /// token is closed.
    void failed(std::exception_ptr) noexcept;

    /// The first failure, or null; it has been seen now.
    std::exception_ptr failure() noexcept;

    /// Is no child left, and no failure unseen?
    bool over() noexcept;

private:
    counted<done_node> node_;
    counted<permit_core> permits_;
    std::exception_ptr failure_;  // guarded by lock()
    bool seen_ = false;           // guarded by lock()
};

/// The first parameter of the coroutine that runs a child, so that the child is counted,
/// and has its permit, until its frame has been destroyed, even if it never runs.
class child : public counted_in<children> {
public:
    using counted_in::counted_in;
    child(child&& o) noexcept
        : counted_in(std::move(o)), permitted_(std::exchange(o.permitted_, false)) {}
    ~child() {
        if (permitted_)
            core().permits().give();
    }

    /// The permit that was taken is this child's from now on.
    void adopt_permit() noexcept { permitted_ = true; }

    /// Takes a permit if it has none and one is free. Returns whether it has one.
    bool take_permit() noexcept {
        permitted_ = permitted_ || core().permits().try_take();
        return permitted_;
    }

private:
    bool permitted_ = false;
};

/// Waits until no child is left, and throws the first failure. If it is cancelled, it
/// closes the token, waits all the same, and then throws the failure or `cancelled`.
HEDDLE_API task<> wait_for_children(counted<children> all);

}  // namespace heddle::detail
