// SPDX-License-Identifier: BSL-1.0
#include <heddle/detail/context/foreign_executor.hpp>

#include "context/context_state.hpp"

#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

foreign_executor::foreign_executor(const asio::any_io_executor& ex)
    : state_(context_state::of(asio::query(ex, asio::execution::context))),
      lent_(counted<lent_executor>::adopt(new lent_executor(ex))) {
    state_->add(*this);
}

foreign_executor::~foreign_executor() {
    add(state_->posting, 1, std::memory_order_relaxed);
    (void)state_->take_back(*this);
    add(state_->posting, -1,
        std::memory_order_release);  // pairs with the context's end
}

void foreign_executor::post(errand f, posted_memory& memory) noexcept {
    use in_use(*this);
    if (in_use.lent)
        post_in_place(in_use.lent->executor, std::move(f), memory);
}

foreign_executor::use::use(foreign_executor& of) noexcept : state_(of.state_) {
    add(state_->posting, 1, std::memory_order_relaxed);
    lent = state_->borrow(of);
}

foreign_executor::use::~use() {
    lent = {};
    add(state_->posting, -1,
        std::memory_order_release);  // pairs with the context's end
}

}  // namespace heddle::detail
