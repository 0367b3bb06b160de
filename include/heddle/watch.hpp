// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/wait/sync_core.hpp>
#include <heddle/task.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace heddle HEDDLE_VARIANT {

namespace detail {

/// A value that is replaced, and the number of times it was. Invariant, whenever lock()
/// is free:
///   [current] who waits has seen the current version, and the watch is not closed.
class HEDDLE_API watch_core final : public sync_core {
public:
    using pointer = std::shared_ptr<const void>;

    explicit watch_core(pointer value) noexcept : value_(std::move(value)) {}

    /// The value, and its version.
    std::pair<pointer, std::uint64_t> get() noexcept;

    /// Replaces the value; with `expected`, only if that is still its version. Returns
    /// whether it did. The old value is left in `value`, and dies with it. Closed it
    /// throws std::logic_error.
    bool set(pointer& value, std::optional<std::uint64_t> expected = {});

    void close() noexcept;

    bool news_locked(std::uint64_t seen) const noexcept {
        return version_ != seen || closed_;
    }
    bool news(std::uint64_t seen) noexcept {
        guard g(lock());
        return version_ != seen;
    }

private:
    // Guarded by lock().
    pointer value_;
    std::uint64_t version_ = 1;
    bool closed_ = false;
};

class changed_operation : public sync_operation<watch_core> {
public:
    changed_operation(watch_core& core, std::uint64_t& seen) noexcept
        : sync_operation(core), seen_(seen) {}
    template <no_operation Op>
    explicit changed_operation(Op& op) noexcept
        : changed_operation(op.core(), op.seen()) {}

    bool attempt_locked(wake_list&) noexcept override {
        return core_.news_locked(seen_);
    }
    void describe(std::string& to) const override { to += "for news of a watch"; }
    void complete() override { take(); }
    bool take() noexcept { return see() != nullptr; }

protected:
    ~changed_operation() = default;

    /// The latest value, unless it was seen before; then it was closed.
    watch_core::pointer see() noexcept {
        auto [value, version] = core_.get();
        return std::exchange(seen_, version) != version ? value : nullptr;
    }

private:
    std::uint64_t& seen_;
};

class changed_arm final : public changed_operation {
public:
    using changed_operation::changed_operation;
};

template <class T>
class next_operation final : public changed_operation {
public:
    using changed_operation::changed_operation;
    std::shared_ptr<const T> take() noexcept {
        return std::static_pointer_cast<const T>(see());
    }
};

}  // namespace detail

/// changed() of a watcher: an arm, or `co_await`ed to a bool.
class [[nodiscard(
    "heddle: co_await changed(), or make it an arm: before that nothing is "
    "waited for")]] changed_op : public detail::awaited_by_tasks {
public:
    changed_op(detail::watch_core& core, std::uint64_t& seen) noexcept
        : core_(&core), seen_(&seen) {}

    // -- for the library ------------------------------------------------------------
    auto await_by(detail::process& self) const {
        return detail::await_one<detail::changed_arm>(self, *core_, *seen_);
    }
    using arm_node = detail::changed_arm;
    detail::watch_core& core() const noexcept { return *core_; }
    std::uint64_t& seen() const noexcept { return *seen_; }

private:
    detail::watch_core* core_;
    std::uint64_t* seen_;
};

/// next() of a watcher. It is not an arm: changed() is.
template <class T>
class [[nodiscard("heddle: co_await next(): before that nothing is waited "
                  "for")]] next_op : public detail::awaited_by_tasks {
public:
    next_op(detail::watch_core& core, std::uint64_t& seen) noexcept
        : core_(&core), seen_(&seen) {}

    // -- for the library ------------------------------------------------------------
    static constexpr auto mistake = detail::mistake_kind::receive_value;
    auto await_by(detail::process& self) const {
        return detail::await_one<detail::next_operation<T>>(self, *core_, *seen_);
    }

private:
    detail::watch_core* core_;
    std::uint64_t* seen_;
};

/// A watcher sees the values of a watch. See there.
template <class T>
class watcher {
public:
    watcher(const watcher&) noexcept = default;  // a move is a copy: never nil
    watcher& operator=(const watcher&) noexcept = default;

