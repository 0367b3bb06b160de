// SPDX-License-Identifier: BSL-1.0
#include <heddle/go.hpp>

#include <heddle/detail/context/host_executor.hpp>

#include "context/context_state.hpp"
#include "core/drained_here.hpp"

#include <algorithm>
#include <thread>
#include <utility>

namespace heddle HEDDLE_VARIANT {
namespace detail {

void throw_no_result() {
    throw std::logic_error(
        "heddle: a task<T> came to its end without co_return, so it has no result; end "
        "each of its paths with co_return value");
}

void throw_already_joined(const char* what) { throw already_joined(what); }

namespace {

/// The process has ended, and nobody took its result.
HEDDLE_NOINLINE void end_unwanted(process& p) noexcept {
    if (p.keeps_home && !p.ends_normally())
        return p.home->report(p);  // and gives it the reference
    if (p.is_shared())
        p.forget_result();
    p.drop();
}

}  // namespace

void let_go(process& p) noexcept {
    bool unwanted;
    {
        guard g(p.lock);
        p.held.store(false, std::memory_order_release);
        unwanted = p.ended && !p.taken;
    }
    if (unwanted)
        end_unwanted(p);
    else
        p.drop();
}

void claim_result(process* p) {
    if (!p)
        throw already_joined("heddle: join of a nil or moved-from join_handle");
    guard g(p->lock);
    if (std::exchange(p->taken, true))
        throw already_joined("heddle: this task was joined before");
}

done_node* scope_here() noexcept {
    host* h = drained_here;
    process* p = h ? h->running() : nullptr;
    return p ? p->scope() : nullptr;
}

const task_locals& locals_here() noexcept {
    static const task_locals none;
    host* h = drained_here;
    process* p = h ? h->running() : nullptr;
    return p ? p->locals : none;
}

void join_operation::describe(std::string& to) const {
    to += "for task " + std::to_string(process_->id) + " to end";
}

}  // namespace detail

void on_unhandled(asio::execution_context& ctx,
                  std::function<void(std::exception_ptr)> f) {
    detail::context_state::of(ctx)->on_unhandled(std::move(f));
}

asio::any_io_executor parallel(asio::io_context& ctx, unsigned n) {
    return detail::host_executor(detail::worker_of(
        ctx, n != 0 ? n : std::max(1u, std::thread::hardware_concurrency())));
}

asio::any_io_executor this_task::executor() {
    auto home = detail::current_host();
    if (home->is_sole())
        return static_cast<asio::io_context&>(home->context()).get_executor();
    return detail::host_executor(std::move(home));
}

void this_task::name(std::string name) {
    detail::host::current_process().rename(std::move(name));
}

std::uint64_t this_task::id() { return detail::host::current_process().id; }

}  // namespace heddle
