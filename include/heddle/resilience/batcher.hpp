// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/task/bind.hpp>
#include <heddle/go.hpp>
#include <heddle/select.hpp>
#include <heddle/sync/event.hpp>
#include <heddle/time.hpp>

#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <iterator>
#include <limits>
#include <list>
#include <memory>
#include <utility>
#include <vector>

namespace heddle HEDDLE_VARIANT {

/// When a batch is complete: whichever comes first.
struct batch_options {
    /// It holds so many values.
    std::size_t items = 100;
    /// So long a time has passed since its first value.
    duration after = std::chrono::milliseconds(10);
    /// Its values weigh so much together, as in bytes: see batcher's `weigh`.
    std::size_t weight = std::numeric_limits<std::size_t>::max();
};

namespace detail {

/// Throws std::invalid_argument if the options make no sense.
HEDDLE_API void check_batch(const batch_options& o);

}  // namespace detail

/// A batcher collects values, and hands them over together, as rows to one INSERT.
///
///     heddle::batcher<row> rows({.items = 500, .after = 5ms}, insert);
///     co_await rows.add(r);                    // returns when its batch was inserted
///
///     heddle::task<> insert(std::vector<row> batch);
///
/// Batches are handed over in the order in which they are complete, each in a task of
/// its own: the next one does not wait for the one before. A `flush` that must not run
/// twice at a time takes a mutex.
///
/// Threads   tasks of one serial host.
/// Resumes   those that have added to a batch, in order, when flush has returned.
/// Cancel    an add() that is cancelled before its batch is handed over takes its value
///           back, and nothing of it is handed over; later its value goes with the
///           batch. flush runs under no caller's token.
/// Lifetime  adds under way do not refer to this object.
/// Errors    what flush throws goes to all who added to that batch, and so does
///           std::bad_alloc if there is no memory to hand it over; otherwise it is for
///           the caller alone. A limit of 0, or a negative time: std::invalid_argument.
template <class T>
class batcher {
public:
    /// A copy adds to the same batches. A move copies, so a batcher is never empty.
    batcher(const batcher&) noexcept = default;
    batcher& operator=(const batcher&) noexcept = default;

    using flush_function = std::function<task<>(std::vector<T>)>;
    using weigh_function = std::function<std::size_t(const T&)>;

    batcher(batch_options options, flush_function flush, weigh_function weigh = {})
        : core_(std::make_shared<core>(options, std::move(flush), std::move(weigh))) {
        detail::check_batch(options);
    }

    /// Waits until the batch of this value was handed over.
    task<> add(T value) const { return add(core_, std::move(value)); }

    /// How many values wait for their batch to be complete.
    std::size_t size() const noexcept {
        return core_->open ? core_->open->values.size() : 0;
    }

private:
    struct batch {
        std::list<T> values;
        std::size_t weight = 0;
        event complete;
        event flushed;
        bool begun = false;
        std::exception_ptr failed;
    };

    struct core {
        core(batch_options o, flush_function f, weigh_function w)
            : options(o), flush(std::move(f)), weigh(std::move(w)) {}
        batch_options options;
        flush_function flush;
        weigh_function weigh;
        std::shared_ptr<batch> open;  // takes values
    };

    /// A value that its owner may take back.
    struct entry : detail::pinned {
        entry(std::shared_ptr<batch> b, T& value, std::size_t w)
            : mine(std::move(b)), weight(w) {
            mine->values.push_back(std::move(value));
            at = std::prev(mine->values.end());
            mine->weight += weight;
        }
        ~entry() {
            if (mine->begun)
                return;
            mine->values.erase(at);
            mine->weight -= weight;
        }
        std::shared_ptr<batch> mine;
        std::size_t weight;
        typename std::list<T>::iterator at;
    };

    static task<> run(std::shared_ptr<core> all, std::shared_ptr<batch> b) {
        try {
            auto late = heddle::after(all->options.after);
            co_await select(b->complete.wait(), late);
            if (all->open == b)
                all->open = nullptr;
            std::vector<T> values;
            values.reserve(b->values.size());
            b->begun = true;
            for (T& v : b->values)
                values.push_back(std::move(v));
            if (!values.empty())
                co_await all->flush(std::move(values));
        } catch (...) {
            b->failed = std::current_exception();
        }
        if (all->open == b)
            all->open = nullptr;
        b->begun = true;
        b->flushed.set();
    }

    static task<> add(std::shared_ptr<core> all, T value) {
        std::size_t weight = all->weigh ? all->weigh(value) : 1;
        if (!all->open) {
            auto fresh = std::make_shared<batch>();
            go(shield(run(all, fresh)));
            all->open = std::move(fresh);
        }
        entry mine(all->open, value, weight);
        batch& b = *mine.mine;
        if (b.values.size() >= all->options.items || b.weight >= all->options.weight) {
            all->open = nullptr;
            b.complete.set();
        }
        co_await b.flushed.wait();
        if (b.failed)
            std::rethrow_exception(b.failed);
    }

    std::shared_ptr<core> core_;
};

}  // namespace heddle
