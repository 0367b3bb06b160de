// SPDX-License-Identifier: BSL-1.0
// The command line of a demo, read by getopt_long. For an unknown option, and for a number that is
// malformed or outside its limits, the demo prints its usage on stderr and exits with code 2.
#pragma once

#include <arpa/inet.h>
#include <charconv>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <getopt.h>
#include <initializer_list>
#include <iostream>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

// `--name`, with a value unless it sets a bool; `-n` where the name is one letter. A list is
// numbers with commas between.
class demo_option {
public:
    demo_option(const char* given, bool& flag) : name(given), target(&flag) {}
    demo_option(const char* given, std::string& text,
                bool (*accepts)(const char*) = nullptr)
        : name(given), target(&text), valid(accepts) {}
    demo_option(const char* given, std::uint16_t& port) : name(given), target(&port) {}
    demo_option(const char* given, std::vector<int>& list)
        : name(given), target(&list) {}
    demo_option(const char* given, std::vector<double>& list)
        : name(given), target(&list) {}
    template <class Number>
    demo_option(const char* given, Number& number, int from = 1,
                int to = std::numeric_limits<int>::max())
        : name(given), target(&number), least(from), most(to) {}

    bool valued() const { return !std::holds_alternative<bool*>(target); }

    bool set(const char* text) const {
        if (auto flag = std::get_if<bool*>(&target))
            return **flag = true;
        if (auto string = std::get_if<std::string*>(&target)) {
            **string = text;
            return !valid || valid(text);
        }
        if (auto list = std::get_if<std::vector<int>*>(&target))
            return read_list(text, **list);
        if (auto list = std::get_if<std::vector<double>*>(&target))
            return read_list(text, **list);
        std::string_view digits = text;
        int number = 0;
        auto [end, error] = std::from_chars(digits.begin(), digits.end(), number);
        if (error != std::errc() || end != digits.end() || number < least ||
            number > most)
            return false;
        std::visit(
            [number](auto* there) {
                using type = std::remove_pointer_t<decltype(there)>;
                if constexpr (std::is_integral_v<type>)
                    *there = static_cast<type>(number);
            },
            target);
        return true;
    }

    const char* name;

private:
    template <class Number>
    static bool read_list(std::string_view text, std::vector<Number>& list) {
        list.clear();
        for (auto at = text.data(), end = at + text.size();; ++at) {
            auto [rest, error] = std::from_chars(at, end, list.emplace_back());
            if (error != std::errc() || (rest != end && *rest != ','))
                return false;
            if ((at = rest) == end)
                return true;
        }
    }

    std::variant<bool*, std::string*, std::vector<int>*, std::vector<double>*, int*,
                 unsigned*, std::size_t*, std::uint16_t*>
        target;
    bool (*valid)(const char*) = nullptr;
    int least = 0, most = std::numeric_limits<std::uint16_t>::max();
};

// For `--host`: whether the text is an address of IPv4 or IPv6, as 127.0.0.1 or ::1; names are none.
inline bool is_address(const char* text) {
    in6_addr binary{};
    return inet_pton(AF_INET, text, &binary) == 1 ||
           inet_pton(AF_INET6, text, &binary) == 1;
}

// For mistakes that only the program can notice: numbers that do not fit together, an unknown word.
[[noreturn]] inline void wrong_usage(std::string_view usage) {
    std::cerr << "usage: " << usage << '\n';
    std::exit(2);
}

// Reads the options, and returns the other arguments, whose number must be between `least` and `most`.
// A program with a `--port` is a server: it goes on when its terminal is closed.
inline std::vector<std::string>
read_options(int argc, char** argv, std::string_view usage,
             std::initializer_list<demo_option> known = {}, int least = 0,
             int most = 0) {
    std::vector<option> long_options;
    std::string letters;
    int index = 256;  // greater than every letter
    for (const auto& each : known) {
        if (each.name == std::string_view("port"))
            std::signal(SIGHUP, SIG_IGN);
        if (!each.name[1])
            letters.append(each.name).append(each.valued() ? ":" : "");
        long_options.push_back({each.name,
                                each.valued() ? required_argument : no_argument,
                                nullptr, index++});
    }
    long_options.push_back({});

    bool good = true;
    opterr = 0;
    for (int c; good && (c = getopt_long(argc, argv, letters.c_str(),
                                         long_options.data(), nullptr)) != -1;) {
        good = false;
        index = 256;
        for (const auto& each : known)
            if (c == index++ || (!each.name[1] && c == each.name[0]))
                good = each.set(optarg);
    }
    std::vector<std::string> rest(argv + optind, argv + argc);
    auto count = static_cast<int>(rest.size());
    if (!good || count < least || count > most)
        wrong_usage(usage);
    return rest;
}
