// SPDX-License-Identifier: BSL-1.0
#include <heddle/group.hpp>

#include <cassert>
#include <stdexcept>
#include <string>

namespace heddle HEDDLE_VARIANT {
namespace detail {
namespace {

process* running_here() noexcept {
    host* h = host::current();
    return h ? h->running() : nullptr;
}

}  // namespace
}  // namespace detail

group::group(std::ptrdiff_t limit) : made_by_(detail::running_here()) {
    if (limit < 1)
        throw std::invalid_argument("heddle: group(" + std::to_string(limit) +
                                    "): the limit must let 1 child or more run");
    core_ = core_.adopt(
        new detail::children("the children of a group", "a slot of a group", limit));
}

group::~group() {
    // If a dying context destroys the frame, no exception is under way, but no task
    // runs either.
    [[maybe_unused]] bool left_by_its_task = std::uncaught_exceptions() == 0 &&
                                             made_by_ &&
                                             detail::running_here() == made_by_;
    assert((!left_by_its_task || core_->over()) &&
           "heddle: a group destroyed while a child is alive, or with a failure nobody "
           "saw: co_await its wait() first");
    core_->node().close({});
}

}  // namespace heddle
