// SPDX-License-Identifier: BSL-1.0
#include "memory/slabs.hpp"

#include <heddle/detail/memory/intrusive_list.hpp>

#include "platform/port.hpp"

#include <bit>
#include <new>
#include <utility>

namespace heddle HEDDLE_VARIANT::detail::slabs {
namespace {

constexpr std::size_t slab_bytes = std::size_t{64} << 10;
constexpr std::size_t in_arena = 32;  // slabs
constexpr std::size_t arena_bytes = in_arena * slab_bytes;
constexpr std::size_t kept = 16;                // vacant arenas
constexpr std::size_t small = 32;               // arenas, before pages are large ones
constexpr std::uint32_t page_batch = 16 << 10;  // bytes
constexpr std::uint32_t all_vacant = 0xFFFFFFFF;

/// The header of a slab. It lies at the beginning of the slab's memory, which is
/// aligned to its size, so that the address of a block gives its slab.
struct slab {
    list_place<slab> among_open;  // in the list of its shelf
    block* free;                  // the blocks that came back
    std::uint32_t fresh;          // offset of the part that was never given out
    std::uint32_t paged;          // up to this offset, pages have been asked for
    std::uint32_t in_use;         // how many blocks are in use
    std::uint32_t page_batch;     // how much to ask for; 0 in the only arena, which may
                                  // never be filled
};

/// The header of an arena. It lies behind the header of the arena's first slab.
struct arena {
    list_place<arena> among_open;
    std::uint32_t vacant;  // one bit for each slab
    bool large_pages;
};

constexpr std::uint32_t header = 64;  // bytes before the first block
static_assert(sizeof(slab) + sizeof(arena) <= header);

/// The slabs of one block size.
struct shelf {
    spin_lock lock;                                // guards the list
    intrusive_list<slab, &slab::among_open> open;  // those with free blocks
};
shelf shelves[largest / step + 1];

struct {
    spin_lock lock;                                  // guards all below
    intrusive_list<arena, &arena::among_open> open;  // those with vacant slabs
    std::size_t alive = 0;
    std::size_t vacant = 0;
} arenas;

template <std::size_t Size>
std::byte* begin_of(void* p) noexcept {
    auto* at = static_cast<std::byte*>(p);
    return at - reinterpret_cast<std::uintptr_t>(at) % Size;
}

slab& slab_of(void* p) noexcept {
    return *reinterpret_cast<slab*>(begin_of<slab_bytes>(p));
}
arena& arena_of(void* p) noexcept {
    return *reinterpret_cast<arena*>(begin_of<arena_bytes>(p) + sizeof(slab));
}

arena& new_arena() {  // arenas.lock is held
    std::byte* memory = port::take_memory(arena_bytes);
    if (!memory)
        throw std::bad_alloc();
    ++arenas.alive;
    ++arenas.vacant;
    const bool large = arenas.alive > small;
    if (large)
        port::prefer_large_pages(memory, arena_bytes);
    auto& a = *new (memory + sizeof(slab)) arena{};
    a.vacant = all_vacant;
    a.large_pages = large;
    arenas.open.push_front(a);
    return a;
}

slab& new_slab() {
    guard g(arenas.lock);
    arena& a = arenas.open.empty() ? new_arena() : *arenas.open.front();
    const auto i = static_cast<std::size_t>(std::countr_zero(a.vacant));
    arenas.vacant -= a.vacant == all_vacant;
    a.vacant &= a.vacant - 1;
    if (!a.vacant)
        arenas.open.erase(a);
    auto* s = new (begin_of<arena_bytes>(&a) + i * slab_bytes) slab{};
    s->fresh = header;
    if (arenas.alive > 1)
        s->page_batch = a.large_pages ? slab_bytes : page_batch;
    return *s;
}

void vacate(slab& s) noexcept {
    guard g(arenas.lock);
    arena& a = arena_of(&s);
    const auto i = static_cast<std::size_t>(reinterpret_cast<std::byte*>(&s) -
                                            begin_of<arena_bytes>(&s)) /
                   slab_bytes;
    if (!a.vacant)
        arenas.open.push_front(a);
    a.vacant |= std::uint32_t{1} << i;
    if (a.vacant == all_vacant && ++arenas.vacant > kept) {
        arenas.open.erase(a);
        --arenas.alive;
        --arenas.vacant;
        port::give_memory(begin_of<arena_bytes>(&a), arena_bytes);
    }
}

bool has_room(const slab& s, std::size_t bytes) noexcept {
    return s.free || s.fresh + bytes <= slab_bytes;
}

block* pop(slab& s, std::size_t bytes) noexcept {
    ++s.in_use;
    if (s.free)
        return std::exchange(s.free, s.free->next);
    if (s.page_batch && s.fresh + bytes > s.paged) {
        port::populate(reinterpret_cast<std::byte*>(&s) + s.paged, s.page_batch);
        s.paged += s.page_batch;
    }
    void* p = reinterpret_cast<std::byte*>(&s) + s.fresh;
    s.fresh += static_cast<std::uint32_t>(bytes);
    return new (p) block;
}

}  // namespace

block* take(std::size_t bytes, std::uint32_t n, std::uint32_t& taken) {
    shelf& own = shelves[bytes / step];
    guard g(own.lock);
    if (own.open.empty())
        own.open.push_front(new_slab());
    slab& s = *own.open.front();
    block* first = nullptr;
    block** end = &first;
    for (taken = 0; taken < n && has_room(s, bytes); ++taken) {
        *end = pop(s, bytes);
        end = &(*end)->next;
    }
    *end = nullptr;
    if (!has_room(s, bytes))
        own.open.erase(s);
    return first;
}

void give(block* first, std::size_t bytes) noexcept {
    shelf& own = shelves[bytes / step];
    guard g(own.lock);
    while (block* b = first) {
        first = b->next;
        slab& s = slab_of(b);
        if (!has_room(s, bytes))
            own.open.push_front(s);
        b->next = std::exchange(s.free, b);
        if (--s.in_use == 0 && !own.open.has_one()) {
            own.open.erase(s);
            vacate(s);
        }
    }
}

void lock_all() noexcept {
    for (shelf& s : shelves)
        s.lock.lock();
    arenas.lock.lock();
}

void unlock_all() noexcept {
    arenas.lock.unlock();
    for (shelf& s : shelves)
        s.lock.unlock();
}

}  // namespace heddle::detail::slabs
