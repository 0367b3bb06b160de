// SPDX-License-Identifier: BSL-1.0
// Boost.Beast parses headers; what it lets pass and a server must not, as ambiguous framing, is refused here. Bodies are
// parsed here, too: Beast 1.74 keeps the extensions of chunks without limit, takes trailers for fields of the header, and
// fails an assertion if it gets the end of an empty body in two pieces.
#include "reader.hpp"

// Only narrow headers are included: Boost 1.74's Asio and the standalone one cannot be used together.
#include <boost/beast/core/flat_static_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <limits>

namespace http {

namespace beast = boost::beast::http;

namespace {

bool same(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
        return std::tolower(static_cast<unsigned char>(x)) ==
               std::tolower(static_cast<unsigned char>(y));
    });
}

// The pieces between separators; an empty text has one.
std::vector<std::string_view> split(std::string_view all, char separator) {
    std::vector<std::string_view> pieces;
    for (std::size_t end = 0; end != all.npos; all.remove_prefix(end + 1)) {
        end = all.find(separator);
        pieces.push_back(all.substr(0, end));
        if (end == all.npos)
            break;
    }
    return pieces;
}

std::string_view trim(std::string_view s) {
    s.remove_prefix(std::min(s.find_first_not_of(" \t"), s.size()));
    return s.substr(0, s.find_last_not_of(" \t") + 1);
}

// Returns nothing for a `%` without two hexadecimal digits.
std::optional<std::string> decode(std::string_view s, bool plus_is_space) {
    std::string decoded;
    for (std::size_t i = 0; i < s.size(); ++i) {
        unsigned char c = static_cast<unsigned char>(s[i]);
        if (c == '+' && plus_is_space) {
            c = ' ';
        } else if (c == '%') {
            auto digits = s.substr(i + 1, 2);
            auto end = digits.data() + digits.size();
            auto read = std::from_chars(digits.data(), end, c, 16);
            if (digits.size() != 2 || read.ptr != end || read.ec != std::errc())
                return {};
            i += 2;
        }
        decoded += static_cast<char>(c);
    }
    return decoded;
}

bool decode_query(std::string_view query, request& to) {
    for (auto each : split(query, '&')) {
        auto equals = std::min(each.find('='), each.size());
        auto name = decode(each.substr(0, equals), true);
        auto value = decode(each.substr(std::min(equals + 1, each.size())), true);
        if (!name || !value)
            return false;
        if (!each.empty())
            to.query.emplace_back(std::move(*name), std::move(*value));
    }
    return true;
}

// The target is a path with or without a host before it, or `*` for OPTIONS, or a host for CONNECT, which nobody serves.
bool read_target(std::string_view target, request& to) {
    if (to.method == "CONNECT" || (to.method == "OPTIONS" && target == "*")) {
        to.path = target;
        return true;
    }
    if (auto colon = target.find("://");
        !target.starts_with('/') && colon != target.npos) {
        auto scheme = target.substr(0, colon);
        target.remove_prefix(colon + 3);
        auto host = std::min(target.find_first_of("/?"), target.size());
        if (host == 0 || !(same(scheme, "http") || same(scheme, "https")))
            return false;
        target.remove_prefix(host);
    } else if (!target.starts_with('/')) {
        return false;
    }
    auto mark = std::min(target.find('?'), target.size());
    auto path = decode(target.substr(0, mark), false);
    if (!path || target.find('#') != target.npos)
        return false;
    to.path = path->empty() ? "/" : std::move(*path);
    return decode_query(target.substr(std::min(mark + 1, target.size())), to);
}

bool is_host(std::string_view s) {
    return s.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "0123456789-._~!$&'()*+,;=:[]%") == s.npos;
}

bool has_control(std::string_view s) {
    return std::any_of(s.begin(), s.end(), [](char c) {
        return (c >= 0 && c < ' ' && c != '\t') || c == 127;
    });
}

