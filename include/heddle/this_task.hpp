// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/platform/asio.hpp>
#include <heddle/detail/platform/config.hpp>

#include <cstdint>
#include <string>

namespace heddle HEDDLE_VARIANT {

/// These functions are about the running task; each throws not_in_task outside one.
namespace this_task {

/// Names the task for dumps and reports.
HEDDLE_API void name(std::string name);

/// A number that no other task of this program has.
HEDDLE_API std::uint64_t id();

/// An executor of the task's host: a function that runs there never runs at the same
/// time as a task of that host, and tasks started on it belong to the same host. Of a
/// parallel host it is the executor of the worker that runs the task just now.
HEDDLE_API asio::any_io_executor executor();

}  // namespace this_task

}  // namespace heddle
