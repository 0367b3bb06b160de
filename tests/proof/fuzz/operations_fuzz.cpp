// SPDX-License-Identifier: BSL-1.0
// Bytes are operations on channels, selects, tokens and timers, in a world and in a model that a reader can check by
// eye. After each operation both must agree on which tasks wait and on the values that each task has got. With
// libFuzzer the file is compiled with -fsanitize=fuzzer; without it, replay.cpp runs it on the files of the corpus.
#include <heddle/heddle.hpp>
#include <heddle/testing.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace {

constexpr std::size_t channels = 3;
constexpr std::size_t capacities[channels] = {0, 1, 3};
constexpr std::size_t most_waiting = 24;

/// The kinds of arms.
struct arm {
    enum kind { send, receive, token, timer } what;
    std::size_t channel;  // or the index of the token; for a timer, its length in ms
    int value;
};

/// A wait with one or several arms, and how it ended, in the world or in the model.
struct wait {
    std::vector<arm> arms;
    bool in_order = false;  // priority_select
    std::size_t under = 0;  // the token in force; 0 means none
    std::string end;        // empty while it waits
};

std::string ended(std::size_t i, const std::string& how) {
    return std::to_string(i) + " " + how;
}

// -- the model ---------------------------------------------------------------------------

struct model_channel {
    std::size_t capacity = 0;
    std::deque<int> buffer;
    bool closed = false;
};

/// Waiters are served in order of arrival; of several ready arms the first happens, as the world is told to choose.
class model {
public:
    model() {
        for (std::size_t i = 0; i < channels; ++i)
            all_[i].capacity = capacities[i];
    }

    void start(wait w) {
        w.end = begin(w);
        if (w.end.empty())
            for (auto& a : w.arms)
                deadlines_.push_back(now_ + static_cast<long>(a.channel));
        else
            for (std::size_t i = 0; i < w.arms.size(); ++i)
                deadlines_.push_back(0);
        first_deadline_.push_back(deadlines_.size() - w.arms.size());
        waits_.push_back(std::move(w));
    }
    std::string try_send(std::size_t c, int v) {
        if (all_[c].closed)
            return "closed";
        return send_now(c, v) ? "done" : "would block";
    }
    std::string try_receive(std::size_t c) {
        auto v = receive_now(c);
        return v                ? "done " + std::to_string(*v)
               : all_[c].closed ? "closed"
                                : "would block";
    }
    bool close(std::size_t c) {
        if (std::exchange(all_[c].closed, true))
            return false;
        for (auto kind : {arm::receive, arm::send})
            for (wait& w : waits_)
                if (std::size_t i; w.end.empty() && find(w, kind, c, i))
                    w.end = ended(i, kind == arm::receive ? "nothing" : "refused");
        return true;
    }
    void close_token(std::size_t t) {
        if (std::exchange(tokens_[t], true))
            return;
        for (wait& w : waits_)  // the tasks under the token
            if (w.end.empty() && w.under == t)
                w.end = stands_in(w).value_or("cancelled");
        for (wait& w : waits_)  // the tasks that wait for it
            for (std::size_t i = 0; i < w.arms.size(); ++i)
                if (w.end.empty() && w.arms[i].what == arm::token &&
                    w.arms[i].channel == t)
                    w.end = ended(i, "token");
        if (t == 1)
            close_token(2);  // token 2 is below token 1
    }
    void advance(long ms) {
        now_ += ms;
        // In order of deadline, then of arrival.
        for (;;) {
            wait* first = nullptr;
            std::size_t which = 0;
            long soonest = now_ + 1;
            for (std::size_t k = 0; k < waits_.size(); ++k)
                for (std::size_t i = 0;
                     waits_[k].end.empty() && i < waits_[k].arms.size(); ++i)
                    if (waits_[k].arms[i].what == arm::timer &&
                        deadlines_[first_deadline_[k] + i] < soonest) {
                        soonest = deadlines_[first_deadline_[k] + i];
                        first = &waits_[k];
                        which = i;
                    }
            if (!first)
                return;
            first->end = ended(which, "timer");
        }
    }

    std::size_t size(std::size_t c) const { return all_[c].buffer.size(); }
    const std::deque<wait>& waits() const { return waits_; }

private:
    /// Returns whether an arm is the token in force, or one above it.
    std::optional<std::string> stands_in(const wait& w) const {
        for (std::size_t i = 0; i < w.arms.size(); ++i)
            if (w.arms[i].what == arm::token && tokens_[w.arms[i].channel] &&
                (w.arms[i].channel == w.under ||
                 (w.arms[i].channel == 1 && w.under == 2)))
                return ended(i, "token");
        return {};
    }

