// SPDX-License-Identifier: BSL-1.0
// How to reach a context that may end on another thread at any time.
#pragma once

#include <heddle/detail/asio.hpp>
#include <heddle/detail/config.hpp>

#include <memory>
#include <utility>

namespace heddle::detail {

class context_state;

/// An executor of a context that others run, and end. Invariants:
///   [lent]    while it is not empty it is in its context's list; a context that ends takes
///             back the executors in its list, as some must not outlive it.
///   [posting] a thread that uses it is counted; the end of the context waits for that.
class HEDDLE_API foreign_executor : pinned {
public:
    explicit foreign_executor(const asio::any_io_executor& ex);
    ~foreign_executor();

    /// Posts f, or destroys it if the context has ended. This may be destroyed meanwhile.
    template <class F>
    void post(F f) noexcept {
        use in_use(*this);
        if (!in_use.executor)
            return;
        before_post(in_use.executor);
        asio::post(in_use.executor, std::move(f));
    }

private:
    friend class context_state;

    class HEDDLE_API use : pinned {
    public:
        explicit use(foreign_executor& of) noexcept;
        ~use();

    private:
        std::shared_ptr<context_state> state_;

    public:
        asio::any_io_executor executor;
    };

    const std::shared_ptr<context_state> state_;
    asio::any_io_executor executor_;  // guarded by the context's lock
    foreign_executor* prev_ = nullptr;
    foreign_executor* next_ = nullptr;
};

}  // namespace heddle::detail
