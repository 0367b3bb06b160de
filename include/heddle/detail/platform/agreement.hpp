// SPDX-License-Identifier: BSL-1.0
// The settings on which a program and the library it is linked with must agree. This
// header makes those settings of Asio that a compiler flag could make, before the first
// header of Asio, so that no flag is needed. A setting that changes the layout of an
// object that both use, or that changes how a sanitizer sees it, is the name of a
// symbol of the library, and each file asks for that symbol: where the two disagree,
// the linker or the loader names the setting. They need not agree on NDEBUG or on
// -fsanitize=address, which change no layout.
#pragma once

#if defined(_MSVC_LANG) ? _MSVC_LANG < 202002L : __cplusplus < 202002L
#error "heddle needs C++20 or newer: -std=c++20"
#elif defined(__clang__) && !defined(__apple_build_version__) && __clang_major__ < 16
#error "heddle needs clang 16 or newer"
#elif defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 12
#error "heddle needs g++ 12 or newer"
#elif !defined(__cpp_exceptions) && !defined(_CPPUNWIND)
#error "heddle needs exceptions: no -fno-exceptions"
#endif

#include <cstddef>  // defines the standard library's macros, on which Asio's depend

// heddle::boost_heddle is the same library on Boost.Asio, as its users' files are.
#ifdef HEDDLE_BOOST_ASIO
#define HEDDLE_ON_BOOST 1
#define HEDDLE_ASIO(header) <boost/asio/header>
#if !__has_include(<boost/asio/version.hpp>)
#error "heddle: HEDDLE_BOOST_ASIO is set, but there is no Boost.Asio"
#endif
#include <boost/asio/version.hpp>
#define HEDDLE_ASIO_VERSION BOOST_ASIO_VERSION
#else
#define HEDDLE_ON_BOOST 0
#define HEDDLE_ASIO(header) <asio/header>
#if !__has_include(<asio/version.hpp>)
#error                                                                                 \
    "heddle: there is no standalone Asio (Debian, Ubuntu: libasio-dev); for Boost.Asio link heddle::boost_heddle, which defines HEDDLE_BOOST_ASIO"
#endif
#include <asio/version.hpp>
#define HEDDLE_ASIO_VERSION ASIO_VERSION
#endif

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HEDDLE_UNDER_TSAN 1
#endif
#if __has_feature(address_sanitizer)
#define HEDDLE_UNDER_ASAN 1
#endif
#endif
#ifdef __SANITIZE_THREAD__
#define HEDDLE_UNDER_TSAN 1
#endif
#ifdef __SANITIZE_ADDRESS__
#define HEDDLE_UNDER_ASAN 1
#endif

#if HEDDLE_ASIO_VERSION < 102200
#error "heddle needs Asio 1.22 or newer"
#elif HEDDLE_ON_BOOST && HEDDLE_ASIO_VERSION < 102600
#error "heddle needs Boost 1.81 or newer"
#endif

// MinGW's headers of C and of threads define macros by which Asio finds out that there are
// threads, and which: without this, that depends on the order of includes. Where two
// files disagree, one of them ends a thread that the other has started as another type.
#if defined(__MINGW32__) && !HEDDLE_ON_BOOST && !defined(ASIO_DETAIL_CONFIG_HPP)
#if !defined(ASIO_HAS_THREADS) && !defined(ASIO_DISABLE_THREADS)
#define ASIO_HAS_THREADS 1
#endif
#if !defined(ASIO_HAS_PTHREADS) && !defined(ASIO_DISABLE_THREADS)
#define ASIO_HAS_PTHREADS 1
#endif
#endif

#if !HEDDLE_ON_BOOST
// Asio before 1.23 allocates with operator new in a file that includes it before any
// standard header, and with aligned_alloc in other files, libheddle's among them; a
// block that was allocated in one file may be freed in another. With glibc that works,
// as both are malloc's. It fails with an address sanitizer or another C library. Windows
// has no aligned_alloc.
#if ASIO_VERSION < 102300 && !defined(ASIO_HAS_STD_ALIGNED_ALLOC) && !defined(_WIN32)
#ifndef ASIO_DETAIL_CONFIG_HPP
#define ASIO_HAS_STD_ALIGNED_ALLOC 1
#elif defined(HEDDLE_UNDER_ASAN) || !defined(__GLIBC__)
static_assert(
    false, "heddle: this file includes Asio, which is older than 1.23, before any "
           "standard header: it would not allocate as libheddle does. Include a heddle "
           "header first, or compile all files with -DASIO_HAS_STD_ALIGNED_ALLOC=1.");