    /// Returns how the wait ends at once; empty if it does not.
    std::string begin(const wait& w) {
        if (w.under != 0 && tokens_[w.under] && !stands_in(w))
            return "cancelled";
        for (std::size_t i = 0; i < w.arms.size(); ++i) {
            const arm& a = w.arms[i];
            model_channel& c = all_[a.what <= arm::receive ? a.channel : 0];
            if (a.what == arm::send && c.closed)
                return ended(i, "refused");
            if (a.what == arm::send && send_now(a.channel, a.value))
                return ended(i, "sent");
            if (a.what == arm::receive)
                if (auto v = receive_now(a.channel))
                    return ended(i, "got " + std::to_string(*v));
            if (a.what == arm::receive && c.closed)
                return ended(i, "nothing");
            if (a.what == arm::token && tokens_[a.channel])
                return ended(i, "token");
            if (a.what == arm::timer && a.channel == 0)
                return ended(i, "timer");
        }
        return {};
    }
    /// Returns the first arm of a kind on a channel.
    static bool find(const wait& w, arm::kind kind, std::size_t c, std::size_t& i) {
        for (i = 0; i < w.arms.size(); ++i)
            if (w.arms[i].what == kind && w.arms[i].channel == c)
                return true;
        return false;
    }
    wait* longest(arm::kind kind, std::size_t c, std::size_t& i) {
        for (wait& w : waits_)
            if (w.end.empty() && find(w, kind, c, i))
                return &w;
        return nullptr;
    }
    bool send_now(std::size_t c, int v) {
        std::size_t i = 0;
        if (wait* w = longest(arm::receive, c, i))
            w->end = ended(i, "got " + std::to_string(v));
        else if (all_[c].buffer.size() < all_[c].capacity)
            all_[c].buffer.push_back(v);
        else
            return false;
        return true;
    }
    std::optional<int> receive_now(std::size_t c) {
        auto& b = all_[c].buffer;
        std::size_t i = 0;
        wait* w = longest(arm::send, c, i);
        if (w) {
            b.push_back(w->arms[i].value);
            w->end = ended(i, "sent");
        }
        if (b.empty())
            return {};
        int v = b.front();
        b.pop_front();
        return v;
    }

    model_channel all_[channels];
    bool tokens_[3] = {};
    long now_ = 0;
    std::deque<wait> waits_;
    std::vector<long> deadlines_;
    std::vector<std::size_t> first_deadline_;
};

// -- the library --------------------------------------------------------------------------

/// Runs tasks in order and tries arms as written.
struct first_of final : heddle::detail::chooser {
    std::uint32_t choose(std::uint32_t) noexcept override { return 0; }
    void was_moot() noexcept override {}
};

class library {
public:
    library() : world_(std::make_unique<heddle::testing::world>(order_)) {
        for (std::size_t i = 0; i < channels; ++i)
            all_[i] = heddle::channel<int>(capacities[i]);
        tokens_.resize(3);
        tokens_[2] = heddle::done_source(tokens_[1].token());
    }

    void start(const wait& w) {
        waits_.push_back(w);
        waits_.back().end.clear();
        auto t = run(waits_.back());
        world_->go(w.under ? heddle::with_done(tokens_[w.under].token(), std::move(t))
                           : std::move(t));
        world_->settle();
    }
    std::string try_send(std::size_t c, int v) {
        auto status = all_[c].try_send(v);
        world_->settle();
        return said(status);
    }
    std::string try_receive(std::size_t c) {
        int v = 0;
        auto status = all_[c].try_receive(v);
        world_->settle();
        return said(status) +
               (status == heddle::try_status::done ? ' ' + std::to_string(v) : "");
    }
    bool close(std::size_t c) {
        bool closed = all_[c].try_close();
        world_->settle();
        return closed;
    }
    void close_token(std::size_t t) {
        tokens_[t].close();
        world_->settle();
    }
    void advance(long ms) { world_->advance(ms * 1ms); }
    std::size_t size(std::size_t c) const { return all_[c].size(); }
    const std::list<wait>& waits() const { return waits_; }
    void end() { world_.reset(); }

private:
    static std::string said(heddle::try_status s) {
        return s == heddle::try_status::done          ? "done"
               : s == heddle::try_status::would_block ? "would block"
                                                      : "closed";
    }

