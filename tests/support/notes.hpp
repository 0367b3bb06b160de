// SPDX-License-Identifier: BSL-1.0
// What a trace is told: ends of scopes, of waits, and of tasks that nobody joins.
#pragma once

#include "support/ending.hpp"
#include "support/world.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace test {

/// Notes its end, and the end of its scope.
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

/// Notes how `of` ended.
inline heddle::task<> note(trace& t, std::string what, heddle::task<> of) {
    std::string how = co_await ending(std::move(of));
    t(what + ": " + how);
}

/// What escapes the detached tasks of a world, by name.
inline void note_unhandled(world& w, trace& t) {
    heddle::on_unhandled(w.ctx,
                         [&t](std::exception_ptr e) { t("unhandled: " + why(e)); });
}

/// Runs what is ready now, and nothing that it starts.
inline void leave(world& w) {
    w.go([] { throw std::runtime_error("left"); });
    w.ctx.restart();
    CHECK_THROWS_WITH_AS(w.ctx.poll(), "left", std::runtime_error);
}

}  // namespace test
