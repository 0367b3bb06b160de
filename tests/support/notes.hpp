// SPDX-License-Identifier: BSL-1.0
// Helpers that write to a trace: ends of scopes, of waits, and of tasks that no task
// joins.
#pragma once

#include "support/ending.hpp"
#include "support/world.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace test {

/// Logs its end, and the end of its scope.
class noted {
public:
    noted(trace& t, std::string what) : t_(&t), what_(std::move(what)) {}
    noted(noted&& o) noexcept
        : t_(std::exchange(o.t_, nullptr)), what_(std::move(o.what_)) {}
    ~noted() {
        if (t_)
            (*t_)(what_);
    }

private:
    trace* t_;
    std::string what_;
};

/// Logs how `of` ended.
inline heddle::task<> note_end(trace& t, std::string what, heddle::task<> of) {
    std::string how = co_await ending(std::move(of));
    t(what + ": " + how);
}

/// Logs the exceptions that leave the detached tasks of a world, by name.
inline void note_unhandled(world& w, trace& t) {
    heddle::on_unhandled(w.ctx,
                         [&t](std::exception_ptr e) { t("unhandled: " + why(e)); });
}

/// Runs everything that is ready now, but nothing that this makes ready.
inline void leave(world& w) {
    w.go([] { throw std::runtime_error("left"); });
    w.ctx.restart();
    CHECK_THROWS_WITH_AS(w.ctx.poll(), "left", std::runtime_error);
}

}  // namespace test