    heddle::task<> run(wait& w) {
        std::vector<std::optional<int>> got(w.arms.size());
        std::vector<heddle::arm> arms;
        for (std::size_t i = 0; i < w.arms.size(); ++i) {
            const arm& a = w.arms[i];
            if (a.what == arm::send)
                arms.emplace_back(all_[a.channel].emplace(a.value));
            else if (a.what == arm::receive)
                arms.emplace_back(all_[a.channel].receive(got[i]));
            else if (a.what == arm::token)
                arms.emplace_back(tokens_[a.channel].token());
            else
                arms.emplace_back(heddle::after(static_cast<long>(a.channel) * 1ms));
        }
        std::size_t i = 0;
        try {
            i = co_await heddle::select(arms);
            const arm& a = w.arms[i];
            w.end = ended(i, a.what == arm::send    ? "sent"
                             : a.what == arm::token ? "token"
                             : a.what == arm::timer ? "timer"
                             : got[i]               ? "got " + std::to_string(*got[i])
                                                    : "nothing");
        } catch (const heddle::channel_closed&) {
            // The exception does not name the arm: it is the first send on a closed channel.
            while (w.arms[i].what != arm::send || !all_[w.arms[i].channel].closed())
                ++i;
            w.end = ended(i, "refused");
        } catch (const heddle::cancelled&) {
            w.end = "cancelled";
        }
    }

    first_of order_;
    std::unique_ptr<heddle::testing::world> world_;
    heddle::channel<int> all_[channels];
    std::vector<heddle::done_source> tokens_;
    std::list<wait> waits_;
};

// -- the two beside each other ---------------------------------------------------------------

class pair_of {
public:
    pair_of(const std::uint8_t* data, std::size_t size)
        : at_(data), end_(data + size) {}

    void run() {
        while (at_ != end_) {
            step();
            compare();
        }
        library_.end();
    }

private:
    std::size_t take(std::size_t below) { return at_ == end_ ? 0 : *at_++ % below; }

    arm draw_arm() {
        switch (take(8)) {
        case 0:
        case 1:
        case 2:
            return {arm::send, take(channels), ++value_};
        case 3:
        case 4:
        case 5:
            return {arm::receive, take(channels), 0};
        case 6:
            return {arm::token, 1 + take(2), 0};
        default:
            return {arm::timer, take(4), 0};
        }
    }

    void step() {
        switch (take(9)) {
        case 0:
        case 1:
        case 2:
        case 3: {
            wait w;
            auto n = 1 + take(3);
            for (std::size_t i = 0; i < n; ++i)
                w.arms.push_back(draw_arm());
            w.under = take(3);
            if (waiting() < most_waiting) {
                library_.start(w);
                model_.start(w);
            }
            break;
        }
        case 4: {
            auto c = take(channels);
            ++value_;
            same(library_.try_send(c, value_), model_.try_send(c, value_));
            break;
        }
        case 5: {
            auto c = take(channels);
            same(library_.try_receive(c), model_.try_receive(c));
            break;
        }
        case 6: {
            if (take(4) != 0)
                break;  // seldom, because a closed channel does little
            auto c = take(channels);
            same(library_.close(c) ? "closed" : "", model_.close(c) ? "closed" : "");
            break;
        }
        case 7: {
            if (take(4) != 0)
                break;
            auto t = 1 + take(2);
            library_.close_token(t);
            model_.close_token(t);
            break;
        }
        default: {
            auto ms = static_cast<long>(take(3));
            library_.advance(ms);
            model_.advance(ms);
        }
        }
    }

    std::size_t waiting() const {
        return static_cast<std::size_t>(
            std::count_if(model_.waits().begin(), model_.waits().end(),
                          [](auto& w) { return w.end.empty(); }));
    }

    void compare() {
        auto l = library_.waits().begin();
        for (auto& m : model_.waits()) {
            same(l->end, m.end);
            ++l;
        }
        for (std::size_t c = 0; c < channels; ++c)
            same(std::to_string(library_.size(c)), std::to_string(model_.size(c)));
    }

    static void same(const std::string& library, const std::string& model) {
        if (library == model)
            return;
        std::fprintf(stderr, "heddle: \"%s\"; the model: \"%s\"\n", library.c_str(),
                     model.c_str());
        std::abort();
    }

    const std::uint8_t* at_;
    const std::uint8_t* end_;
    int value_ = 0;
    library library_;
    model model_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    pair_of(data, std::min<std::size_t>(size, 512)).run();
    return 0;
}
