// SPDX-License-Identifier: BSL-1.0
#include <heddle/group.hpp>

#include <cassert>
#include <stdexcept>

namespace heddle {
namespace detail {
namespace {

bool is_cancelled(const std::exception_ptr& e) noexcept {
    try {
        std::rethrow_exception(e);
    } catch (const cancelled&) {
        return true;
    } catch (...) {
        return false;
    }
}

process* running_here() noexcept {
    host* h = host::current();
    return h ? h->running() : nullptr;
}

}  // namespace

group_core::group_core(std::ptrdiff_t limit)
    : wait_count("the children of a group"), node_(make_done_state()),
      slots_(slots_.adopt(new permit_core("a slot of a group", limit, false))) {
    if (done_node* scope = scope_here())
        node_->attach(*scope);
}

void group_core::failed(std::exception_ptr e) noexcept {
    if (node_->closed() && is_cancelled(e))
        return;
    {
        guard g(lock());
        if (!failure_)
            failure_ = e;
    }
    node_->close(std::move(e));
}

std::exception_ptr group_core::failure() noexcept {
    guard g(lock());
    seen_ = true;
    return failure_;
}

bool group_core::over() noexcept {
    guard g(lock());
    return zero_locked() && (!failure_ || seen_);
}

task<> wait_for_children(counted<group_core> group) {
    std::exception_ptr stopped;
    try {
        co_await wait_op(*group);
    } catch (const cancelled& c) {
        stopped = std::current_exception();
        group->node().close(c.cause());
    }
    if (stopped) {
        scope_guard to_the_end(host::current_process(), nullptr);
        co_await wait_op(*group);
    }
    if (auto failure = group->failure())
        std::rethrow_exception(std::move(failure));
    if (stopped)
        std::rethrow_exception(std::move(stopped));
}

}  // namespace detail

group::group(std::ptrdiff_t limit) : made_by_(detail::running_here()) {
    if (limit < 1)
        throw std::invalid_argument("heddle: a group whose limit lets no child run");
    core_ = core_.adopt(new detail::group_core(limit));
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
