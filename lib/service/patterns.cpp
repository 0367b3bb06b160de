// SPDX-License-Identifier: BSL-1.0
#include <heddle/patterns.hpp>

namespace heddle HEDDLE_VARIANT {
namespace detail {

task<> run_each([[maybe_unused]] closer<task<>> jobs, receiver<task<>> from) {
    while (auto job = co_await from.receive())
        co_await *std::move(job);
}

void throw_unanswered() {
    throw task_abandoned(
        "heddle: an actor was destroyed before it had answered a call: keep it until "
        "its calls have returned");
}

}  // namespace detail

void run_group::add(execute service, interrupt end) {
    members_.push_back({std::move(service), std::move(end)});
}

task<> run_group::run() const {
    if (members_.empty())
        co_return;
    std::vector<join_handle<>> running;
    std::size_t first = members_.size();
    std::exception_ptr why;
    try {
        running.reserve(members_.size());
        for (const member& m : members_)
            running.push_back(go(m.service));
        first = co_await select(running);
    } catch (...) {
        why = std::current_exception();
    }
    // From here on the joins cannot be cancelled, but the work of an interrupt can be.
    if (first < running.size()) {
        detail::scope_guard to_the_end(detail::host::current_process(), nullptr);
        try {
            co_await running[first];
        } catch (...) {
            why = std::current_exception();
        }
    }

    std::exception_ptr failure = why;
    for (std::size_t i = 0; i < members_.size(); ++i)
        try {
            if (members_[i].end)
                members_[i].end(why);
            else if (i < running.size())
                running[i].cancel(why);
        } catch (...) {
            if (!failure)
                failure = std::current_exception();
        }
    for (std::size_t i = 0; i < running.size(); ++i) {
        detail::scope_guard to_the_end(detail::host::current_process(), nullptr);
        try {
            if (i != first)
                co_await running[i];
        } catch (...) {  // dropped, as promised
        }
    }
    if (failure)
        std::rethrow_exception(std::move(failure));
}

}  // namespace heddle
