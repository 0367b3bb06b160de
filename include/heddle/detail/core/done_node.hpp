// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/core/operation.hpp>
#include <heddle/detail/memory/intrusive_list.hpp>

#include <exception>

namespace heddle HEDDLE_VARIANT::detail {

/// A node of the tree that close() walks: the state of a done_source, a process (as its
/// own token), or a scope that a process has entered (with_done). Each tree has one
/// lock, in its root, which is held while the tree is marked. Invariants:
///   [latched]  closed_ never turns false again; it is set under the tree's lock.
///   [down]     a closed node's descendants are closed.
///   [cause]    a closed node holds its cause, which is set before closed_ and never
///              changes.
///   [parent]   a node counts a reference on its parent; so the root outlives the tree.
///              Only retire() changes a parent, and only that of a linked node.
class HEDDLE_API done_node : pinned {
public:
    bool closed() const noexcept { return closed_.load(std::memory_order_acquire); }
    std::exception_ptr cause() const noexcept;

    void take() noexcept { refs_.take(); }
    bool take_if_any() noexcept { return refs_.take_if_any(); }
    void drop() noexcept {
        if (refs_.drop())
            dispose_of(this);
    }
    bool is_shared() const noexcept { return refs_.is_shared(); }

    /// Enters the tree under `parent`; is closed at once if that is closed. Returns
    /// whether it is. Requires: it has no children.
    bool attach(done_node& parent) noexcept {
        parent.take();  // [parent]
        parent_ = &parent;
        root_ = parent.root_;
        guard g(tree_lock());
        bool closes = parent.closed();
        if (closes) {
            cause_ = parent.cause_;                          // [cause]
            closed_.store(true, std::memory_order_release);  // [down]
        }
        parent.children_.push_front(*this);
        linked_ = true;
        return closes;
    }
    void detach() noexcept;

    /// This node is about to end: its parent becomes the parent of its children, and it
    /// leaves the tree unless it `stays`. A root is left alone: its block stays for its
    /// children, but it is not closed.
    void retire(bool stays) noexcept {
        if (!has_parent())
            return;
        std::uint32_t left = 0;
        {
            guard g(tree_lock());
            if (!linked_)
                return;
            if (!children_.empty())
                left = pass_on_children(stays);
            if (!stays)
                unlink();
        }
        for (; left != 0; --left)
            drop();  // the references of those children to this node
    }

    /// Closes this node and all below; a null cause means done_closed. Returns false if
    /// it was closed before. When it returns, the waiters are claimed and given to
    /// their hosts.
    bool close(std::exception_ptr cause) noexcept;

    /// Returns whether somebody would notice that it closes. Requires: the caller owns a
    /// reference, and makes no other meanwhile.
    bool is_watched() noexcept {
        if (is_shared())
            return true;
        guard g(tree_lock());
        return !waiters_.empty();  // a bridge to a stop token waits without one
    }

    bool has_parent() const noexcept { return root_ != this; }
    bool is_under(const done_node& ancestor) const noexcept;
    spin_lock& tree_lock() const noexcept { return root_->lock_; }
    wait_list& waiters() noexcept { return waiters_; }  // guarded by tree_lock()

protected:
    explicit done_node(std::uint32_t references = 1) noexcept
        : root_(this), refs_(references) {}

    /// For a node that is not counted itself. Requires: it was detached before.
    void release_parent() noexcept { parent_->drop(); }

    virtual ~done_node() = default;

private:
    static void dispose_of(done_node*) noexcept;

    // The next two require that it is linked, and that the tree's lock is held.
    void unlink() noexcept {
        linked_ = false;
        parent_->children_.erase(*this);
    }
    std::uint32_t pass_on_children(bool stays) noexcept;  // returns how many

    /// Interrupts the sleepers that wait under this node. Sleepers in `last` are woken
    /// after all others that were claimed. Requires: the tree's lock.
    virtual void interrupt(wake_list&, [[maybe_unused]] wake_list& last) noexcept {}
    virtual void dispose() noexcept = 0;

    done_node* parent_ = nullptr;  // guarded by tree_lock() while linked_

    // The next two are guarded by tree_lock().
    list_place<done_node> among_siblings_;
    intrusive_list<done_node, &done_node::among_siblings_> children_;

    wait_list waiters_;
    std::exception_ptr cause_;
    done_node* root_;
    ref_count refs_;
    spin_lock lock_;  // the tree's lock, if this is the root
    atomic<bool> closed_{false};
    bool linked_ = false;  // guarded by tree_lock()
};

/// Makes the node that a done_source owns: it belongs to no task.
HEDDLE_API counted<done_node> make_done_state();

}  // namespace heddle::detail
