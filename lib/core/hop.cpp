// SPDX-License-Identifier: BSL-1.0
#include <heddle/detail/core/hop.hpp>

namespace heddle::detail {

void move_to(process& p, host& to) noexcept {
    {
        guard g(p.lock);    // interrupt_by() counts at its home
        p.home->strike(p);  // whoever drains it holds it
        p.home = &to;
    }
    to.enrol(p);
    to.ready(p, host::current());
}

}  // namespace heddle::detail
