// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/core/locals.hpp>
#include <heddle/detail/memory/frame_pool.hpp>
#include <heddle/detail/task/refuse_start.hpp>
#include <heddle/detail/task/scoped.hpp>

#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT {

namespace detail {

template <class T>
struct binding_of final : local_binding, pooled {
    template <class V>
    binding_of(const void* key, V&& v)
        : local_binding(key), value(std::forward<V>(v)) {}
    void dispose() const noexcept override { delete this; }
    const T value;
};

/// The value that is in force for `key` in the running task; null if there is none.
HEDDLE_API const local_binding* find_local(const void* key) noexcept;

/// A scope with a value of its own.
class HEDDLE_API local_scope : public scope_base {
public:
    using argument = counted<local_binding>;
    local_scope(process& self, argument&& binding) noexcept;
    ~local_scope();

private:
    process& self_;
    counted<const local_binding> outer_;
};

}  // namespace detail

/// A task_local holds a value for a task and for all that it starts, as the number of a
/// request: Swift's task-local, or a value of Go's context.
///
///     const heddle::task_local<std::string> request_id;      // it is the key
///
///     co_await heddle::with_local(request_id, "r-17", handle(std::move(socket)));
///
///     if (auto* id = request_id.get()) log(*id);     // anywhere below handle
///
/// A task inherits the values that are in force where it is started, by `go` in any form:
/// also on another context, in a group, by serve, when_all and the like. It keeps them
/// for as long as it runs, even after the scope that made them has been left. A scope
/// inside may give another value, which hides the outer one until it is left.
///
/// Threads   get() in any task. Tasks on several threads share one value, which is const.
///           Outside tasks there is none: in a handler, in the function of go_blocking.
/// Lifetime  a value is destroyed when the scope has been left and the tasks that have
///           inherited it have ended: by the last of them, outside all locks. What
///           get() gives holds at least until the task leaves the scope. Requires: the
///           task_local outlives all scopes that it was given to.
/// Complexity  to inherit is O(1), whatever the number of values, and takes no memory; a
///           scope is one block; get() is O(scopes with values that are in force).
template <class T>
class task_local {
    static_assert(std::is_object_v<T> && !std::is_const_v<T>,
                  "heddle: a task_local<T> holds an object, which it makes const");

public:
    constexpr task_local() noexcept = default;
    task_local(const task_local&) = delete;
    task_local& operator=(const task_local&) = delete;

    /// The value in force, or null if no scope has given one.
    const T* get() const noexcept {
        const detail::local_binding* found = detail::find_local(this);
        return found ? &static_cast<const detail::binding_of<T>*>(found)->value
                     : nullptr;
    }

private:
    char key_ = 0;  // its address is the key: two objects never share one
};

/// Runs `work` with `value` for `local`. `co_await` of this is a call of `work`, without
/// a frame of its own. It can be used like a task, and converts to one.
///
/// Errors    an exception of making the value is passed on, at once.
template <class T, class V, class Task>
    requires detail::is_task<Task> && std::is_constructible_v<T, V>
detail::scoped_task<detail::local_scope, Task> with_local(const task_local<T>& local,
                                                          V&& value, Task&& work) {
    return {detail::counted<detail::local_binding>::adopt(
                new detail::binding_of<T>(&local, std::forward<V>(value))),
            std::move(work)};
}

template <class T, class V, class Work>
    requires(!detail::is_task<Work>)
task<> with_local(const task_local<T>&, V&&, Work&&) {
    detail::refuse_work<Work>();
}

}  // namespace heddle
