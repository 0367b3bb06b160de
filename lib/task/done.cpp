// SPDX-License-Identifier: BSL-1.0
// The tree of done tokens. lib/README.md explains it under "Closing".
#include <heddle/done.hpp>

#include "task/stop_bridge.hpp"

#include <heddle/detail/core/failures.hpp>
#include <heddle/detail/core/host.hpp>

#include <utility>

namespace heddle HEDDLE_VARIANT {
namespace detail {

namespace {

/// Claims all waiters. Those whose wake calls functions of the user go to `calls`, the
/// others to `wakes`.
void claim_all(wait_list& waiters, wake_list& wakes, wake_list& calls) noexcept {
    while (operation* op = waiters.pop_claimed()) {
        op->result = outcome::done;
        (is_stop_bridge(*op->who) ? calls : wakes).add(*op->who);
    }
}

}  // namespace

bool done_node::is_under(const done_node& ancestor) const noexcept {
    guard g(tree_lock());
    const done_node* n = parent_;
    while (n && n != &ancestor)
        n = n->parent_;
    return n != nullptr;
}

std::exception_ptr done_node::cause() const noexcept {
    return closed() ? cause_ : nullptr;  // [cause]
}

void done_node::detach() noexcept {
    if (!has_parent())
        return;
    guard g(tree_lock());
    if (linked_)
        unlink();
}

/// If this node is closed and stays, its children stay below it: they are closed too, and
/// an arm may still name the token of this node.
std::uint32_t done_node::pass_on_children(bool stays) noexcept {
    std::uint32_t passed = 0;
    while (done_node* n = closed() && stays ? nullptr : children_.pop_front()) {
        n->parent_ = parent_;
        parent_->take();
        ++passed;
        parent_->children_.push_front(*n);
    }
    return passed;
}

bool done_node::close(std::exception_ptr cause) noexcept {
    if (closed())
        return false;
    if (!cause)
        cause = prepared().done_closed;
    wake_list wakes, pokes, calls;
    {
        guard g(tree_lock());
        if (closed())
            return false;
        cause_ = std::move(cause);
        // Preorder, without recursion. A closed node is skipped, because it has no open
        // node below it [down].
        for (done_node* n = this; n;) {
            if (n != this)
                n->cause_ = cause_;                             // [cause]
            n->closed_.store(true, std::memory_order_release);  // [latched]
            n->interrupt(wakes, pokes);
            claim_all(n->waiters_, wakes, calls);
            done_node* down = n->children_.front();
            while (down && down->closed())
                down = children_.after(*down);
            while (!down && n != this) {
                down = children_.after(*n);
                while (down && down->closed())
                    down = children_.after(*down);
                if (!down)
                    n = n->parent_;
            }
            n = down;
        }
    }
    wakes.release();
    pokes.release();
    calls.release();  // last: they may end the context of a task that was claimed here
    return true;
}

/// Disposes of a node that nothing refers to, and of the ancestors that it was the last
/// to refer to.
void done_node::dispose_of(done_node* n) noexcept {
    do {  // a loop, because chains may be long
        // No other thread links or unlinks it now. It is detached before its parent is
        // read, so that retire() cannot change the parent any more.
        if (n->linked_)
            n->detach();
        // Nothing can close it any more: the only waiters left are bridges to stop
        // tokens.
        while (operation* op = n->waiters_.front()) {
            n->waiters_.erase(*op);
            discard_stop_bridge(*op->who);
        }
        done_node* parent = n->parent_;
        n->dispose();
        n = parent;
    } while (n && n->refs_.drop());
}

namespace {

class done_state : public done_node, public pooled {
private:
    void dispose() noexcept override { delete this; }
};

}  // namespace

/// A token that closes at its deadline. A thread that expires or closes it first takes
/// a reference, if there still is one: the last may just have been dropped by a thread
/// that now waits for the lock. If its removal leaves the heap empty, the host is told,
/// because its Asio timer would keep the context from ending.
class deadline_node final : public done_node, public timer_entry, public pooled {
public:
    explicit deadline_node(counted<host> home) noexcept : home_(std::move(home)) {}

