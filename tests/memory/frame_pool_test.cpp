// SPDX-License-Identifier: BSL-1.0
// The memory of frames: blocks are aligned and do not overlap, unused memory goes back
// to other sizes and to the system, and a lack of memory throws.
#include "support/heap.hpp"

#include <heddle/detail/memory/frame_pool.hpp>
#include <heddle/heddle.hpp>

#include <doctest/doctest.h>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <new>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace {

using heddle::detail::allocate_block;
using heddle::detail::free_block;

struct held {
    std::byte* at;
    std::size_t bytes;
};

/// A block that is filled with its own address, which no other code may overwrite.
held filled(std::size_t bytes) {
    auto* at = static_cast<std::byte*>(allocate_block(bytes));
    std::memset(at, static_cast<int>(reinterpret_cast<std::uintptr_t>(at) >> 4 & 0xFF),
                bytes);
    return {at, bytes};
}

bool untouched(const held& h) {
    const auto byte =
        static_cast<std::byte>(reinterpret_cast<std::uintptr_t>(h.at) >> 4);
    return std::all_of(h.at, h.at + h.bytes, [&](std::byte b) { return b == byte; });
}

void give_back(std::vector<held>& blocks) {
    for (const held& h : blocks)
        free_block(h.at, h.bytes);
    std::vector<held>().swap(blocks);  // frees the memory of the vector, too
}

std::vector<held> take(std::size_t bytes, std::size_t of_size) {
    std::vector<held> all;
    for (std::size_t n = 0; n < bytes; n += of_size)
        all.push_back(filled(of_size));
    return all;
}

std::size_t resident_bytes() {
    std::size_t size = 0, pages = 0;
    std::ifstream("/proc/self/statm") >> size >> pages;
    return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

// A sanitizer adds shadow memory of its own, and makes frames go to the heap. An emulator
// has memory of its own, too, and enforces no RLIMIT_AS.
#if defined(HEDDLE_NO_FRAME_RECYCLING) || defined(__SANITIZE_THREAD__) ||              \
    defined(HEDDLE_TEST_EMULATED)
constexpr bool plain_memory = false;
#else
constexpr bool plain_memory = true;
#endif

#define SKIP_UNLESS_MEMORY_IS_ITS_OWN                                                  \
    if (!plain_memory) {                                                               \
        MESSAGE("skipped: memory of a sanitizer or emulator is mixed with ours");      \
        return;                                                                        \
    }

constexpr std::size_t mib = std::size_t{1} << 20;

#ifdef __linux__
/// The flags of the mapping that holds `at`, or an empty text where the system has none.
std::string mapping_flags(const void* at) {
    const auto address = reinterpret_cast<std::uintptr_t>(at);
    std::ifstream maps("/proc/self/smaps");
    bool inside = false;
    for (std::string line; std::getline(maps, line);) {
        std::uintptr_t begin, end;
        if (std::sscanf(line.c_str(), "%zx-%zx ", &begin, &end) == 2)
            inside = begin <= address && address < end;
        else if (inside && line.starts_with("VmFlags:"))
            return line + ' ';
    }
    return {};
}
#endif

}  // namespace

TEST_SUITE_BEGIN("frame_pool");

