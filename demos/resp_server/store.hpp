// SPDX-License-Identifier: BSL-1.0
// The data of a small Redis, and its commands.
#pragma once

#include "protocol.hpp"

#include <heddle/heddle.hpp>

#include <asio/ip/tcp.hpp>

#include <functional>
#include <memory>
#include <set>
#include <unordered_map>

using asio::ip::tcp;
using namespace std::chrono_literals;

constexpr std::size_t most_data = 32 << 20;
constexpr std::size_t most_at_once = 64;       // commands that are handed over
constexpr std::size_t most_waiting = 4 << 20;  // bytes; then a subscriber is too slow

struct client {
    explicit client(tcp::socket s) : conn(std::move(s)) {}

    tcp::socket conn;
    input in;
    std::vector<words> commands = std::vector<words>(most_at_once);
    std::string out;                          // answers and messages that wait
    heddle::notify more, less;                // in `out`
    heddle::time_point last = heddle::now();  // when a byte went either way
    bool writing = false, leaving = false;
    bool resp3 = false;  // it understands version 3 of the protocol
    static inline std::size_t ids = 0;
    std::size_t id = ++ids;
    std::string name;
    std::set<std::string, std::less<>> channels;

    // Version 2 cannot tell a message from an answer, so a subscriber is not answered.
    bool only_listens() const { return !resp3 && !channels.empty(); }
    void null() { out += resp3 ? "_\r\n" : "$-1\r\n"; }
};
using client_ptr = std::shared_ptr<client>;

struct hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const {
        return std::hash<std::string_view>{}(s);
    }
};
template <class T>
using table = std::unordered_map<std::string, T, hash, std::equal_to<>>;

class store {
public:
    void run(const client_ptr& from, const words& args) {
        auto& out = from->out;
        auto upper = changed(args[0], std::toupper);
        // A browser that is made to send a web page's form here must not get far.
        if (upper.starts_with("POST") || upper.starts_with("HOST:")) {
            from->leaving = true;
            return;
        }
        auto name = changed(args[0].substr(0, 128), std::tolower);
        auto known = rules.find(upper);
        if (known == rules.end()) {
            std::string given;
            for (std::size_t i = 1; i < args.size() && given.size() < 128; ++i)
                given +=
                    "'" + std::string(args[i].substr(0, 128 - given.size())) + "' ";
            error(out, "ERR unknown command '" + std::string(args[0].substr(0, 128)) +
                           "', with args beginning with: " + given);
        } else if (auto& [least, most, when, call] = known->second;
                   args.size() < least || args.size() > most) {
            error(out, "ERR wrong number of arguments for '" + name + "' command");
        } else if (when == usually && from->only_listens()) {
            error(out, "ERR Can't execute '" + name +
                           "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / "
                           "RESET are allowed in this context");
        } else {
            (this->*call)(from, args);
        }
    }

    void leave(const client_ptr& from) {
        while (!from->channels.empty())
            forget(from, *from->channels.begin());
    }

private:
    enum moment { usually, always };
    struct rule {
        std::size_t least, most;  // words
        moment when;
        void (store::*call)(const client_ptr&, const words&);
    };
    static const table<rule> rules;
    static constexpr auto no_integer = "ERR value is not an integer or out of range";

    void ping(const client_ptr& from, const words& args) {
        if (from->only_listens())
            from->out += "*2\r\n$4\r\npong\r\n";
        if (from->only_listens() || args.size() == 2)
            bulk(from->out, args.size() == 2 ? args[1] : "");
        else
            from->out += "+PONG\r\n";
    }

    void echo(const client_ptr& from, const words& args) { bulk(from->out, args[1]); }

    void quit(const client_ptr& from, const words&) {
        from->out += "+OK\r\n";
        from->leaving = true;
    }

