// SPDX-License-Identifier: BSL-1.0
// explore_threads runs schedule after schedule on a stage (stage.hpp). The seams of the
// library, at the end of this file, announce each step to the stage.
#include <heddle/testing_threads.hpp>

#include "context/context_state.hpp"
#include "platform/port.hpp"
#include "testing/stage.hpp"
#include "testing/testing_report.hpp"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace heddle HEDDLE_VARIANT {
namespace testing {

asio::io_context& threads::add(std::function<void(asio::io_context&)> f, how kind) {
    if (impl_.actors.size() == interleavings::max_threads)
        throw std::length_error("heddle: explore_threads: at most 8 threads");
    auto ctx = std::make_unique<asio::io_context>(1);
    auto state = std::make_shared<context_state>(std::nullopt, true, impl_.chooser);
    set_context_state(*ctx, state);
    detail::host_of(*ctx);
    impl_.actors.push_back({std::move(f), kind, std::move(ctx), std::move(state)});
    return *impl_.actors.back().ctx;
}

void threads::at_rest(std::function<void()> f) { impl_.at_rest = std::move(f); }
void threads::at_end(std::function<void()> f) { impl_.at_end = std::move(f); }

explored_threads explore_threads(const std::string& name,
                                 const std::function<void(threads&)>& program,
                                 thread_bounds bounds) {
    std::optional<std::vector<detail::decision>> only;
    if (auto text = schedule_from_environment(name))
        only = detail::parse_schedule(*text);
    auto on = std::make_shared<stage>(bounds, only);
    struct dismissal {
        stage& of;
        ~dismissal() { of.dismiss(); }
    } at_end{*on};
    auto last_words = detail::port::on_death([&] {
        report(name, "HEDDLE_SCHEDULE", "'" + name + ":" + on->schedule() + "'",
               std::make_exception_ptr(std::runtime_error("the program ends")), {});
        std::fflush(stderr);
    });
    for (explored_threads all;;) {
        std::string dump;
        std::exception_ptr failure = on->run(program, dump);
        ++(on->cut() ? all.abandoned : all.schedules);
        all.depth = std::max(all.depth, on->depth());
        if (on->changed())
            throw std::logic_error("heddle: explore_threads: " + name +
                                   ": the same schedule led to another program");
        if (failure) {
            report(name, "HEDDLE_SCHEDULE", "'" + name + ":" + on->schedule() + "'",
                   failure, dump);
            std::rethrow_exception(failure);
        }
        if (only)
            return all;
        all.complete = !on->next_run();
        if (all.complete || all.schedules >= bounds.schedules)
            return all;
    }
}

}  // namespace testing

// -- the seams ----------------------------------------------------------------------

namespace detail {

using testing::here;

object_name::object_name() noexcept
    : number_(here() ? here()->on->name_object(*here()) : 0) {}

void announce(const object_name& name, access how, condition can) noexcept {
    if (auto* s = here())
        s->on->arrive(*s, {name.get(), how}, can);
}

void note(const object_name& name, access how) noexcept {
    if (auto* s = here())
        s->on->note(*s, {name.get(), how});
}

void announce_wait_for_write(const object_name& name) noexcept {
    if (auto* s = here())
        s->on->wait_for_write(*s, name.get());
}

void announce_post(const asio::execution_context& ctx) noexcept {
    if (auto* s = here())
        s->on->post(*s, ctx);
}

bool is_explored() noexcept {
    auto* s = here();
    return s && s->index < testing::interleavings::max_threads;
}

void back_off::operator()() noexcept { port::yield_thread(); }

}  // namespace detail
}  // namespace heddle
