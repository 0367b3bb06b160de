// SPDX-License-Identifier: BSL-1.0
// The port: all that heddle asks of the operating system, beyond what the standard
// library and Asio do for it. A port is one source file, named in lib/CMakeLists.txt,
// that defines these functions and yield_thread() of detail/platform/port.hpp. No other
// file includes a header of a system. Where a system has no such call, the last sentence
// of a comment says what a port may do instead; so a port can begin with little.
//
// Unless a comment says otherwise, any thread may call a function at any time, and the
// function neither throws nor allocates.
#pragma once

#include <heddle/detail/platform/port.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace heddle HEDDLE_VARIANT::detail::port {

// -- threads: called by locks.cpp and frame_pool.cpp --------------------------------

/// Prepares this process for pass_barrier(). Returns whether the system has that call. A
/// port may return false: a worker's lock then costs a locked instruction.
bool prepare_barrier() noexcept;

/// Makes each thread of this process pass a full memory barrier. Returns whether all of
/// them did. Requires: prepare_barrier() has returned true.
bool pass_barrier() noexcept;

/// The part of heddle that is told when a thread ends: the pool of frames, or the waits
/// of plain threads.
enum class at_end_for { frames, waits };

/// Arranges that f(p) runs when this thread ends, after the destructors of its
/// thread_local variables. All threads call it with the same f for each of these parts,
/// p is not null, and none calls it again once it has returned true. Returns false if the
/// system has no room for that. A port may return false: threads then keep no free blocks,
/// and `run` does not know that one may still send.
bool at_thread_end(at_end_for who, void (*f)(void*), void* p) noexcept;

/// Arranges that a thread that forks this process calls `before`, and after the fork
/// `in_parent` in this process and `in_child` in the other; each may be null. The last
/// `before` is called first, the first `in_child` first. Called while the library is
/// loaded. Returns whether that is arranged. A port may return false where no process
/// forks.
bool at_fork(void (*before)(), void (*in_parent)(), void (*in_child)()) noexcept;

// -- time: called by host.cpp -------------------------------------------------------

/// Returns the time of std::chrono::steady_clock or a time a few milliseconds before it,
/// never one after it. Each handler that comes in reads it, so it must be quick. A port
/// may return steady_clock::now().
std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>
coarse_now() noexcept;

// -- memory: called by slabs.cpp ----------------------------------------------------

/// Takes memory from the system, aligned to its size, which is a power of two and 64 KiB
/// or more. Returns null if there is none. A leak checker must look for pointers in it.
/// A port may use the aligned operator new.
std::byte* take_memory(std::size_t bytes) noexcept;

/// Gives back the memory that take_memory(bytes) has returned.
void give_memory(std::byte* from, std::size_t bytes) noexcept;

/// Asks the system to provide such memory, whole, in large pages: they are made with one
/// fault, and need few entries of the processor's TLB. errno stays as it is. A port may do
/// nothing.
void prefer_large_pages(std::byte* from, std::size_t bytes) noexcept;

/// Lets the system provide the pages of this part of such memory now, since one fault for
/// each page takes longer. errno stays as it is. A port may do nothing.
void populate(std::byte* from, std::size_t bytes) noexcept;

// -- the program: called by context_state.cpp, dump.cpp and testing.cpp -------------

/// Keeps the shared library that holds this code from being unloaded. It is called once,
/// while the library is loaded. Returns false if this code is in the program itself. A
/// port may return false: the user must not unload the library, then, while a context or
/// a thread that used it lives.
bool keep_loaded() noexcept;

/// Returns where that address of code is, for a report: "balance() + 0x45", or
/// "program + 0x1a45" in a function that the program does not export. It allocates, and
/// throws bad_alloc. A port may return the address alone.
std::string where(const void* address);

/// Returns the words of the command that started this program, for a report. It
/// allocates, and throws bad_alloc. A port may return none.
std::vector<std::string> command_line();

// -- signals: called by run.cpp, serve.cpp and testing_threads.cpp -------------------

/// From now until the result is dropped, f() runs on a thread of its own each time the
/// user sends the program the signal to report (SIGQUIT). Only threads that the caller
/// starts after this call are sure not to get the signal themselves. The caller drops the
/// result on the same thread; that waits while f runs. It allocates, and throws bad_alloc,
/// or system_error if there is no thread. A port may return null.
std::shared_ptr<void> on_quit_signal(std::function<void()> f);

/// Returns the number of the signal of Ctrl-C, SIGINT.
int interrupt_signal() noexcept;

/// From now until the result is dropped, f() runs before abort(), a bad access or a
/// sanitizer ends the program, at most once. f may allocate, and so may fail to end. There
/// is one such result at a time. It allocates, and throws bad_alloc. A port may return
/// null.
std::shared_ptr<void> on_death(std::function<void()> f);

// -- errors: called by serve.cpp ----------------------------------------------------

enum class accept_error {
    of_connection,  // the one that was to be accepted; the next may succeed
    of_resources,   // there are too few, and the next call would fail at once
    other           // the acceptor cannot go on
};

/// Returns what an error of accept() means. `value` is one of std::system_category(). A
/// port may return `other`: each error then ends serve.
accept_error kind_of_accept_error(int value) noexcept;

}  // namespace heddle::detail::port