    void hello(const client_ptr& from, const words& args) {
        auto& out = from->out;
        auto version = args.size() == 1 ? 2 + from->resp3 : integer(args[1]);
        if (!version)
            return error(out, "ERR Protocol version is not an integer or out of range");
        if (version != 2 && version != 3)
            return error(out, "NOPROTO unsupported protocol version");
        auto name = from->name;
        for (std::size_t i = 2; i < args.size(); ++i) {
            auto option = changed(args[i], std::toupper);
            if (option == "AUTH" && i + 2 < args.size() && args[i + 1] == "default")
                i += 2;  // there are no passwords
            else if (option == "AUTH" && i + 2 < args.size())
                return error(out, "WRONGPASS invalid username-password pair or user is "
                                  "disabled.");
            else if (option == "SETNAME" && i + 1 < args.size())
                name = args[++i];
            else
                return error(out, "ERR Syntax error in HELLO option '" +
                                      std::string(args[i]) + "'");
        }
        from->name = name;
        from->resp3 = version == 3;
        out += from->resp3 ? "%7\r\n" : "*14\r\n";
        for (auto each : {"server", "redis", "version", "7.2.0", "proto"})
            bulk(out, each);
        number(out, 2 + from->resp3);
        bulk(out, "id");
        number(out, from->id);
        for (auto each : {"mode", "standalone", "role", "master", "modules"})
            bulk(out, each);
        number(out, 0, '*');
    }

    void reset(const client_ptr& from, const words&) {
        leave(from);
        from->resp3 = false;
        from->name.clear();
        from->out += "+RESET\r\n";
    }

    void about_client(const client_ptr& from, const words& args) {
        auto& out = from->out;
        auto what = changed(args[1], std::tolower);
        static const table<std::size_t> sizes{
            {"id", 2}, {"getname", 2}, {"setname", 3}, {"setinfo", 4}};
        auto size = sizes.find(what);
        if (size == sizes.end())
            return error(out, "ERR unknown subcommand '" + std::string(args[1]) +
                                  "'. Try CLIENT HELP.");
        if (size->second != args.size())
            return error(out, "ERR wrong number of arguments for 'client|" + what +
                                  "' command");
        if (what == "id")
            return number(out, from->id);
        if (what == "getname")
            return from->name.empty() ? from->null() : bulk(out, from->name);
        if (what == "setname")
            from->name = args[2];
        out += "+OK\r\n";
    }

    void select(const client_ptr& from, const words& args) {
        if (auto n = integer(args[1]); n == 0)
            from->out += "+OK\r\n";
        else
            error(from->out, n ? "ERR DB index is out of range" : no_integer);
    }

    void info(const client_ptr& from, const words&) {
        bulk(from->out, "# Server\r\nredis_version:7.2.0\r\nredis_mode:standalone\r\n");
    }

    void list_commands(const client_ptr& from, const words&) { from->out += "*0\r\n"; }

    void get(const client_ptr& from, const words& args) {
        auto at = find(args[1]);
        at == values.end() ? from->null() : bulk(from->out, at->second.text);
    }

    void set(const client_ptr& from, const words& args) {
        auto& out = from->out;
        bool nx = false, xx = false;
        std::int64_t unit = 0;  // of `time`, in milliseconds
        std::string_view time;
        for (std::size_t i = 3; i < args.size(); ++i) {
            auto option = changed(args[i], std::toupper);
            std::int64_t its_unit = option == "EX" ? 1000 : option == "PX" ? 1 : 0;
            if (option == "NX" && !xx) {
                nx = true;
            } else if (option == "XX" && !nx) {
                xx = true;
            } else if (its_unit > 0 && (unit == 0 || unit == its_unit) &&
                       i + 1 < args.size()) {
                unit = its_unit;
                time = args[++i];
            } else {
                return error(out, "ERR syntax error");
            }
        }
        auto until = heddle::time_point::max();
        if (unit > 0) {
            constexpr auto for_ever = 24h * 365 * 100;
            auto n = integer(time);
            if (!n)
                return error(out, no_integer);
            if (*n <= 0 || *n > std::chrono::milliseconds::max().count() / 2 / unit)
                return error(out, "ERR invalid expire time in 'set' command");
            if (std::chrono::milliseconds after(*n * unit); after < for_ever)
                until = heddle::now() + after;
        }
        if (used + args[1].size() + args[2].size() > most_data)
            erase_expired();
        auto at = find(args[1]);
        bool there = at != values.end();
        if ((nx && there) || (xx && !there))
            return from->null();
        auto less = there ? at->second.text.size() : 0;
        auto more = args[2].size() + (there ? 0 : args[1].size());
        if (used - less + more > most_data)
            return error(out, "OOM no room for more data");
        if (!there)
            at = values.try_emplace(std::string(args[1])).first;
        at->second.text = args[2];
        at->second.until = until;
        used += more - less;
        out += "+OK\r\n";
    }

