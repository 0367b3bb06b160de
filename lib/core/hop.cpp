// SPDX-License-Identifier: BSL-1.0
#include <heddle/detail/core/hop.hpp>

#include "core/drained_here.hpp"

namespace heddle HEDDLE_VARIANT::detail {

void move_to(process& p, host& to) noexcept {
    {
        guard g(p.lock);  // interrupt_by() uses its home under this lock
        p.home->unregister_task(
            p);  // the host lives: this thread drains it, and so holds it
        p.home = &to;
    }
    to.register_task(p);
    to.ready(p, drained_here);
}

}  // namespace heddle::detail
