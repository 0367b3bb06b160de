// SPDX-License-Identifier: BSL-1.0
// Worlds and exploration. An exploration is a depth-first search through the choices
// that a program meets: a run replays the prefix of choices that it was given and takes
// the first alternative from there on; the next run differs in the last choice that has
// an alternative left.
#include <heddle/testing.hpp>

#include "context/context_state.hpp"
#include "platform/port.hpp"
#include "testing/testing_report.hpp"

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <vector>

namespace heddle HEDDLE_VARIANT::testing {
namespace {

using detail::context_state;

std::optional<std::uint64_t> parse_number(std::string_view text) {
    std::uint64_t n = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (error != std::errc() || end != text.data() + text.size())
        return {};
    return n;
}

std::optional<std::uint64_t> seed_from_environment() {
    const char* text = std::getenv("HEDDLE_TEST_SEED");
    if (!text)
        return {};
    auto n = parse_number(text);
    if (!n)
        throw std::invalid_argument(std::string("heddle: HEDDLE_TEST_SEED=") + text +
                                    " is not a number");
    return n;
}

std::string command_line() {
    std::string quoted;
    for (const std::string& word : detail::port::command_line()) {
        bool plain =
            word.find_first_of(" \t\n\"'\\$&|;<>()*?[]#~") == std::string::npos;
        quoted += quoted.empty() ? "" : " ";
        quoted += plain && !word.empty() ? word : "'" + word + "'";
    }
    return quoted;
}

std::string said_by(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& e) {
        return e.what();
    } catch (const cancelled&) {
        return "heddle::cancelled";
    } catch (...) {
        return "an exception that is no std::exception";
    }
}

}  // namespace

void report(const std::string& name, const std::string& variable,
            const std::string& value, const std::exception_ptr& failure,
            const std::string& dump) {
    std::string text = "heddle: " + name + " fails:\n" + said_by(failure) + '\n';
    if (!dump.empty())
        text += "tasks then:\n" + dump;
    text += "replay: " + variable + '=' + value + ' ' + command_line() + '\n';
    std::fputs(text.c_str(), stderr);
}

std::optional<std::string> schedule_from_environment(const std::string& name) {
    const char* given = std::getenv("HEDDLE_SCHEDULE");
    if (!given)
        return {};
    std::string text = given;
    auto colon = text.rfind(':');
    if (colon == text.npos)
        throw std::invalid_argument("heddle: HEDDLE_SCHEDULE=" + text +
                                    " is not <name>:<schedule>");
    if (text.compare(0, colon, name) != 0)
        return {};
    return text.substr(colon + 1);
}

namespace {

/// Runs the program once. If it fails, `dump` becomes the dump of its tasks at that
/// time.
std::exception_ptr run_once(world& in, const std::function<task<>()>& program,
                            bool may_leak, std::string& dump) {
    try {
        in.run(program());
        if (!may_leak)
            in.expect_end();
    } catch (const deadlock&) {
        return std::current_exception();  // its text has the dump
    } catch (const leaked&) {
        return std::current_exception();
    } catch (...) {
        dump = in.dump();
        return std::current_exception();
    }
    return nullptr;
}

}  // namespace

class world::impl {
public:
    explicit impl(std::uint64_t seed, detail::chooser* explorer)
        : state(std::make_shared<context_state>(seed, true, explorer)), seed_(seed) {
        set_context_state(ctx, state);
    }

    asio::io_context ctx{1};
    const std::shared_ptr<context_state> state;
    const std::uint64_t seed_;
};

world::world() : world(seed_from_environment().value_or(1)) {}
world::world(std::uint64_t seed) : impl_(std::make_unique<impl>(seed, nullptr)) {}
world::world(detail::chooser& explorer) : impl_(std::make_unique<impl>(0, &explorer)) {}
world::~world() = default;

asio::io_context& world::context() noexcept { return impl_->ctx; }
std::uint64_t world::seed() const noexcept { return impl_->seed_; }
time_point world::now() const noexcept { return impl_->state->virtual_now(); }
std::size_t world::live() { return live_tasks(impl_->ctx); }
std::string world::dump() { return detail::tasks_of(impl_->ctx); }

void world::settle() {
    do
        impl_->ctx.restart();
    while (impl_->ctx.poll() != 0);
}

void world::go_forth(duration d) {
    if (d < duration::zero())
        throw std::invalid_argument("heddle: time does not go backwards");
    settle();
    constexpr auto last = time_point::max() - duration(1);  // max() stands for never
    auto end = now() > last - d ? last : now() + d;
    while (impl_->state->advance(end))
        settle();
}

void world::run_until_ended(detail::process& main) {
    for (settle(); !main.ended; settle())
        if (!impl_->state->advance())
            throw deadlock(
                "heddle: deadlock: every task waits, and nothing is pending that "
                "could wake one\n" +
                dump());
}