TEST_CASE("a block is aligned as its size requires, and overlaps no other block") {
    std::minstd_rand random(1);
    std::vector<held> all;
    for (int i = 0; i < 200'000; ++i) {
        if (all.size() < 500 || (random() % 2 && all.size() < 20'000)) {
            held h = filled(1 + random() % 2500);
            REQUIRE(reinterpret_cast<std::uintptr_t>(h.at) %
                        (h.bytes % 16 == 0 ? 16 : 8) ==
                    0);
            all.push_back(h);
        } else {
            std::swap(all[random() % all.size()], all.back());
            REQUIRE(untouched(all.back()));
            free_block(all.back().at, all.back().bytes);
            all.pop_back();
        }
    }
    CHECK(std::all_of(all.begin(), all.end(), untouched));
    give_back(all);
}

#if defined(HEDDLE_NO_FRAME_RECYCLING) && defined(__SANITIZE_ADDRESS__)
TEST_CASE("a block has just the bytes that were asked for, under ASan") {
    for (std::size_t bytes : {1u, 7u, 8u, 15u, 16u, 17u, 20u, 129u, 5000u}) {
        void* block = allocate_block(bytes);
        CHECK(test::usable_size(block) == bytes);
        free_block(block, bytes);
        void* frame = heddle::detail::allocate_frame(bytes);
        CHECK(test::usable_size(frame) == bytes);
        heddle::detail::free_frame(frame, bytes);
    }
}
#endif

#if SIZE_MAX > UINT32_MAX
TEST_CASE("a block may be larger than its size class can say, or there is no memory") {
    SKIP_UNLESS_MEMORY_IS_ITS_OWN
    const std::size_t bytes = (std::size_t{1} << 35) + 64;
    try {
        auto* block = static_cast<volatile std::byte*>(allocate_block(bytes));
        block[bytes - 1] = std::byte{1};  // a page, as the rest is never touched
        free_block(const_cast<std::byte*>(block), bytes);
    } catch (const std::bad_alloc&) {
        MESSAGE("this system does not promise 32 GiB");
    }
}
#endif

TEST_CASE("freed blocks serve other sizes, and go back to the system") {
    SKIP_UNLESS_MEMORY_IS_ITS_OWN
    const std::size_t before = resident_bytes();
    auto small = take(200 * mib, 104);
    CHECK(resident_bytes() - before > 190 * mib);
    give_back(small);
    // 32 MiB of slabs stay, the thread keeps 1 MiB of each size, and malloc keeps some
    // memory of this test's lists.
    CHECK(resident_bytes() < before + 48 * mib);
    auto large = take(200 * mib, 1000);
    CHECK(resident_bytes() < before + 225 * mib);
    give_back(large);
    CHECK(resident_bytes() < before + 48 * mib);
}

#ifdef __linux__
TEST_CASE("memory beyond 64 MiB is asked for in large pages") {
    SKIP_UNLESS_MEMORY_IS_ITS_OWN
    if (!std::filesystem::exists("/sys/kernel/mm/transparent_hugepage")) {
        MESSAGE("skipped: this system has no large pages");
        return;
    }
    auto blocks = take(128 * mib, 112);
    CHECK(mapping_flags(blocks.back().at).find(" hg ") != std::string::npos);
    give_back(blocks);
}
#endif

TEST_CASE("a million tasks leave no memory behind") {
    SKIP_UNLESS_MEMORY_IS_ITS_OWN
    const std::size_t before = resident_bytes();
    {
        asio::io_context ctx;
        heddle::channel<int> gate;
        auto wait = [](heddle::receiver<int> in) -> heddle::task<> {
            co_await in.receive();
        };
        for (int i = 0; i < 1'000'000; ++i)
            heddle::go(ctx, wait, gate);
        ctx.poll();
        CHECK(resident_bytes() - before >
              150 * mib);  // fewer where pointers have 32 bits
        gate.close();
        ctx.restart();
        ctx.run();
    }
    CHECK(resident_bytes() < before + 40 * mib);
}

TEST_CASE("bad_alloc is thrown where no memory is left, and the blocks that exist "
          "still work") {
    SKIP_UNLESS_MEMORY_IS_ITS_OWN
    const pid_t child = ::fork();
    if (child == 0) {
        std::vector<held> all;
        all.reserve(10'000'000);
        std::size_t size = 0;
        std::ifstream("/proc/self/statm") >> size;
        const rlimit limit{size * 4096 + 40 * mib, RLIM_INFINITY};
        ::setrlimit(RLIMIT_AS, &limit);
        try {
            while (all.size() < all.capacity())
                all.push_back(filled(480));
        } catch (const std::bad_alloc&) {
            const bool sound = all.size() * 480 > 20 * mib &&
                               std::all_of(all.begin(), all.end(), untouched);
            give_back(all);
            // The freed blocks serve another size.
            auto again = take(20 * mib, 96);
            ::_exit(sound && std::all_of(again.begin(), again.end(), untouched) ? 0
                                                                                : 1);
        }
        ::_exit(2);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("frame_pool.threads");

TEST_CASE("blocks that are freed on another thread come back") {
    const std::size_t before = resident_bytes();
    for (int round = 0; round < 20; ++round) {
        std::vector<held> all;
        std::thread taker([&] { all = take(20 * mib, 240); });
        taker.join();
        std::thread giver([&] {
            CHECK(std::all_of(all.begin(), all.end(), untouched));
            give_back(all);
        });
        giver.join();
    }
    if (plain_memory)
        CHECK(resident_bytes() < before + 80 * mib);
}

TEST_CASE("blocks that an ended thread had kept serve other threads") {
    SKIP_UNLESS_MEMORY_IS_ITS_OWN
    const std::size_t before = resident_bytes();
    for (int round = 0; round < 3000; ++round)
        std::thread([] {
            auto few = take(48 * 480, 480);
            give_back(few);
        }).join();
    CHECK(resident_bytes() < before + 20 * mib);
}

TEST_CASE("a thread that finds no memory for its own free lists still gets blocks") {
    SKIP_UNLESS_MEMORY_IS_ITS_OWN
    const pid_t child = ::fork();
    if (child == 0) {
        auto spare = take(4 * mib, 480);
        give_back(spare);
        heddle::channel<> exhausted(1);
        bool sound = false;
        std::thread late([&] {
            (void)exhausted.receive_blocking();
            // glibc 2.43 may have kept some memory for this thread.
            while (void* few = std::calloc(1, 1024))
                *static_cast<void* volatile*>(few) = nullptr;
            std::vector<held>& all = spare;  // this vector has its memory already
            for (int i = 0; i < 500; ++i)
                all.push_back(filled(480));
            sound = all.size() == 500 && std::all_of(all.begin(), all.end(), untouched);
            for (const held& h : all)
                free_block(h.at, h.bytes);
        });
        spare.reserve(500);
        std::size_t size = 0;
        std::ifstream("/proc/self/statm") >> size;
        const rlimit limit{size * 4096, RLIM_INFINITY};
        ::setrlimit(RLIMIT_AS, &limit);
        for (std::size_t bytes = mib; bytes >= 16; bytes /= 2)
            while (void* p = std::malloc(bytes))
                // The write keeps the compiler from removing malloc.
                *static_cast<void* volatile*>(p) = nullptr;
        (void)exhausted.try_send({});
        late.join();
        ::_exit(sound ? 0 : 1);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("threads that take and free blocks at the same time never share a block") {
    constexpr int threads = 4, rounds = 20'000;
    std::vector<heddle::channel<held>> to;
    for (int t = 0; t < threads; ++t)
        to.emplace_back(64);
    auto at = [&](int t) -> heddle::channel<held>& {
        return to[static_cast<std::size_t>(t % threads)];
    };
    auto drain = [](heddle::channel<held>& from, std::vector<held>& into) {
        std::optional<held> h;
        while (from.try_receive(h) == heddle::try_status::done)
            into.push_back(*h);
    };
    std::vector<int> spoilt(threads, 0);
    std::vector<std::thread> all;
    for (int t = 0; t < threads; ++t)
        all.emplace_back([&, t] {
            std::minstd_rand random(static_cast<unsigned>(t + 1));
            std::vector<held> mine;
            for (int i = 0; i < rounds; ++i) {
                mine.push_back(filled(16 + random() % 600));
                if (random() % 2) {
                    // Blocks go to the next thread, if its channel has room; this
                    // thread frees those it receives.
                    if (at(t + 1).try_send(mine.back()) == heddle::try_status::done)
                        mine.pop_back();
                    drain(at(t), mine);
                }
                if (mine.size() > 1000) {
                    for (const held& h : mine)
                        spoilt[static_cast<std::size_t>(t)] += !untouched(h);
                    give_back(mine);
                }
            }
            give_back(mine);
        });
    for (auto& t : all)
        t.join();
    std::vector<held> left;
    for (auto& c : to)
        drain(c, left);
    give_back(left);
    CHECK(std::count(spoilt.begin(), spoilt.end(), 0) == threads);
}

TEST_SUITE_END();
