// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/task/bind.hpp>
#include <heddle/done.hpp>
#include <heddle/go.hpp>
#include <heddle/sync/event.hpp>

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>

namespace heddle HEDDLE_VARIANT {

/// A single_flight joins calls for the same key that come while one is under way: they
/// all get its result. Go's golang.org/x/sync/singleflight does the same.
///
///     heddle::single_flight<std::string, page> pages;
///     page p = co_await pages.call(url, fetch, url);       // one fetch for each url at a time
///
/// The function runs in a task of its own, under no caller's token: it goes on while
/// one of its callers waits, and is cancelled when the last has gone. After it has
/// ended, the next call begins anew: nothing is cached.
///
/// Threads   tasks of one serial host.
/// Resumes   all callers in order of their calls.
/// Cancel    a caller that is cancelled leaves the others alone.
/// Lifetime  calls under way do not refer to this object.
/// Errors    what the function throws goes to all its callers; if its context ends, so
///           do they. std::bad_alloc: for the caller alone, or, if there is none to call
///           the function, for all. T is copied for each caller.
template <class Key, class T, class Hash = std::hash<Key>>
class single_flight {
public:
    single_flight() = default;
    /// A copy joins the same calls. A move copies, so it is never empty.
    single_flight(const single_flight&) noexcept = default;
    single_flight& operator=(const single_flight&) noexcept = default;

    /// Calls f(args...), a coroutine that gives a T, or waits for the call that is
    /// under way. The function and the arguments are copied as by go.
    template <class F, class... Args>
        requires detail::is_task<std::invoke_result_t<F&, Args&...>>
    task<T> call(Key key, F f, Args... args) const {
        return join(flights_, std::move(key), std::move(f), std::move(args)...);
    }

    /// How many calls are under way.
    std::size_t size() const noexcept { return flights_->size(); }

private:
    struct flight {
        event landed;
        std::optional<T> value;
        std::exception_ptr failed;
        done_source stop;
        std::size_t callers = 0;
    };
    using map = std::unordered_map<Key, std::shared_ptr<flight>, Hash>;

    static void forget(map& flights, const Key& key, const std::shared_ptr<flight>& f) {
        auto found = flights.find(key);
        if (found != flights.end() && found->second == f)
            flights.erase(found);
    }

    /// A caller that waits; the last that goes away ends the flight.
    struct caller : detail::pinned {
        caller(std::shared_ptr<map> m, const Key& k, std::shared_ptr<flight> f)
            : flights(std::move(m)), key(k), mine(std::move(f)) {
            ++mine->callers;
        }
        ~caller() {
            if (--mine->callers == 0 && !mine->landed.is_set()) {
                forget(*flights, key, mine);
                mine->stop.close();
            }
        }
        std::shared_ptr<map> flights;
        const Key& key;
        std::shared_ptr<flight> mine;
    };

    template <class F, class... Args>
    static task<> fly(std::shared_ptr<map> flights, Key key, std::shared_ptr<flight> f,
                      F function, Args... args) {
        try {
            f->value.emplace(co_await with_done(
                f->stop.token(), std::invoke(function, std::move(args)...)));
        } catch (...) {
            f->failed = std::current_exception();
        }
        forget(*flights, key, f);
        f->landed.set();
    }

    template <class F, class... Args>
    static task<T> join(std::shared_ptr<map> flights, Key key, F f, Args... args) {
        auto found = flights->find(key);
        std::shared_ptr<flight> mine;
        if (found != flights->end()) {
            mine = found->second;
        } else {
            mine = std::make_shared<flight>();
            flights->emplace(key, mine);
            try {
                go(fly<F, Args...>, flights, key, mine, std::move(f),
                   std::move(args)...);
            } catch (...) {
                forget(*flights, key, mine);
                throw;
            }
        }
        caller here(flights, key, mine);
        co_await mine->landed.wait();
        if (mine->failed)
            std::rethrow_exception(mine->failed);
        co_return *mine->value;
    }

    std::shared_ptr<map> flights_ = std::make_shared<map>();
};

}  // namespace heddle
