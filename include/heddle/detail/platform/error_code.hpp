// SPDX-License-Identifier: BSL-1.0
// The type of error codes: that of the Asio underneath.
#pragma once

#include <heddle/detail/platform/agreement.hpp>

#ifdef HEDDLE_BOOST_ASIO
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>
#else
#include <system_error>
#endif

namespace heddle HEDDLE_VARIANT {
namespace detail {

#ifdef HEDDLE_BOOST_ASIO
namespace errors = ::boost::system;
#else
namespace errors = ::std;
#endif

}  // namespace detail

/// The error code of Asio's handlers, and the exception that carries one. On Boost.Asio they
/// are Boost's.
using detail::errors::error_code;
using detail::errors::system_error;

}  // namespace heddle