#endif
#endif

// Asio before 1.26 looks for <experimental/coroutine> only, if the compiler is clang.
#if ASIO_VERSION < 102600 && defined(__clang__) && !defined(ASIO_DETAIL_CONFIG_HPP)
#ifndef ASIO_HAS_CO_AWAIT
#define ASIO_HAS_CO_AWAIT 1
#endif
#ifndef ASIO_HAS_STD_COROUTINE
#define ASIO_HAS_STD_COROUTINE 1
#endif
#endif
#endif

// TSan does not understand fences and would report races where there are none.
#ifdef HEDDLE_UNDER_TSAN
#ifndef ASIO_DISABLE_FENCED_BLOCK
#define ASIO_DISABLE_FENCED_BLOCK 1
#endif
#ifndef BOOST_ASIO_DISABLE_FENCED_BLOCK
#define BOOST_ASIO_DISABLE_FENCED_BLOCK 1
#endif
#endif

// A recycled frame hides a use after free.
#if defined(HEDDLE_UNDER_ASAN) && !defined(HEDDLE_NO_FRAME_RECYCLING)
#define HEDDLE_NO_FRAME_RECYCLING 1
#endif

#if defined(HEDDLE_MODEL) && !__has_include(<heddle/detail/platform/model.hpp>)
#error "heddle: HEDDLE_MODEL is for heddle::model, which is not installed"
#endif

// The variant of the library is a part of each of its names: `namespace heddle HEDDLE_VARIANT`
// is an inline namespace in all variants but the plain one. So files of two variants do not
// link with each other, and one process may hold both.
#ifdef HEDDLE_MODEL
#define HEDDLE_VARIANT ::inline model
#elif HEDDLE_ON_BOOST
#define HEDDLE_VARIANT ::inline boost_heddle
#else
#define HEDDLE_VARIANT
#endif

// In heddle, asio is the Asio of this variant.
#if HEDDLE_ON_BOOST
namespace boost::asio {}
namespace heddle HEDDLE_VARIANT {
namespace asio = ::boost::asio;
}
#else
namespace asio {}
namespace heddle HEDDLE_VARIANT {
namespace asio = ::asio;
}
#endif

#if HEDDLE_ON_BOOST
#include <boost/asio/detail/config.hpp>
#else
#include <asio/detail/config.hpp>
#endif

#define HEDDLE_PASTE_(a, b) a##b
#define HEDDLE_PASTE(a, b) HEDDLE_PASTE_(a, b)

#define HEDDLE_AGREED_VERSION HEDDLE_PASTE(with_ASIO_VERSION_, HEDDLE_ASIO_VERSION)
#ifdef ASIO_VERSION_NAMESPACE
#define HEDDLE_AGREED_NAMESPACE                                                        \
    HEDDLE_PASTE(with_ASIO_VERSION_NAMESPACE_, ASIO_VERSION_NAMESPACE)
#else
#define HEDDLE_AGREED_NAMESPACE without_ASIO_VERSION_NAMESPACE
#endif
#if HEDDLE_ON_BOOST ? defined(BOOST_ASIO_HAS_THREADS) : defined(ASIO_HAS_THREADS)
#if defined(__MINGW32__) && !HEDDLE_ON_BOOST && !defined(ASIO_HAS_PTHREADS)
#define HEDDLE_AGREED_THREADS without_ASIO_HAS_PTHREADS
#else
#define HEDDLE_AGREED_THREADS without_ASIO_DISABLE_THREADS
#endif
#else
#define HEDDLE_AGREED_THREADS with_ASIO_DISABLE_THREADS
#endif
#if HEDDLE_ON_BOOST ? defined(BOOST_ASIO_ENABLE_HANDLER_TRACKING)                      \
                    : defined(ASIO_ENABLE_HANDLER_TRACKING)
#define HEDDLE_AGREED_TRACKING with_ASIO_ENABLE_HANDLER_TRACKING
#else
#define HEDDLE_AGREED_TRACKING without_ASIO_ENABLE_HANDLER_TRACKING
#endif
#if HEDDLE_ON_BOOST ? defined(BOOST_ASIO_HAS_IO_URING_AS_DEFAULT)                      \
                    : defined(ASIO_HAS_IO_URING_AS_DEFAULT)
