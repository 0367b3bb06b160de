// SPDX-License-Identifier: BSL-1.0
#include <heddle/detail/service/children.hpp>

namespace heddle HEDDLE_VARIANT::detail {
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

}  // namespace

children::children(const char* what, const char* permit, std::ptrdiff_t limit)
    : wait_count(what), node_(make_done_state()),
      permits_(permits_.adopt(new permit_core(permit, limit, false))) {
    if (done_node* scope = scope_here())
        node_->attach(*scope);
}

void children::failed(std::exception_ptr e) noexcept {
    if (node_->closed() && is_cancelled(e))
        return;
    {
        guard g(lock());
        if (!failure_)
            failure_ = e;
    }
    node_->close(std::move(e));
}

std::exception_ptr children::failure() noexcept {
    guard g(lock());
    seen_ = true;
    return failure_;
}

bool children::over() noexcept {
    guard g(lock());
    return zero_locked() && (!failure_ || seen_);
}

task<> wait_for_children(counted<children> all) {
    std::exception_ptr stopped;
    try {
        co_await wait_op(*all);
    } catch (const cancelled& c) {
        stopped = std::current_exception();
        all->node().close(c.cause());
    }
    if (stopped) {
        scope_guard to_the_end(host::current_process(), nullptr);
        co_await wait_op(*all);
    }
    if (auto failure = all->failure())
        std::rethrow_exception(std::move(failure));
    if (stopped)
        std::rethrow_exception(std::move(stopped));
}

}  // namespace heddle::detail
