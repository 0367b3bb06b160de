// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/core/host.hpp>

#include <cstdint>
#include <memory>
#include <optional>

namespace heddle HEDDLE_VARIANT::detail {

/// The io_context of heddle::run, its threads, and the clock and the seed that it gives
/// to its hosts.
class HEDDLE_API run_loop : pinned {
public:
    run_loop(unsigned threads, std::optional<std::uint64_t> seed, bool virtual_clock,
             bool dump_on_quit);
    ~run_loop();

    counted<host> home();

    /// Returns when the process has ended. Throws deadlock, or the exception that left
    /// a detached task.
    void run_until_ended(process& main);

private:
    class settings;
    struct stop_at_end;

    run_loop(const settings&, bool dump_on_quit);
    void step(process& main);
    void run_threads();
    void stop() noexcept;

    asio::io_context context_;
    std::size_t threads_;
    host* sole_ = nullptr;          // the context's own, if one thread runs it
    std::uint64_t numbers_before_;  // of tasks that were started before this run
    std::shared_ptr<void> quit_;    // dumps tasks on SIGQUIT, without need of the loop
};

}  // namespace heddle::detail
