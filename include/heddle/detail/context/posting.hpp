// SPDX-License-Identifier: BSL-1.0
// Posts that take no memory when they are made: an errand waits in memory that its owner
// took while it could still say that there is none.
#pragma once

#include <heddle/detail/memory/handler_memory.hpp>
#include <heddle/detail/platform/asio.hpp>
#include <heddle/detail/platform/config.hpp>

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace heddle HEDDLE_VARIANT::detail {

/// Enough for a posted errand, with what an io_context adds, or a strand around it, or
/// around a pool.
constexpr std::size_t posted_size = 160;
using posted_memory = shared_handler_memory<posted_size>;

/// A function object as large as a pointer, which is called once or not at all. Its type
/// is erased, so that the library posts all of them in one place.
class errand {
public:
    template <class F>
    errand(F f) noexcept : act_(act<F>) {
        static_assert(sizeof(F) <= sizeof(place_) &&
                      std::is_nothrow_move_constructible_v<F>);
        ::new (static_cast<void*>(place_)) F(std::move(f));
    }
    errand(errand&& o) noexcept : act_(o.act_) { act_(o.place_, step::move, place_); }
    errand& operator=(errand&&) = delete;
    ~errand() { act_(place_, step::end, nullptr); }

    void operator()() { act_(place_, step::call, nullptr); }

private:
    enum class step { move, call, end };

    template <class F>
    static void act(void* place, step what, void* to) {
        F& f = *std::launder(static_cast<F*>(place));
        if (what == step::call)
            f();
        else if (what == step::end)
            f.~F();
        else
            ::new (to) F(std::move(f));
    }

    void (*act_)(void*, step, void*);
    alignas(void*) std::byte place_[sizeof(void*)];
};

/// Posts it in that memory, whose owner lives until the errand is called or destroyed: to
/// an io_context, a thread_pool, a strand of one of them, the system's executor, or a host
/// of heddle's. Other executors take memory of their own, and may throw.
HEDDLE_API void post_in_place(const asio::any_io_executor& ex, errand f,
                              posted_memory& memory);

}  // namespace heddle::detail
