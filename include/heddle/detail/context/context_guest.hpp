// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/memory/intrusive_list.hpp>
#include <heddle/detail/platform/config.hpp>

namespace heddle HEDDLE_VARIANT::detail {

/// Something that waits in an execution context and must be gone when the context has
/// ended, though no task of the context owns it. Invariant:
///   [listed] a guest is in the list of its context, under that context's lock, from
///            its arrival until it leaves or is abandoned.
class HEDDLE_API context_guest : pinned {
public:
    void take() noexcept { refs_.take(); }
    void drop() noexcept {
        if (refs_.drop())
            dispose();
    }

    /// The context ends: this guest leaves with nothing done. Returns false if another
    /// thread is just about to let this guest leave.
    virtual bool abandon() noexcept = 0;

protected:
    context_guest() noexcept = default;
    virtual ~context_guest() = default;

private:
    friend class context_state;

    virtual void dispose() noexcept = 0;

    list_place<context_guest> in_context_;  // guarded by the context's lock
    bool listed_ = false;                   // [listed]
    ref_count refs_;
};

}  // namespace heddle::detail
