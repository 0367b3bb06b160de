// SPDX-License-Identifier: BSL-1.0
// The executors of Asio's that any_io_executor may hold.
#pragma once

#include <heddle/detail/context/host_executor.hpp>
#include <heddle/detail/core/host_ref.hpp>
#include <heddle/detail/platform/asio.hpp>

#include HEDDLE_ASIO(strand.hpp)
#include HEDDLE_ASIO(thread_pool.hpp)

#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

/// Calls f(executor) if the target is an E, or an E that counts as work, which is then
/// taken without. Returns whether it has called f.
template <class E, class F>
bool call_if_target(const asio::any_io_executor& ex, F& f) {
    using asio::execution::outstanding_work;
    using working = std::decay_t<decltype(asio::prefer(std::declval<const E&>(),
                                                       outstanding_work.tracked))>;
    if (auto* target = target_of<working>(ex))
        f(asio::prefer(*target, outstanding_work.untracked));
    else if (auto* plain = target_of<E>(ex))
        f(*plain);
    else
        return false;
    return true;
}

/// Calls f with the executor inside, if it is one that takes memory for a post from the
/// handler's allocator only (Asio 1.22.1 to 1.38), and has given it back when the handler
/// is called or destroyed. any_io_executor itself moves each handler into a block of its
/// own. Returns whether it has called f.
template <class F>
bool unwrapped(const asio::any_io_executor& ex, F f) {
    return call_if_target<asio::io_context::executor_type>(ex, f) ||
           call_if_target<asio::thread_pool::executor_type>(ex, f) ||
           call_if_target<asio::system_executor>(ex, f);
}

/// Does the same for a strand of one of them. A strand takes a second block from the
/// handler's allocator (handler_memory.hpp).
template <class F>
bool unwrapped_strand(const asio::any_io_executor& ex, F f) {
    return call_if_target<asio::strand<asio::io_context::executor_type>>(ex, f) ||
           call_if_target<asio::strand<asio::thread_pool::executor_type>>(ex, f);
}

/// The host of an executor that heddle made, or null.
inline host* host_in(const asio::any_io_executor& ex) noexcept {
    host* home = nullptr;
    auto look = [&](const auto* e) { home = e ? e->home() : home; };
    auto look_for = [&]<class Hold>(std::type_identity<Hold>) {
        look(target_of<basic_host_executor<false, Hold>>(ex));
        look(target_of<basic_host_executor<true, Hold>>(ex));
    };
    look_for(std::type_identity<counted<host>>());
    look_for(std::type_identity<host_work>());
    look_for(std::type_identity<lent_host>());
    return home;
}

}  // namespace heddle::detail
