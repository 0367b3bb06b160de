// SPDX-License-Identifier: BSL-1.0
// The port to POSIX. Where one system has what others lack, an #if stands beside what all
// of them have.
#include "platform/port.hpp"

#include <heddle/detail/platform/config.hpp>

#include <cxxabi.h>
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <thread>
#include <utility>

#ifdef __linux__
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif
#ifdef __GLIBC__
#include <link.h>
#endif

namespace heddle HEDDLE_VARIANT::detail::port {

// -- threads ------------------------------------------------------------------------

void yield_thread() noexcept { ::sched_yield(); }

#if defined(__linux__) && defined(SYS_membarrier)
namespace {
bool barrier(int command) noexcept {
    return ::syscall(SYS_membarrier, command, 0, 0) == 0;
}
}  // namespace

bool prepare_barrier() noexcept {
    return barrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
}
bool pass_barrier() noexcept { return barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED); }
#else
bool prepare_barrier() noexcept { return false; }
bool pass_barrier() noexcept { return false; }
#endif

// A key and not the destructor of a thread_local, as the C library ends the process if it
// has no memory to register a destructor.
bool at_thread_end(at_end_for who, void (*f)(void*), void* p) noexcept {
    struct key {
        explicit key(void (*f)(void*)) noexcept
            : made(::pthread_key_create(&value, f) == 0) {}
        pthread_key_t value{};
        const bool made;
    };
    auto set = [p](const key& k) {
        return k.made && ::pthread_setspecific(k.value, p) == 0;
    };
    if (who == at_end_for::frames) {
        static const key frames(f);
        return set(frames);
    }
    static const key waits(f);
    return set(waits);
}

bool at_fork(void (*before)(), void (*in_parent)(), void (*in_child)()) noexcept {
    return ::pthread_atfork(before, in_parent, in_child) == 0;
}

// -- time ---------------------------------------------------------------------------

// The coarse clock costs a quarter of the other.
std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>
coarse_now() noexcept {
    using clock = std::chrono::steady_clock;
#ifdef CLOCK_MONOTONIC_COARSE
    timespec t;
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    return std::chrono::time_point<clock, std::chrono::nanoseconds>(
        std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec));
#else
    return clock::now();
#endif
}

// -- memory -------------------------------------------------------------------------

// If the program has a leak checker, these are defined.
extern "C" [[gnu::weak]] void __lsan_register_root_region(const void*, std::size_t);
extern "C" [[gnu::weak]] void __lsan_unregister_root_region(const void*, std::size_t);

std::byte* take_memory(std::size_t bytes) noexcept {
    void* all = ::mmap(nullptr, 2 * bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED)
        return nullptr;
    auto* from = static_cast<std::byte*>(all);
    const std::size_t before =
        (bytes - reinterpret_cast<std::uintptr_t>(from) % bytes) % bytes;
    if (before)
        ::munmap(from, before);
    ::munmap(from + before + bytes, bytes - before);
    from += before;
    if (__lsan_register_root_region)
        __lsan_register_root_region(from, bytes);
    return from;
}

void give_memory(std::byte* from, std::size_t bytes) noexcept {
    if (__lsan_unregister_root_region)
        __lsan_unregister_root_region(from, bytes);
    ::munmap(from, bytes);
}

void prefer_large_pages([[maybe_unused]] std::byte* from,
                        [[maybe_unused]] std::size_t bytes) noexcept {
#ifdef MADV_HUGEPAGE
    const int before = errno;
    ::madvise(from, bytes, MADV_HUGEPAGE);
    errno = before;
#endif
}

void populate([[maybe_unused]] std::byte* from,
              [[maybe_unused]] std::size_t bytes) noexcept {
#ifdef MADV_POPULATE_WRITE
    static atomic<bool> refused{false};  // by an old kernel
    if (refused.load(std::memory_order_relaxed))
        return;
    const int before = errno;
    if (::madvise(from, bytes, MADV_POPULATE_WRITE) != 0 && errno == EINVAL)
        refused.store(true, std::memory_order_relaxed);
    errno = before;
#endif
}

// -- the program --------------------------------------------------------------------

