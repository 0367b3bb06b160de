// SPDX-License-Identifier: BSL-1.0
#include <heddle/task_local.hpp>

#include "core/drained_here.hpp"

#include <heddle/detail/core/host.hpp>

#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

/// Ends a list of bindings from the inside out, without recursion: each is taken from its
/// inner one before that is destroyed.
void local_binding::end() const noexcept {
    const local_binding* last = this;
    do {
        const local_binding* outer = last->outer_.leave();
        last->dispose();
        last = outer;
    } while (last && last->refs_.drop());
}

const local_binding* find_local(const void* key) noexcept {
    host* h = drained_here;
    process* p = h ? h->running() : nullptr;
    const local_binding* found = p ? p->locals.get() : nullptr;
    while (found && found->key() != key)
        found = found->outer();
    return found;
}

local_scope::local_scope(process& self, argument&& binding) noexcept
    : self_(self), outer_(self.locals) {
    binding->enclose(std::move(self.locals));
    self.locals = counted<const local_binding>::adopt(binding.leave());
}

local_scope::~local_scope() { self_.locals = std::move(outer_); }

}  // namespace heddle::detail
