// SPDX-License-Identifier: BSL-1.0
// Checks histories of channels. A history is linearizable if each operation can be
// given an instant between its call and its return, such that the channels behave in
// the order of these instants as the model below (Herlihy, Wing 1990). The search is
// that of Wing and Gong 1993, with the memory of Lowe 2017.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace test {

/// One arm of an operation: what it does, and on which channel.
struct attempt {
    enum kind { send, receive, close } what;
    std::size_t channel;
    int value = 0;  // the value to send
};

/// An operation that was called and has returned.
struct event {
    enum ending {
        happened,  // attempts[arm] happened; a receive has `got`, or nothing if the channel was closed
        refused,  // attempts[arm] is a send on a closed channel, or the close of one
        not_ready,  // of a try_ operation, or a select with otherwise: no arm could happen
        cancelled,  // nothing has happened
    };
    std::vector<attempt> attempts;
    std::uint64_t called = 0, returned = 0;
    ending how = happened;
    std::size_t arm = 0;
    std::optional<int> got;
};

/// The model of a channel in one thread. An unbuffered channel has no state but closed:
/// a send and its receive happen at the same instant.
struct model_channel {
    std::size_t capacity = 0;
    std::vector<int> buffer;
    bool closed = false;
    auto operator<=>(const model_channel&) const = default;
};

class linearizability {
public:
    linearizability(std::vector<std::size_t> capacities, std::vector<event> history)
        : history_(std::move(history)) {
        for (auto c : capacities)
            start_.push_back({c, {}, false});
    }

    /// A history has at most 64 operations.
    bool holds() {
        seen_.clear();
        return search(0, start_);
    }
    std::size_t states() const { return seen_.size(); }

private:
    using channels = std::vector<model_channel>;

    static std::uint64_t bit(std::size_t i) { return std::uint64_t{1} << i; }

    /// Returns whether the operation may be the next: no other that is left had
    /// returned before it was called.
    bool is_minimal(std::uint64_t done, std::size_t i) const {
        for (std::size_t k = 0; k < history_.size(); ++k)
            if (!(done & bit(k)) && history_[k].returned < history_[i].called)
                return false;
        return true;
    }

    bool search(std::uint64_t done, const channels& now) {
        if (done ==
            (history_.size() == 64 ? ~std::uint64_t{0} : bit(history_.size()) - 1))
            return true;
        if (!seen_.emplace(done, now).second)
            return false;
        for (std::size_t i = 0; i < history_.size(); ++i)
            if (!(done & bit(i)) && is_minimal(done, i) && step(done, now, i))
                return true;
        return false;
    }

    /// Returns whether the others can follow if this operation is the next.
    bool step(std::uint64_t done, const channels& now, std::size_t i) {
        const event& e = history_[i];
        if (e.how == event::cancelled)
            return search(done | bit(i), now);
        if (e.how == event::not_ready)
            return none_ready(now, e) && search(done | bit(i), now);
        if (e.how == event::refused)
            return refuses(now, e) && search(done | bit(i), now);
        const attempt& a = e.attempts[e.arm];
        const model_channel& c = now[a.channel];
        channels then = now;
        model_channel& to = then[a.channel];
        if (a.what == attempt::close) {
            if (c.closed)
                return false;
            to.closed = true;
        } else if (a.what == attempt::receive) {
            if (!e.got) {
                if (!c.closed || !c.buffer.empty())
                    return false;
            } else {
                if (c.buffer.empty() || c.buffer.front() != *e.got)
                    return false;  // on an unbuffered channel, the sender brings the receive along
                to.buffer.erase(to.buffer.begin());
            }
        } else if (c.closed) {
            return false;
        } else if (c.capacity == 0) {
            return meets(done | bit(i), now, i);
        } else {
            if (c.buffer.size() == c.capacity)
                return false;
            to.buffer.push_back(a.value);
        }
        return search(done | bit(i), then);
    }

    static bool refuses(const channels& now, const event& e) {
        return std::any_of(e.attempts.begin(), e.attempts.end(), [&](const attempt& a) {
            return a.what != attempt::receive && now[a.channel].closed;
        });
    }

    /// An unbuffered send, and the receive at the same instant.
    bool meets(std::uint64_t done, const channels& now, std::size_t sender) {
        const attempt& a = history_[sender].attempts[history_[sender].arm];
        for (std::size_t k = 0; k < history_.size(); ++k) {
            const event& e = history_[k];
            if ((done & bit(k)) || e.how != event::happened || !e.got)
                continue;
            const attempt& b = e.attempts[e.arm];
            if (b.what == attempt::receive && b.channel == a.channel &&
                *e.got == a.value && is_minimal(done & ~bit(sender), k) &&
                search(done | bit(k), now))
                return true;
        }
        return false;
    }

    /// Returns whether it is possible that no arm could happen. On an unbuffered
    /// channel that depends on the waiters, which a history does not record; so it is
    /// possible unless the channel is closed.
    static bool none_ready(const channels& now, const event& e) {
        for (const attempt& a : e.attempts) {
            const model_channel& c = now[a.channel];
            if (c.closed)
                return false;
            bool ready = a.what == attempt::receive
                             ? !c.buffer.empty()
                             : c.capacity != 0 && c.buffer.size() < c.capacity;
            if (ready)
                return false;
        }
        return true;
    }

    channels start_;
    std::vector<event> history_;
    std::set<std::pair<std::uint64_t, channels>> seen_;
};

/// Prints one operation in each line, in the order of the calls.
inline std::string to_text(const std::vector<event>& history) {
    std::string text;
    for (const event& e : history) {
        text +=
            "[" + std::to_string(e.called) + ", " + std::to_string(e.returned) + "] ";
        for (std::size_t i = 0; i < e.attempts.size(); ++i) {
            const attempt& a = e.attempts[i];
            text += i == 0 ? "" : " | ";
            text += e.how == event::happened && i == e.arm ? "*" : "";
            text += a.what == attempt::close     ? "close"
                    : a.what == attempt::receive ? "receive"
                                                 : "send " + std::to_string(a.value);
            text += " on " + std::to_string(a.channel);
        }
        static const char* const how[] = {"", ": refused", ": not ready",
                                          ": cancelled"};
        text += how[e.how];
        if (e.how == event::happened && e.attempts[e.arm].what == attempt::receive)
            text += e.got ? ": " + std::to_string(*e.got) : ": closed";
        text += '\n';
    }
    return text;
}

}  // namespace test
