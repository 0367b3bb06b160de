// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <thread>
#include <utility>

namespace test {

/// A thread that is joined when this object ends or is assigned. libc++ has std::jthread only
/// with -fexperimental-library.
class joined_thread : public std::thread {
public:
    using std::thread::thread;
    joined_thread(joined_thread&&) noexcept = default;
    joined_thread& operator=(joined_thread&& o) noexcept {
        join_if_started();
        std::thread::operator=(std::move(o));
        return *this;
    }
    ~joined_thread() { join_if_started(); }

private:
    void join_if_started() {
        if (joinable())
            join();
    }
};

}  // namespace test