    void del(const client_ptr& from, const words& args) {
        std::size_t n = 0;
        for (std::size_t i = 1; i < args.size(); ++i)
            if (auto at = find(args[i]); at != values.end()) {
                erase(at);
                ++n;
            }
        number(from->out, n);
    }

    // No task waits for a slow subscriber: it is dropped.
    void publish(const client_ptr& from, const words& args) {
        std::size_t n = 0;
        if (auto all = subscribers.find(args[1]); all != subscribers.end()) {
            std::string message = "3\r\n$7\r\nmessage\r\n";
            bulk(message, args[1]);
            bulk(message, args[2]);
            for (auto& each : all->second) {
                if (each->out.size() + message.size() > most_waiting)
                    each->conn.close();
                else
                    each->out.append(each->resp3 ? ">" : "*").append(message);
                each->more.notify_one();
            }
            n = all->second.size();
        }
        number(from->out, n);
    }

    void subscribe(const client_ptr& from, const words& args) {
        for (std::size_t i = 1; i < args.size(); ++i) {
            std::string channel(args[i]);
            if (!from->channels.contains(channel)) {
                if (used + channel.size() > most_data)
                    return error(from->out, "OOM no room for more data");
                used += channel.size();
                from->channels.insert(channel);
                subscribers[channel].insert(from);
            }
            tell_count(from, "subscribe", channel);
        }
    }

    void unsubscribe(const client_ptr& from, const words& args) {
        std::vector<std::string> channels(args.begin() + 1, args.end());
        if (channels.empty())
            channels.assign(from->channels.begin(), from->channels.end());
        for (auto& each : channels) {
            forget(from, each);
            tell_count(from, "unsubscribe", each);
        }
        if (channels.empty())
            tell_count(from, "unsubscribe", std::nullopt);
    }

    static void tell_count(const client_ptr& to, std::string_view what,
                           std::optional<std::string_view> channel) {
        to->out += to->resp3 ? ">3\r\n" : "*3\r\n";
        bulk(to->out, what);
        channel ? bulk(to->out, *channel) : to->null();
        number(to->out, to->channels.size());
    }

    void forget(const client_ptr& from, std::string channel) {
        if (from->channels.erase(channel) == 0)
            return;
        used -= channel.size();
        auto all = subscribers.find(channel);
        all->second.erase(from);
        if (all->second.empty())
            subscribers.erase(all);
    }

    struct value {
        std::string text;
        heddle::time_point until;
    };

    // What has expired is not there for who looks for it. The rest of it goes when its room is needed.
    table<value>::iterator find(std::string_view key) {
        auto at = values.find(key);
        bool expired = at != values.end() && at->second.until <= heddle::now();
        if (expired)
            erase(at);
        return expired ? values.end() : at;
    }

    void erase_expired() {
        if (heddle::now() < next_look)
            return;
        next_look = heddle::now() + 1s;
        for (auto at = values.begin(); at != values.end();)
            at = at->second.until <= heddle::now() ? erase(at) : std::next(at);
    }

    table<value>::iterator erase(table<value>::iterator at) {
        used -= at->first.size() + at->second.text.size();
        return values.erase(at);
    }

    table<value> values;
    table<std::set<client_ptr>> subscribers;
    std::size_t used = 0;  // bytes of all keys, values and channels
    heddle::time_point next_look{};
};

inline const table<store::rule> store::rules{
    {"CLIENT", {2, most_words, usually, &store::about_client}},
    {"COMMAND", {1, most_words, usually, &store::list_commands}},
    {"DEL", {2, most_words, usually, &store::del}},
    {"ECHO", {2, 2, usually, &store::echo}},
    {"GET", {2, 2, usually, &store::get}},
    {"HELLO", {1, most_words, usually, &store::hello}},
    {"INFO", {1, most_words, usually, &store::info}},
    {"PING", {1, 2, always, &store::ping}},
    {"PUBLISH", {3, 3, usually, &store::publish}},
    {"QUIT", {1, most_words, always, &store::quit}},
    {"RESET", {1, 1, always, &store::reset}},
    {"SELECT", {2, 2, usually, &store::select}},
    {"SET", {3, most_words, usually, &store::set}},
    {"SUBSCRIBE", {2, most_words, always, &store::subscribe}},
    {"UNSUBSCRIBE", {1, most_words, always, &store::unsubscribe}},
};
