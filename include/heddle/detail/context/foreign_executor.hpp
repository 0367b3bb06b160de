// SPDX-License-Identifier: BSL-1.0
// A way to post to a context that may end on another thread at any time.
#pragma once

#include <heddle/detail/context/posting.hpp>
#include <heddle/detail/memory/frame_pool.hpp>
#include <heddle/detail/memory/intrusive_list.hpp>
#include <heddle/detail/platform/asio.hpp>
#include <heddle/detail/platform/config.hpp>

#include <memory>

namespace heddle HEDDLE_VARIANT::detail {

class context_state;

/// An executor in a block of its own: whoever copies, moves or destroys an executor may run code
/// of a user, so under a lock only the pointer to it moves.
class lent_executor : public pooled, pinned {
public:
    explicit lent_executor(const asio::any_io_executor& ex) : executor(ex) {}

    void take() noexcept { refs_.take(); }
    void drop() noexcept {
        if (refs_.drop())
            delete this;
    }

    const asio::any_io_executor executor;

private:
    ~lent_executor() = default;

    ref_count refs_;
};

/// An executor of a context that others run, and end. Invariants:
///   [lent]    while it is not empty it is in its context's list; a context that ends takes
///             back the executors in its list, as some must not outlive it.
///   [posting] a thread that uses it is counted; the end of the context waits for that.
class HEDDLE_API foreign_executor : pinned {
public:
    explicit foreign_executor(const asio::any_io_executor& ex);
    ~foreign_executor();

    /// Posts f, or destroys it if the context has ended. This may be destroyed meanwhile. It
    /// needs no memory where post_in_place() needs none; elsewhere the program ends if Asio
    /// finds none.
    void post(errand f, posted_memory& memory) noexcept;

private:
    friend class context_state;

    class HEDDLE_API use : pinned {
    public:
        explicit use(foreign_executor& of) noexcept;
        ~use();

    private:
        std::shared_ptr<context_state> state_;

    public:
        counted<lent_executor> lent;
    };

    const std::shared_ptr<context_state> state_;
    counted<lent_executor> lent_;              // guarded by the context's lock
    list_place<foreign_executor> in_context_;  // guarded by the context's lock
};

}  // namespace heddle::detail
