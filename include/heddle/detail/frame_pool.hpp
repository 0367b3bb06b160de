// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <heddle/detail/config.hpp>

#include <cstddef>

namespace heddle::detail {

/// Memory for frames, tasks and small channels: free lists by size class, one set per
/// thread, each bounded. A block may be given back on any thread.
///
/// Built with HEDDLE_NO_FRAME_RECYCLING every block goes to operator new and back, so that
/// an address sanitizer sees a use after free.
HEDDLE_API void* allocate_frame(std::size_t bytes);
HEDDLE_API void free_frame(void* p, std::size_t bytes) noexcept;

/// Base of what is allocated there.
struct pooled {
    static void* operator new(std::size_t bytes) { return allocate_frame(bytes); }
    static void operator delete(void* p, std::size_t bytes) noexcept {
        free_frame(p, bytes);
    }
};

}  // namespace heddle::detail
