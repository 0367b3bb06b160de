// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/host.hpp>

#include <cstdint>
#include <optional>

namespace heddle::detail {

/// The io_context of heddle::run, and the clock and the seed it gives to its hosts.
class run_loop : pinned {
public:
    run_loop(std::optional<std::uint64_t> seed, bool virtual_clock);

    counted<host> home();

    /// Returns when the process has ended. Throws what left a detached task, or deadlock.
    void run_until_ended(process& main);

private:
    void step(process& main);

    asio::io_context context_{1};
};

}  // namespace heddle::detail
