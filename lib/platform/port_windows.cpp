// SPDX-License-Identifier: BSL-1.0
// The port to Windows. It is built by MinGW-w64, whose threads are those of winpthreads.
#include "platform/port.hpp"

#include <heddle/detail/platform/config.hpp>

#ifndef NOMINMAX
#define NOMINMAX
#endif
#include <winsock2.h>

#include <windows.h>

#if __has_include(<pthread.h>)
#include <pthread.h>
#endif

#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <utility>

namespace heddle HEDDLE_VARIANT::detail::port {

// -- threads ------------------------------------------------------------------------

void yield_thread() noexcept { ::Sleep(0); }

void wait_at(const void* word, int old) noexcept {
    ::WaitOnAddress(const_cast<void*>(word), &old, sizeof old, INFINITE);
}
void wake_at(void* word) noexcept { ::WakeByAddressSingle(word); }

// FlushProcessWriteBuffers() does not return whether the threads have passed a barrier, and
// in wine 8 it does nothing.
bool prepare_barrier() noexcept { return false; }
bool pass_barrier() noexcept { return false; }

// MinGW keeps thread_local variables in memory that a key of winpthreads frees, perhaps
// before the key here calls f. Then f gets new ones, which are freed in the next of
// winpthreads' rounds over all keys. A callback of FlsAlloc() would come too late for that.
#if __has_include(<pthread.h>)
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
#else
bool at_thread_end(at_end_for, void (*)(void*), void*) noexcept { return false; }
#endif

bool at_fork(void (*)(), void (*)(), void (*)()) noexcept { return false; }

// -- time ---------------------------------------------------------------------------

// The coarse clock of Windows, GetTickCount64(), counts from another moment.
std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>
coarse_now() noexcept {
    return std::chrono::steady_clock::now();
}

// -- memory -------------------------------------------------------------------------

// Windows aligns memory to 64 KiB, and takes a block back only as a whole. So a larger
// alignment takes an attempt to find out where there is room, and one that takes the
// aligned part of it, unless another thread was quicker.
std::byte* take_memory(std::size_t bytes) noexcept {
    for (int attempts = 0; attempts < 100; ++attempts) {
        void* room = ::VirtualAlloc(nullptr, 2 * bytes, MEM_RESERVE, PAGE_NOACCESS);
        if (!room)
            break;
        auto* from = static_cast<std::byte*>(room);
        from += (bytes - reinterpret_cast<std::uintptr_t>(from) % bytes) % bytes;
        ::VirtualFree(room, 0, MEM_RELEASE);
        if (void* all =
                ::VirtualAlloc(from, bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE))
            return static_cast<std::byte*>(all);
    }
    return nullptr;
}

void give_memory(std::byte* from, std::size_t) noexcept {
    ::VirtualFree(from, 0, MEM_RELEASE);
}

void prefer_large_pages(std::byte*, std::size_t) noexcept {}
void populate(std::byte*, std::size_t) noexcept {}

// -- the program --------------------------------------------------------------------

namespace {

/// Returns the program or the library that holds this address, or null.
HMODULE module_of(const void* address, DWORD flags) noexcept {
    HMODULE found = nullptr;
    ::GetModuleHandleExA(flags | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS,
                         static_cast<LPCSTR>(address), &found);
    return found;
}

std::string hexadecimal(std::uintptr_t n) {
    char text[2 * sizeof n];
    return "0x" + std::string(text, std::to_chars(text, std::end(text), n, 16).ptr);
}

}  // namespace

bool keep_loaded() noexcept {
    static const char here = 0;
    HMODULE found = module_of(&here, GET_MODULE_HANDLE_EX_FLAG_PIN);
    return found && found != ::GetModuleHandleA(nullptr);
}

// The names of functions are in no table that a program could read without dbghelp.dll.
std::string where(const void* address) {
    const auto number = reinterpret_cast<std::uintptr_t>(address);
    HMODULE found = module_of(address, GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT);
    char path[MAX_PATH];
    const DWORD length = found ? ::GetModuleFileNameA(found, path, MAX_PATH) : 0;
    if (length == 0)
        return hexadecimal(number);
    std::string object(path, length);
    object.erase(0, object.rfind('\\') + 1);
    return object + " + " +
           hexadecimal(number - reinterpret_cast<std::uintptr_t>(found));
}

// A program with a wmain() has no words of this type.
std::vector<std::string> command_line() {
    return __argv ? std::vector<std::string>(__argv, __argv + __argc)
                  : std::vector<std::string>();
}

// -- signals ------------------------------------------------------------------------

std::shared_ptr<void> on_quit_signal(std::function<void()>) { return nullptr; }

namespace {

class death_watch : pinned {
public:
    explicit death_watch(std::function<void()> f) : speak_(std::move(f)) {
        dying = this;
        for (auto& s : signals_)
            s.before = std::signal(s.number, [](int signal) {
                if (death_watch* self = std::exchange(dying, nullptr)) {
                    self->give_back();
                    self->speak_();
                }
                std::raise(signal);
            });
    }
    ~death_watch() {
        dying = nullptr;
        give_back();
    }

private:
    void give_back() noexcept {
        for (auto& s : signals_)
            std::signal(s.number, s.before);
    }

    static inline death_watch* dying = nullptr;

    const std::function<void()> speak_;
    struct {
        int number;
        void (*before)(int);
    } signals_[2]{{SIGABRT, SIG_DFL}, {SIGSEGV, SIG_DFL}};
};

}  // namespace

int interrupt_signal() noexcept { return SIGINT; }

std::shared_ptr<void> on_death(std::function<void()> f) {
    return std::make_shared<death_watch>(std::move(f));
}

// -- errors -------------------------------------------------------------------------

accept_error kind_of_accept_error(int value) noexcept {
    switch (value) {
    case WSAECONNABORTED:
    case WSAECONNRESET:
    case ERROR_NETNAME_DELETED:  // AcceptEx's word for the same
    case WSAENETDOWN:
    case WSAENETRESET:
    case WSAENETUNREACH:
    case WSAEHOSTDOWN:
    case WSAEHOSTUNREACH:
    case WSAETIMEDOUT:
    case WSAEACCES:  // of a firewall
    case WSAEINTR:
    case WSAEWOULDBLOCK:
        return accept_error::of_connection;
    case WSAEMFILE:
    case WSAENOBUFS:
    case ERROR_NOT_ENOUGH_MEMORY:
    case ERROR_OUTOFMEMORY:
    case ERROR_NO_SYSTEM_RESOURCES:
    case ERROR_TOO_MANY_OPEN_FILES:
        return accept_error::of_resources;
    default:
        return accept_error::other;
    }
}

}  // namespace heddle::detail::port