void world::expect_end() {
    settle();
    if (auto n = live(); n != 0)
        throw leaked("heddle: " + std::to_string(n) + " task" + (n > 1 ? "s" : "") +
                     " left\n" + dump());
}

namespace {

class schedule final : public detail::chooser {
public:
    explicit schedule(std::vector<std::uint32_t> replayed = {}) {
        for (auto k : replayed)
            path_.push_back({k, k + 1});
    }

    std::uint32_t choose(std::uint32_t n) noexcept override {
        if (at_ == path_.size() && !grow(n))
            return 0;
        auto& c = path_[at_++];
        if (c.taken >= n)
            changed_ = true;  // the same choices led to another program
        else if (c.among < n)
            c.among = n;  // the choice was replayed, or moot until now
        return c.taken < n ? c.taken : 0;
    }
    void was_moot() noexcept override {
        if (!failed_)
            path_[at_ - 1].among = path_[at_ - 1].taken + 1;
    }

    void start() noexcept { at_ = 0; }
    bool changed() const noexcept { return changed_; }
    bool failed() const noexcept { return failed_; }  // because memory ran out

    /// Moves to the next schedule in the order of depth-first search. Returns false if
    /// the schedule before was the last.
    bool next(std::size_t deviations) {
        path_.resize(at_);
        for (; !path_.empty(); path_.pop_back()) {
            auto& c = path_.back();
            if (c.taken + 1 < c.among && deviated(path_.size() - 1) < deviations) {
                ++c.taken;
                return true;
            }
        }
        return false;
    }

    std::string text() const {
        std::size_t n = at_;
        while (n > 0 && path_[n - 1].taken == 0)
            --n;
        std::string all;
        for (std::size_t i = 0; i < n; ++i)
            all += (i ? "." : "") + std::to_string(path_[i].taken);
        return all.empty() ? "0" : all;
    }

private:
    struct choice {
        std::uint32_t taken, among;
    };

    bool grow(std::uint32_t n) noexcept {
        try {
            path_.push_back({0, n});
            return true;
        } catch (const std::bad_alloc&) {
            failed_ = true;  // this run is not recorded any more, and is the last
            return false;
        }
    }
    std::size_t deviated(std::size_t before) const noexcept {
        std::size_t n = 0;
        for (std::size_t i = 0; i < before; ++i)
            n += path_[i].taken != 0;
        return n;
    }

    std::vector<choice> path_;
    std::size_t at_ = 0;
    bool changed_ = false;
    bool failed_ = false;
};

std::optional<std::vector<std::uint32_t>> replayed(const std::string& name) {
    auto given = schedule_from_environment(name);
    if (!given)
        return {};
    std::string_view text = *given;
    std::vector<std::uint32_t> choices;
    for (std::size_t at = 0, end; at <= text.size(); at = end + 1) {
        end = std::min(text.find('.', at), text.size());
        auto n = parse_number(text.substr(at, end - at));
        if (!n || *n > 1000000)
            throw std::invalid_argument(
                "heddle: HEDDLE_SCHEDULE: " + std::string(text) + " is not a schedule");
        choices.push_back(static_cast<std::uint32_t>(*n));
    }
    return choices;
}

}  // namespace

explored explore(const std::string& name, const std::function<task<>()>& program,
                 explore_bounds bounds) {
    auto only = replayed(name);
    schedule path(only.value_or(std::vector<std::uint32_t>()));
    for (explored all;;) {
        path.start();
        std::string dump;
        std::exception_ptr failure;
        {
            world in(path);
            failure = run_once(in, program, bounds.may_leak, dump);
        }
        ++all.schedules;
        if (path.failed())
            throw std::bad_alloc();
        if (path.changed())
            throw std::logic_error("heddle: explore: " + name +
                                   ": the same choices led to another program");
        if (failure) {
            report(name, "HEDDLE_SCHEDULE", "'" + name + ":" + path.text() + "'",
                   failure, dump);
            std::rethrow_exception(failure);
        }
        if (only)
            return all;
        all.complete = !path.next(bounds.deviations);
        if (all.complete || all.schedules == bounds.schedules)
            return all;
    }
}

void with_seeds(const std::string& name, std::uint64_t n,
                const std::function<task<>()>& program, bool may_leak) {
    auto only = seed_from_environment();
    for (auto seed = only.value_or(1); seed <= only.value_or(n); ++seed) {
        world in(seed);
        std::string dump;
        if (auto failure = run_once(in, program, may_leak, dump)) {
            report(name, "HEDDLE_TEST_SEED", std::to_string(seed), failure, dump);
            std::rethrow_exception(failure);
        }
    }
}

}  // namespace heddle::testing
