// SPDX-License-Identifier: BSL-1.0
// Bridges between done tokens and std::stop_token, where the standard library has that.
#include "task/stop_bridge.hpp"

#include <heddle/done.hpp>

#ifdef HEDDLE_HAS_STOP_TOKEN

#include <memory>
#include <stop_token>
#include <utility>

namespace heddle HEDDLE_VARIANT {
namespace detail {
namespace {

/// A token that a std::stop_token closes. The callback refers to the node, so it is
/// unregistered, and waited for, before the node is freed.
class stop_node final : public done_node, public pooled {
public:
    explicit stop_node(std::stop_token stop)
        : closer_(std::move(stop), close_this{*this}) {}

private:
    struct close_this {
        void operator()() const noexcept { node.close({}); }
        done_node& node;
    };
    void dispose() noexcept override { delete this; }

    std::stop_callback<close_this> closer_;
};

/// Stops a std::stop_source when a token closes. It is queued at the token in front of
/// all other waiters, where the next caller finds it: so a token has one at most. The
/// close deletes it, or the end of the queue.
struct stop_bridge final : foreign_sleeper {
    explicit stop_bridge(done_node& node)
        : foreign_sleeper(cross_stop_bridge), watch(&node) {
        watch.who = this;
        watch.exclusive = true;
    }

    std::stop_source source;
    done_operation watch;
};

}  // namespace

void cross_stop_bridge(foreign_sleeper& s) noexcept {
    std::unique_ptr<stop_bridge> self(static_cast<stop_bridge*>(&s));
    self->source.request_stop();
}

void discard_stop_bridge(sleeper& s) noexcept { delete static_cast<stop_bridge*>(&s); }

namespace {

/// Returns the bridge of a token, or null if it has none yet. Requires: the tree's
/// lock.
stop_bridge* bridge_of(done_node& node) noexcept {
    operation* first = node.waiters().front();
    return first && is_stop_bridge(*first->who) ? static_cast<stop_bridge*>(first->who)
                                                : nullptr;
}

std::stop_token stopped() {
    std::stop_source source;
    source.request_stop();
    return source.get_token();
}

std::stop_token stop_token_of(done_node& node) {
    std::unique_ptr<stop_bridge> made;
    for (;; made = std::make_unique<stop_bridge>(node)) {
        if (node.closed())
            break;
        guard g(node.tree_lock());
        if (node.closed())
            break;
        if (stop_bridge* b = bridge_of(node))
            return b->source.get_token();
        if (made) {
            node.waiters().push_front(made->watch);
            return made.release()->source.get_token();
        }
    }
    static const std::stop_token closed_before = stopped();
    return closed_before;
}

}  // namespace
}  // namespace detail

done_source::done_source(std::stop_token stop)
    : node_(detail::counted<detail::done_node>::adopt(
          new detail::stop_node(std::move(stop)))) {}

std::stop_token done_token::stop_token() const {
    if (!node_)
        return {};
    return detail::stop_token_of(*node_);
}

}  // namespace heddle

#endif
