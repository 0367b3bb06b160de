// SPDX-License-Identifier: BSL-1.0
// What a process knows of the values that its task inherits.
#pragma once

#include <heddle/detail/platform/config.hpp>

#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

/// One value of a task-local, and the bindings that were in force around it. It belongs
/// to the processes, scopes and bindings that refer to it, and never changes once a scope
/// has been entered with it: so a task inherits all values by one pointer.
class HEDDLE_API local_binding : pinned {
public:
    void take() const noexcept { refs_.take(); }
    void drop() const noexcept {
        if (refs_.drop())
            end();
    }

    const void* key() const noexcept { return key_; }
    const local_binding* outer() const noexcept { return outer_.get(); }

    /// Puts it in front of those that are in force. Requires: nobody else refers to it.
    void enclose(counted<const local_binding> outer) noexcept {
        outer_ = std::move(outer);
    }

protected:
    explicit local_binding(const void* key) noexcept : key_(key) {}
    virtual ~local_binding() = default;

private:
    void end() const noexcept;
    virtual void dispose() const noexcept = 0;

    const void* const key_;
    mutable counted<const local_binding> outer_;
    mutable ref_count refs_;
};

}  // namespace heddle::detail