#define HEDDLE_AGREED_REACTOR with_ASIO_HAS_IO_URING_AS_DEFAULT
#if HEDDLE_ASIO_VERSION < 102801
#error                                                                                 \
    "heddle: sockets on io_uring need Asio 1.28.1 (Boost 1.83) or newer; older ones give a cancellation's result to other operations"
#endif
#elif HEDDLE_ON_BOOST ? defined(BOOST_ASIO_HAS_IO_URING) : defined(ASIO_HAS_IO_URING)
#define HEDDLE_AGREED_REACTOR with_ASIO_HAS_IO_URING
#elif HEDDLE_ON_BOOST ? defined(BOOST_ASIO_HAS_EPOLL) : defined(ASIO_HAS_EPOLL)
#define HEDDLE_AGREED_REACTOR with_ASIO_HAS_EPOLL
#elif HEDDLE_ON_BOOST ? defined(BOOST_ASIO_HAS_IOCP) : defined(ASIO_HAS_IOCP)
#define HEDDLE_AGREED_REACTOR with_ASIO_HAS_IOCP
#else
#define HEDDLE_AGREED_REACTOR with_ASIO_DISABLE_EPOLL
#endif
#if HEDDLE_ON_BOOST ? defined(BOOST_ASIO_NO_TYPEID) : defined(ASIO_NO_TYPEID)
#define HEDDLE_HAS_TYPEID 0
#define HEDDLE_AGREED_TYPEID with_ASIO_NO_TYPEID
#else
#define HEDDLE_HAS_TYPEID 1
#define HEDDLE_AGREED_TYPEID without_ASIO_NO_TYPEID
#endif
#if HEDDLE_HAS_TYPEID && !defined(__GXX_RTTI) && !defined(_CPPRTTI)
#error "heddle: -fno-rtti needs ASIO_NO_TYPEID, here and where libheddle is built"
#endif
#ifdef _GLIBCXX_DEBUG
#define HEDDLE_AGREED_CONTAINERS with_GLIBCXX_DEBUG
#else
#define HEDDLE_AGREED_CONTAINERS without_GLIBCXX_DEBUG
#endif
#ifdef HEDDLE_UNDER_TSAN
#define HEDDLE_AGREED_SANITIZER with_fsanitize_thread
#else
#define HEDDLE_AGREED_SANITIZER without_fsanitize_thread
#endif
#ifdef HEDDLE_MODEL
#define HEDDLE_AGREED_KIND as_heddle_model
#elif HEDDLE_ON_BOOST
#define HEDDLE_AGREED_KIND as_boost_heddle
#else
#define HEDDLE_AGREED_KIND as_heddle_heddle
#endif

#define HEDDLE_FOR_EACH_AGREED(X)                                                      \
    X(HEDDLE_AGREED_VERSION)                                                           \
    X(HEDDLE_AGREED_NAMESPACE)                                                         \
    X(HEDDLE_AGREED_THREADS)                                                           \
    X(HEDDLE_AGREED_TRACKING)                                                          \
    X(HEDDLE_AGREED_REACTOR)                                                           \
    X(HEDDLE_AGREED_TYPEID)                                                            \
    X(HEDDLE_AGREED_CONTAINERS)                                                        \
    X(HEDDLE_AGREED_SANITIZER)                                                         \
    X(HEDDLE_AGREED_KIND)
#if HEDDLE_ON_BOOST
#define HEDDLE_AGREED_LIBRARY libboost_heddle_must_be_built_
#else
#define HEDDLE_AGREED_LIBRARY libheddle_must_be_built_
#endif
#define HEDDLE_AGREED_NAME(how)                                                        \
    HEDDLE_PASTE(HEDDLE_PASTE(HEDDLE_AGREED_LIBRARY, how), _like_this_program)
#define HEDDLE_AGREED_DECLARATION(how)                                                 \
    extern "C" [[gnu::visibility("default")]] const char HEDDLE_AGREED_NAME(how);
#define HEDDLE_AGREED_ADDRESS(how) &HEDDLE_AGREED_NAME(how),

HEDDLE_FOR_EACH_AGREED(HEDDLE_AGREED_DECLARATION)

// Each file that includes a heddle header refers to the symbols, so that the linker
// looks for them.
[[gnu::used]] static const char* const HEDDLE_AGREED_LIBRARY[] = {
    HEDDLE_FOR_EACH_AGREED(HEDDLE_AGREED_ADDRESS)};
