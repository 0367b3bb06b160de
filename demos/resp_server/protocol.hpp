// SPDX-License-Identifier: BSL-1.0
// RESP, the protocol of Redis: how commands are read, and how answers are written.
#pragma once

#include <heddle/heddle.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

using words = std::vector<std::string_view>;  // of a command; they refer to the input

constexpr std::size_t most_words = 1024, longest_word = 64 << 10,
                      longest_command = 1 << 20, usual_input = 16 << 10;

// Bytes that were read, and are not done with.
struct input {
    std::vector<char> bytes = std::vector<char>(usual_input);
    std::size_t begin = 0, end = 0;

    std::span<char> rest() { return std::span(bytes).subspan(begin, end - begin); }

    // Where the next bytes go. It may move those that are there.
    asio::mutable_buffer room() {
        if (begin > 0)
            std::copy(bytes.data() + begin, bytes.data() + end, bytes.data());
        end -= begin;
        begin = 0;
        if (end == 0 && bytes.size() > usual_input)
            bytes = std::vector<char>(usual_input);
        if (end == bytes.size())
            bytes.resize(2 * bytes.size());
        return asio::buffer(bytes) + end;
    }
};

inline std::string_view view(std::span<const char> s) { return {s.data(), s.size()}; }

inline std::string changed(std::string_view word, int (*change)(int)) {
    std::string result(word);
    for (char& c : result)
        c = static_cast<char>(change(static_cast<unsigned char>(c)));
    return result;
}

// A number as it is written usually: without a plus, and without zeros before it.
inline std::optional<std::int64_t> integer(std::string_view text) {
    std::int64_t n = 0;
    auto end = text.data() + text.size();
    auto read = std::from_chars(text.data(), end, n);
    bool zeros = text.starts_with("-0") || (text.starts_with('0') && text != "0");
    if (read.ec != std::errc() || read.ptr != end || zeros)
        return std::nullopt;
    return n;
}

// -- commands ---------------------------------------------------------------------------

inline std::optional<std::span<char>> take_line(std::span<char>& rest) {
    auto end = std::ranges::find(rest, '\n');
    if (end == rest.end())
        return std::nullopt;
    auto line = rest.first(static_cast<std::size_t>(end - rest.begin()));
    rest = rest.subspan(line.size() + 1);
    return !line.empty() && line.back() == '\r' ? line.first(line.size() - 1) : line;
}

// Splits a line as people type it, in place. Blanks in quotes are part of a word; so is, after a \, a quote
// or a byte such as \n and \x0a. Returns false if a quote has no end, or a word follows it.
inline bool split(std::span<char> line, words& args) {
    auto blank = [](char c) {
        return std::isspace(static_cast<unsigned char>(c)) != 0;
    };
    constexpr std::string_view escapes = "nrtba", meant = "\n\r\t\b\a";
    for (auto at = line.data(), end = at + line.size();;) {
        at = std::find_if_not(at, end, blank);
        if (at == end)
            return true;
        char *word = at, *to = at, quote = 0;
        for (; at != end && (quote || !blank(*at)); ++at) {
            if (quote && *at == quote) {
                if (at + 1 != end && !blank(at[1]))
                    return false;
                quote = 0;
            } else if (!quote && (*at == '"' || *at == '\'')) {
                quote = *at;
            } else if (std::uint8_t code = 0;
                       quote == '"' && end - at > 3 && at[0] == '\\' && at[1] == 'x' &&
                       std::from_chars(at + 2, at + 4, code, 16).ptr == at + 4) {
                *to++ = static_cast<char>(code);
                at += 3;
            } else if (quote && *at == '\\' && at + 1 != end &&
                       (quote == '"' || at[1] == '\'')) {
                auto known = escapes.find(*++at);
                *to++ = known == escapes.npos ? *at : meant[known];
            } else {
                *to++ = *at;
            }
        }
        if (quote)
            return false;
        args.emplace_back(word, to);
    }
}

// What the input begins with: a command, part of one, or nothing that could be one.
enum class found { command, part, nonsense };

// Takes a command from the input, or sets `wrong` to an error. A command without words is none.
inline found next_command(input& in, words& args, std::string& wrong) {
    auto rest = in.rest();
    auto nonsense = [&](std::string why) {
        wrong = std::move(why);
        return found::nonsense;
    };
    args.clear();
    auto line = take_line(rest);
    if (line ? line->size() > longest_word : rest.size() > longest_word)
        return nonsense("too big inline request");
    if (!line)
        return found::part;
    if (!view(*line).starts_with('*')) {
        if (!split(*line, args))
            return nonsense("unbalanced quotes in request");
        in.begin = in.end - rest.size();
        return found::command;
    }
    auto n = integer(view(*line).substr(1));
    if (!n || *n > static_cast<std::int64_t>(most_words))
        return nonsense("invalid multibulk length");
    for (; *n > 0; --*n) {
        auto head = take_line(rest);
        if (!head)
            return rest.size() > 64 ? nonsense("too big bulk count string")
                                    : found::part;
        if (!view(*head).starts_with('$'))
            return nonsense(std::string("expected '$', got '") +
                            (head->empty() ? ' ' : head->front()) + "'");
        auto size = integer(view(*head).substr(1));
        if (!size || *size < 0 || *size > static_cast<std::int64_t>(longest_word))
            return nonsense("invalid bulk length");
        auto whole = static_cast<std::size_t>(*size) + 2;
        if (in.rest().size() - rest.size() + whole > longest_command)
            return nonsense("too big a command");
        if (rest.size() < whole)
            return found::part;
        if (view(rest.subspan(whole - 2, 2)) != "\r\n")
            return nonsense("expected the end of a word");
        args.push_back(view(rest.first(whole - 2)));
        rest = rest.subspan(whole);
    }
    in.begin = in.end - rest.size();
    return found::command;
}

// -- answers ----------------------------------------------------------------------------

inline void number(std::string& out, std::size_t n, char kind = ':') {
    std::array<char, 24> digits;
    auto end = std::to_chars(digits.begin(), digits.end(), n).ptr;
    out.append(1, kind).append(digits.begin(), end).append("\r\n");
}

inline void bulk(std::string& out, std::string_view text) {
    number(out, text.size(), '$');
    out.append(text).append("\r\n");
}

// An error is one line, whatever it quotes.
inline void error(std::string& out, std::string text) {
    for (char& c : text)
        c = c == '\r' || c == '\n' ? ' ' : c;
    out.append("-").append(text).append("\r\n");
}