// It runs while the loader's lock is held. The functions are weak, as a static program
// does not have them.
#ifdef __GLIBC__
#pragma weak dladdr1
#pragma weak dlopen
bool keep_loaded() noexcept {
    static const char here = 0;
    Dl_info info;
    void* found = nullptr;
    if (!dladdr1 || !dlopen || !::dladdr1(&here, &info, &found, RTLD_DL_LINKMAP))
        return false;
    const char* library = static_cast<const link_map*>(found)->l_name;
    return *library &&  // empty if the code is in the program itself
           ::dlopen(library, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
}
#else
bool keep_loaded() noexcept { return false; }
#endif

namespace {

std::uintptr_t number(const void* p) { return reinterpret_cast<std::uintptr_t>(p); }

std::string hexadecimal(std::uintptr_t n) {
    char text[2 + 2 * sizeof n + 1];
    std::snprintf(text, sizeof text, "0x%jx", static_cast<std::uintmax_t>(n));
    return text;
}

}  // namespace

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

// Linux has that file; elsewhere there is nothing to read.
std::vector<std::string> command_line() {
    std::ifstream file("/proc/self/cmdline", std::ios::binary);
    std::vector<std::string> all;
    for (std::string word; std::getline(file, word, '\0');)
        all.push_back(word);
    return all;
}

// -- signals ------------------------------------------------------------------------

namespace {

/// Waits for SIGQUIT, which all other threads block.
class quit_watch : pinned {
public:
    explicit quit_watch(std::function<void()> f) : report_(std::move(f)) {
        sigset_t quit = quit_set();
        ::pthread_sigmask(SIG_BLOCK, &quit, &before_);
        try {
            thread_ = std::thread([this] { watch(); });
        } catch (...) {
            ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
            throw;
        }
    }
    ~quit_watch() {
        over_.store(true, std::memory_order_release);
        ::pthread_kill(thread_.native_handle(), SIGQUIT);
        thread_.join();
        ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }

private:
    static sigset_t quit_set() noexcept {
        sigset_t set;
        sigemptyset(&set);  // a macro on some systems, as the next one
        sigaddset(&set, SIGQUIT);
        return set;
    }
    void watch() {
        sigset_t quit = quit_set();
        for (int signal = 0;;) {
            if (::sigwait(&quit, &signal) != 0)
                continue;
            if (over_.load(std::memory_order_acquire))
                return;
            report_();
        }
    }

    const std::function<void()> report_;
    sigset_t before_;
    atomic<bool> over_{false};
    std::thread thread_;
};

extern "C" [[gnu::weak]] void __sanitizer_set_death_callback(void (*)());

class death_watch : pinned {
public:
    explicit death_watch(std::function<void()> f) : speak_(std::move(f)) {
        dying = this;
        struct sigaction a{};
        a.sa_handler = [](int signal) {
            if (death_watch* self = std::exchange(dying, nullptr)) {
                self->give_back();
                self->speak_();
            }
            ::raise(signal);
        };
        a.sa_flags = SA_NODEFER;
        for (auto& s : signals_)
            ::sigaction(s.number, &a, &s.before);
        if (__sanitizer_set_death_callback)
            __sanitizer_set_death_callback([] {
                if (death_watch* self = std::exchange(dying, nullptr))
                    self->speak_();
            });
    }
    ~death_watch() {
        dying = nullptr;
        give_back();
    }

private:
    void give_back() noexcept {
        for (auto& s : signals_)
            ::sigaction(s.number, &s.before, nullptr);
    }

    static inline death_watch* dying = nullptr;

    const std::function<void()> speak_;
    struct {
        int number;
        struct sigaction before;
    } signals_[2]{{SIGABRT, {}}, {SIGSEGV, {}}};
};

}  // namespace

std::shared_ptr<void> on_quit_signal(std::function<void()> f) {
    return std::make_shared<quit_watch>(std::move(f));
}

int interrupt_signal() noexcept { return SIGINT; }

std::shared_ptr<void> on_death(std::function<void()> f) {
    return std::make_shared<death_watch>(std::move(f));
}

// -- errors -------------------------------------------------------------------------

accept_error kind_of_accept_error(int value) noexcept {
    switch (value) {
    // accept(2) of Linux says: these are errors of the connection that was to be accepted.
    case ECONNABORTED:
    case EPROTO:
    case ENETDOWN:
    case ENOPROTOOPT:
#ifdef EHOSTDOWN
    case EHOSTDOWN:
#endif
#ifdef ENONET
    case ENONET:
#endif
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EPERM:  // of a firewall
    case EINTR:
    case EAGAIN:
        return accept_error::of_connection;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        return accept_error::of_resources;
    default:
        return accept_error::other;
    }
}

}  // namespace heddle::detail::port