    void arm(time_point t, time_point now) noexcept {
        deadline = t;
        {
            guard g(home_->timer_lock());
            if (closed())
                return;  // otherwise interrupt() finds it in the heap
            home_->insert_locked(*this, now);
        }
        home_->poke();
    }
    deadline_node* next_expired = nullptr;

private:
    struct poker : foreign_sleeper {
        explicit poker(deadline_node* n) noexcept : foreign_sleeper(poke), node(n) {}
        static void poke(foreign_sleeper& s) noexcept {
            auto& self = static_cast<poker&>(s);
            deadline_node* n = self.node;
            if (self.due)
                n->home_->poke();
            if (self.expected)
                n->home_->expect_no_more();
            n->drop();
        }
        deadline_node* const node;
        bool due = false;
        bool expected = false;
    };

    /// Returns whether it was the last in the heap.
    bool disarm() noexcept {
        guard g(home_->timer_lock());
        if (!queued)
            return false;
        home_->erase_locked(*this);
        return home_->no_timers_locked();
    }
    void interrupt(wake_list&, wake_list& last) noexcept override {
        if (!take_if_any())
            return;  // dispose() disarms
        // [homecoming]: the timer may have been the last work of its host, and the
        // tasks that are interrupted next still have to come home.
        poker_.expected = home_->expect();
        poker_.due = disarm();
        last.add(poker_);  // the host cannot be told under the lock of the tree
    }
    void expire_locked(expiry& e) noexcept override {
        if (!take_if_any())  // held by the expiry until it has closed this
            return;
        next_expired = e.deadlines;
        e.deadlines = this;
    }
    void dispose() noexcept override {
        if (disarm())
            home_->poke();
        delete this;
    }

    counted<host> home_;
    poker poker_{this};
};

void close_expired(expiry& e) noexcept {
    while (deadline_node* n = e.deadlines) {
        e.deadlines = n->next_expired;
        n->close(prepared().deadline_exceeded);
        n->drop();
    }
}

counted<done_node> make_done_state() {
    return counted<done_node>::adopt(new done_state);
}

}  // namespace detail

done_source::done_source() : node_(detail::make_done_state()) {}

done_source::done_source(const done_token& parent) : done_source() {
    if (parent.node())
        node_->attach(*parent.node());
}

done_source::done_source(const detail::counted<detail::host>& home,
                         const done_token& parent, duration timeout)
    : done_source(home, parent, timeout, home->read_clock()) {}

done_source::done_source(const detail::counted<detail::host>& home,
                         const done_token& parent, duration timeout, time_point now)
    : done_source(home, parent, detail::deadline_after(now, timeout), now) {}

done_source::done_source(const detail::counted<detail::host>& home,
                         const done_token& parent, time_point deadline)
    : done_source(home, parent, deadline, home->read_clock()) {}

done_source::done_source(const detail::counted<detail::host>& home,
                         const done_token& parent, time_point deadline,
                         time_point now) {
    auto* node = new detail::deadline_node(home);
    node_ = detail::counted<detail::done_node>::adopt(node);
    if (parent.node())
        node->attach(*parent.node());
    if (deadline <= now)
        node->close(detail::prepared().deadline_exceeded);
    else if (deadline != time_point::max())
        node->arm(deadline, now);
}

bool done_source::close(std::exception_ptr cause) noexcept {
    if (!node_)
        return false;
    return node_->close(std::move(cause));
}

bool done_source::close(error_code cause) noexcept {
    return close(detail::failure_of<system_error>(cause));
}

done_token this_task::done() {
    auto& self = detail::host::current_process();
    detail::done_node* node = self.token();
    return node ? done_token(detail::counted<detail::done_node>(node)) : done_token();
}

}  // namespace heddle