bool is_field(std::string_view s) {
    auto name = s.substr(0, s.find(':'));
    return name.size() < s.size() && !name.empty() &&
           std::all_of(
               name.begin(), name.end(),
               [](char c) {
                   return std::isalnum(static_cast<unsigned char>(c)) ||
                          std::string_view("!#$%&'*+-.^_`|~").find(c) !=
                              std::string_view::npos;
               });
}

template <class View>
std::string_view view(const View& v) {
    return {v.data(), v.size()};
}

}  // namespace

std::string request::parameter(std::string_view name) const {
    for (auto& [key, value] : query)
        if (key == name)
            return value;
    return "";
}

struct reader::state {
    enum part { chunk_size, data_end, trailer };

    state() { begin(); }

    void begin() {
        at = idle;
        status = 0;
        asked = {};
        next = chunk_size;
        line = lines = scanned = left = framing = 0;
        chunked = false;
        parser.emplace();
        parser->header_limit(2 * header_limit);  // find_header() has looked
        parser->body_limit(
            std::numeric_limits<std::uint64_t>::max());  // and check_header()
    }

    std::string_view bytes() const {
        auto all = buffer.data();
        return {static_cast<const char*>(all.data()), all.size()};
    }

    void refuse(int why) {
        at = refused;
        status = why;
    }

    // Goes to the end of the header, line by line. Returns its size, or 0 if it has not all come.
    std::size_t find_header() {
        auto all = bytes();
        for (;;) {
            auto end = all.find('\n', scanned);
            scanned = std::min(end, all.size());
            if (scanned >= header_limit)
                return refuse(431), 0;
            if (end == all.npos)
                return 0;
            auto text = all.substr(line, end - line);
            line = ++scanned;
            if (text.empty() || text == "\r")
                return scanned;
            bool folded = text[0] == ' ' || text[0] == '\t';
            if (folded || (lines == 0 && text.find(" HTTP/") == text.npos))
                return refuse(400), 0;
            if (lines++ > fields_limit)
                return refuse(431), 0;
        }
    }

    void parse_header(std::size_t size) {
        auto all = bytes().substr(0, size);
        boost::system::error_code error;
        parser->put(boost::asio::const_buffer(all.data(), all.size()), error);
        auto& header = parser->get();
        asked.method = std::string(view(header.method_string()));
        asked.minor = header.version() == 10 ? 0 : 1;
        if (error == beast::error::bad_version && names_version(all))
            refuse(505);
        else if (error)
            refuse(400);
        else if (int wrong = check_header(header))
            refuse(wrong);
        else
            at = chunked || left > 0 ? in_body : complete;
        buffer.consume(size);
        scanned = 0;
    }

    static bool names_version(std::string_view all) {
        auto text = all.substr(0, all.find('\n'));
        text = text.substr(text.rfind(' ') + 1);
        return text.size() == 9 && text.starts_with("HTTP/") && text[6] == '.' &&
               std::isdigit(static_cast<unsigned char>(text[5])) &&
               std::isdigit(static_cast<unsigned char>(text[7]));
    }

    // Returns the status with which the header is refused, or 0.
    int check_header(const beast::fields& header) {
        int hosts = 0, lengths = 0, codings = 0;
        bool close = false, keep = false;
        for (auto& field : header) {
            auto value = view(field.value());
            if (field.name() == beast::field::host) {
                if (++hosts > 1 || !is_host(value))
                    return 400;
            } else if (field.name() == beast::field::content_length) {
                if (++lengths > 1 ||
                    value.find_first_not_of("0123456789") != value.npos)
                    return 400;
            } else if (field.name() == beast::field::transfer_encoding) {
                if (asked.minor == 0)
                    return 400;
                if (++codings > 1 || !same(value, "chunked"))
                    return 501;
            } else if (field.name() == beast::field::connection) {
                for (auto each : split(value, ',')) {
                    close = close || same(trim(each), "close");
                    keep = keep || same(trim(each), "keep-alive");
                }
            } else if (field.name() == beast::field::expect) {
                if (!same(value, "100-continue"))
                    return 417;
                asked.expects = asked.minor > 0;
            }
        }
        if ((hosts == 0 && asked.minor > 0) || (lengths > 0 && codings > 0))
            return 400;
        asked.keep_alive = !close && (keep || asked.minor > 0);
        chunked = codings > 0;
        auto length = parser->content_length().value_or(0);
        if (length > body_limit)
            return 413;
        left = static_cast<std::size_t>(length);
        return read_target(view(parser->get().target()), asked) ? 0 : 400;
    }

