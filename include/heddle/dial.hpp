// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/clock.hpp>
#include <heddle/task.hpp>

// clang-format off
#include HEDDLE_ASIO(ip/tcp.hpp)
// clang-format on

#include <chrono>
#include <string>
#include <vector>

namespace heddle HEDDLE_VARIANT {

/// Looks a name up, and gives the addresses of a service in the order in which the
/// system would try them.
///
///     auto there = co_await heddle::resolve("example.com", "https");
///     auto here  = co_await heddle::resolve("::1", "8080");       // asks nobody
///
/// Asio's resolver looks up one name at a time, and a lookup that takes the system 10 s
/// holds up whoever waits for it, and the end of the program. This one runs getaddrinfo
/// on threads of its own.
///
/// Threads   up to 16 lookups run at once in a process, the others wait in order of
///           arrival. The first that needs a thread ends single-threaded operation of the
///           process for good; numbers need none.
/// Resumes   on the task's host. The call counts as work of the context meanwhile.
/// Cancel    throws `cancelled` at once, and holds up nothing: its thread ends what it
///           does, and nobody waits for that, the end of the context neither.
/// Errors    system_error with what the lookup says, as asio::error::host_not_found; its
///           what() names host and service. std::bad_alloc, or a system_error, if no
///           thread can be had.
HEDDLE_API task<std::vector<asio::ip::tcp::endpoint>> resolve(std::string host,
                                                              std::string service);

struct dial_options {
    /// How long an address has, before the next one is tried beside it.
    any_duration attempt_delay = std::chrono::milliseconds(250);
};

/// Connects to a service, by whichever of its addresses answers first.
///
///     tcp::socket s = co_await heddle::dial("example.com", "https");
///     tcp::socket s = co_await heddle::with_timeout(2s, heddle::dial(host, service));
///
/// The addresses are tried in turn of their families, IPv6 and IPv4, each a moment after
/// the one before it, or at once when that has failed; the first that connects wins
/// (Happy Eyeballs, RFC 8305, but that both families are looked up in one call).
///
/// Threads   as of resolve(); the socket belongs to the context of the task.
/// Cancel    throws `cancelled`; it has closed the sockets that were connecting.
/// Errors    that of resolve(). If no address answers, system_error with the code of the
///           first that failed; its what() names all addresses, and what each said. An
///           attempt_delay below zero: std::invalid_argument.
HEDDLE_API task<asio::ip::tcp::socket> dial(std::string host, std::string service,
                                            dial_options options = {});

}  // namespace heddle
