// SPDX-License-Identifier: BSL-1.0
#include <heddle/detail/hop.hpp>

namespace heddle::detail {

void move_to(process& p, host& to) noexcept {
    p.home->strike(p);  // whoever drains it holds it
    p.home = &to;
    to.enrol(p);
    to.ready(p, host::current());
}

}  // namespace heddle::detail