    /// The latest value, which this watcher has then seen.
    std::shared_ptr<const T> get() {
        auto [value, version] = core_->get();
        seen_ = version;
        return std::static_pointer_cast<const T>(value);
    }

    /// Whether there is a value that this watcher has not seen.
    bool has_changed() const noexcept { return core_->news(seen_); }

    /// Suspends until there is a value that this watcher has not seen, and gives it;
    /// null: the watch is closed.
    next_op<T> next() noexcept { return {*core_, seen_}; }

    /// The same, but gives whether there was one, which get() then gives. It is an arm.
    changed_op changed() noexcept { return {*core_, seen_}; }

    /// Waits for a value for which wanted(value) is true, the current one included, and
    /// gives it; null: closed, and the last value is none. Values in between may be
    /// skipped.
    template <std::predicate<const T&> Wanted>
    task<std::shared_ptr<const T>> wait_for(Wanted wanted) {
        return wait_for(*this, std::move(wanted));
    }

    // -- for the library ------------------------------------------------------------
    explicit watcher(detail::counted<detail::watch_core> core) noexcept
        : core_(std::move(core)) {}

private:
    static task<std::shared_ptr<const T>> wait_for(watcher mine, auto wanted) {
        do {
            std::shared_ptr<const T> value = mine.get();
            if (wanted(*value))
                co_return value;
        } while (co_await mine.changed());
        co_return nullptr;
    }

    detail::counted<detail::watch_core> core_;
    std::uint64_t seen_ = 0;
};

/// A watch holds a value that changes; watchers wait for the latest, as of a
/// configuration, a state, a leader. A slow watcher skips values, and holds nobody up.
///
///     heddle::watch<config> w(load());
///     heddle::go(serve, w.subscribe());
///     w.set(load());
///
///     while (auto c = co_await in.next()) use(*c);     // serve(heddle::watcher<config> in)
///
/// A value that was got lives while a pointer to it does, also after it was replaced.
///
/// Threads   every member of a watch from any thread; one watcher from one thread at a
///           time.
/// Resumes   all watchers that wait, in order of arrival, on their own hosts, never
///           inside set(). set() is O(watchers that wait), the others are O(1).
/// Closing   close(), and the destructor: changed() is false once the last value was
///           seen.
/// Cancel    a changed() that is cancelled, or loses its select, has seen nothing.
/// Lifetime  a watcher outlives its waits, and need not be outlived by the watch.
/// Errors    each value takes memory: std::bad_alloc, and nothing has changed. What the
///           constructors of T, and the function given to update(), throw.
template <class T>
class watch {
public:
    template <class... Args>
        requires std::constructible_from<T, Args...>
    explicit watch(Args&&... args)
        : core_(core_.adopt(new detail::watch_core(
              std::make_shared<const T>(std::forward<Args>(args)...)))) {}
    watch(const watch&) = delete;
    watch& operator=(const watch&) = delete;
    ~watch() { core_->close(); }

    /// The latest value.
    std::shared_ptr<const T> get() const {
        return std::static_pointer_cast<const T>(core_->get().first);
    }

    /// Replaces the value.
    void set(T value) {
        detail::watch_core::pointer fresh = std::make_shared<const T>(std::move(value));
        core_->set(fresh);
    }

    /// Replaces the value by f(value). If another thread was quicker, f is called
    /// again.
    template <std::invocable<const T&> F>
        requires std::convertible_to<std::invoke_result_t<F&, const T&>, T>
    void update(F f) {
        for (;;) {
            auto [old, version] = core_->get();
            detail::watch_core::pointer fresh = std::make_shared<const T>(
                std::invoke(f, *static_cast<const T*>(old.get())));
            if (core_->set(fresh, version))
                return;
        }
    }

    /// A watcher that has seen no value yet: its first changed() is true at once.
    watcher<T> subscribe() const noexcept { return watcher<T>(core_); }

    /// Says that no value follows. get() gives the last one. set() and update() then
    /// throw std::logic_error.
    void close() noexcept { core_->close(); }

private:
    detail::counted<detail::watch_core> core_;
};

}  // namespace heddle
