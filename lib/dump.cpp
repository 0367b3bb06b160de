// SPDX-License-Identifier: BSL-1.0
// What the tasks of a host wait for.
#include <heddle/detail/host.hpp>
#include <heddle/go.hpp>

#include "context_state.hpp"

#include <cxxabi.h>
#include <dlfcn.h>
#include <sched.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace heddle {
namespace detail {
namespace {

std::string hexadecimal(std::uintptr_t n) {
    char text[2 + 2 * sizeof n + 1];
    std::snprintf(text, sizeof text, "0x%jx", static_cast<std::uintmax_t>(n));
    return text;
}

std::uintptr_t number(const void* p) { return reinterpret_cast<std::uintptr_t>(p); }

/// "balance() + 0x45", or "program + 0x1a45" for a function the program does not export.
std::string where(const void* address) {
    Dl_info info{};
    if (!address || !::dladdr(address, &info))
        return hexadecimal(number(address));
    if (info.dli_sname) {
        int status = 0;
        char* name = abi::__cxa_demangle(info.dli_sname, nullptr, nullptr, &status);
        std::string text = status == 0 ? name : info.dli_sname;
        std::free(name);
        return text + " + " + hexadecimal(number(address) - number(info.dli_saddr));
    }
    std::string object = info.dli_fname ? info.dli_fname : "?";
    object.erase(0, object.rfind('/') + 1);
    return object + " + " + hexadecimal(number(address) - number(info.dli_fbase));
}

std::string seconds(duration d) {
    char text[32];
    auto s = std::chrono::duration<double>(std::max(d, duration::zero()));
    std::snprintf(text, sizeof text, "%.3f s", s.count());
    return text;
}

void describe_wait(const process& p, time_point now, std::string& to) {
    if (p.io) {
        to += " waits for an Asio operation";
    } else if (p.waits) {
        to += p.waits->sibling ? " waits in a select: " : " waits ";
        for (operation* op = p.waits; op; op = op->sibling) {
            if (op != p.waits)
                to += ", or ";
            op->describe(to);
        }
    } else if (p.word.load(std::memory_order_acquire) & claim_word::waiting) {
        to += " waits in a select without arms";
    } else {
        to += " is ready to run\n    ";
        return;
    }
    to += "\n    for " + seconds(now - p.since) + "; ";
}

}  // namespace

/// `parked`: no frame of this host runs but that of running_.
void host::describe_tasks(std::string& to, bool parked) {
    guard g(registry_lock_);
    time_point now = read_clock();
    for (process* p = first_live_; p; p = p->next_live) {
        to += "task " + std::to_string(p->id);
        {
            guard name(p->lock);
            if (p->name)
                to += " (" + *p->name + ")";
        }
        if (!parked)
            to += ": its host is busy\n    ";
        else if (p == running_)
            to += " runs\n    ";
        else
            describe_wait(*p, now, to);
        to += "started in " + where(p->spawned_at) + '\n';
    }
}

void host::describe(std::string& to) {
    if (current() == this)
        return describe_tasks(to, true);
    auto patience = std::chrono::steady_clock::now() + std::chrono::milliseconds(50);
    do {
        if (!dumping_.exchange(true,
                               std::memory_order_seq_cst)) {  // else somebody else does
            bool free = !draining_.load(std::memory_order_seq_cst);  // [dump]
            if (free)
                describe_tasks(to, true);
            dumping_.store(false, std::memory_order_seq_cst);
            if (free)
                return;
        }
        ::sched_yield();
    } while (std::chrono::steady_clock::now() < patience);
    describe_tasks(to, false);
}

}  // namespace detail

std::string dump_tasks(asio::execution_context& ctx) {
    std::string text;
    detail::context_state::of(ctx)->describe(text);
    return text;
}

std::string dump_tasks() {
    return dump_tasks(detail::host::current_process().home->context());
}

}  // namespace heddle