    void parse_body() {
        while (at == in_body && buffer.size() > 0) {
            if (left == 0) {
                if (!parse_around())
                    return;
                continue;
            }
            auto some = bytes().substr(0, left);
            asked.body.append(some);
            left -= some.size();
            buffer.consume(some.size());
            if (left == 0 && !chunked)
                at = complete;
        }
    }

    // Takes a line of the framing around the data of chunks. Returns false if it has not all come.
    bool parse_around() {
        auto all = bytes();
        auto end = all.find('\n', scanned);
        scanned = std::min(end, all.size());
        if (scanned >= header_limit)
            return refuse(431), true;
        if (end == all.npos && all.substr(0, all.size() - 1).find('\r') != all.npos)
            return refuse(400), true;
        if (end == all.npos)
            return false;
        framing += end;
        auto text = all.substr(0, end);
        bool whole = text.ends_with('\r');
        text.remove_suffix(whole);
        int wrong = whole && !has_control(text) ? parse_line(text) : 400;
        if (!wrong && framing > 2 * header_limit + 8 * (asked.body.size() + left))
            wrong = 400;  // almost all of it is extensions
        if (wrong)
            refuse(wrong);
        buffer.consume(end + 1);
        scanned = 0;
        return true;
    }

    // Returns the status with which the line is refused, or 0.
    int parse_line(std::string_view text) {
        if (next == data_end) {
            next = chunk_size;
            return text.empty() ? 0 : 400;
        }
        if (next == trailer) {
            if (text.empty())
                at = complete;
            return text.empty() || is_field(text) ? 0 : 400;
        }
        auto last = text.data() + text.size();
        auto read = std::from_chars(text.data(), last, left, 16);
        auto rest = text.substr(static_cast<std::size_t>(read.ptr - text.data()));
        if (read.ec != std::errc() || (!rest.empty() && !trim(rest).starts_with(';')))
            return 400;
        next = left > 0 ? data_end : trailer;
        return left > body_limit - asked.body.size() ? 413 : 0;
    }

    boost::beast::flat_static_buffer<2 * header_limit> buffer;
    std::optional<beast::request_parser<beast::empty_body>> parser;
    request asked;
    step at;
    int status;
    std::size_t line, lines;  // of the header: where it begins, and how many there are
    std::size_t scanned;      // up to here there is no end of a line
    bool chunked;
    part next;            // of the framing around chunks
    std::size_t left;     // of the body, or of a chunk
    std::size_t framing;  // bytes around chunks
};

reader::reader() : state_(std::make_unique<state>()) {}
reader::~reader() = default;

asio::mutable_buffer reader::room() {
    auto& buffer = state_->buffer;
    auto free = buffer.prepare(buffer.max_size() - buffer.size());
    return {free.data(), free.size()};
}
void reader::commit(std::size_t n) { state_->buffer.commit(n); }
bool reader::has_bytes() const { return state_->buffer.size() > 0; }
int reader::status() const { return state_->status; }
const request& reader::asked() { return state_->asked; }

reader::step reader::parse() {
    state& s = *state_;
    if (s.at == idle) {  // empty lines may come before a request
        auto all = s.bytes();
        while (all.starts_with('\n') || all.starts_with("\r\n"))
            all.remove_prefix(all[0] == '\n' ? 1 : 2);
        s.buffer.consume(s.buffer.size() - all.size());
        if (!all.empty() && all != "\r")
            s.at = in_header;
    }
    if (s.at == in_header)
        if (auto size = s.find_header())
            s.parse_header(size);
    if (s.at == in_body)
        s.parse_body();
    return s.at;
}

request reader::take() {
    request whole = std::move(state_->asked);
    state_->begin();
    return whole;
}

}  // namespace http
