// SPDX-License-Identifier: BSL-1.0
#include <heddle/detail/context/posting.hpp>

#include "context/unwrapped.hpp"
#include "memory/handler_allocator.hpp"

#include <heddle/detail/core/host.hpp>

namespace heddle HEDDLE_VARIANT::detail {
namespace {

/// An errand on its way through Asio.
template <class Memory>
struct posted_errand {
    using allocator_type = handler_allocator<void, Memory>;

    void operator()() { f(); }
    allocator_type get_allocator() const noexcept { return allocator_type(*memory); }

    errand f;
    Memory* memory;
};
using plain_memory = handler_memory<posted_size>;

/// An errand in a turn of a host.
struct errand_turn final : runnable {
    errand_turn(errand&& given, plain_memory& m) noexcept
        : f(std::move(given)), memory(m) {
        turn = run;
    }

    static void run(runnable& r, host& h) {
        auto& self = static_cast<errand_turn&>(r);
        plain_memory& memory = self.memory;
        errand f(std::move(self.f));
        self.~errand_turn();
        memory.free(&self);  // before the call, after which it may be gone
        if (!h.is_shut())
            f();
    }

    errand f;
    plain_memory& memory;
};

void post_to_host(host& home, errand&& f, plain_memory& memory) {
    if (home.is_shut())
        return;
    void* place = memory.allocate(sizeof(errand_turn));
    home.ready(*::new (place) errand_turn(std::move(f), memory), host::current());
}

}  // namespace

void post_in_place(const asio::any_io_executor& ex, errand f, posted_memory& memory) {
    before_post(ex);
    if (unwrapped(ex, [&](const auto& inner) {
            asio::post(inner, posted_errand<plain_memory>{std::move(f), &memory});
        }))
        return;
    if (host* home = host_in(ex))
        return post_to_host(*home, std::move(f), memory);
    if (unwrapped_strand(ex, [&](const auto& strand) {
            posted_memory::posting now(memory);
            asio::post(strand, posted_errand<posted_memory>{std::move(f), &memory});
        }))
        return;
    asio::post(ex, std::move(f));
}

}  // namespace heddle::detail
