// SPDX-License-Identifier: BSL-1.0
// The integer of 128 bits for compilers without one, compared with that of a compiler that
// has one.
#include <heddle/detail/platform/compiler.hpp>
#include <heddle/detail/platform/wide_int.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <random>
#include <vector>

TEST_SUITE_BEGIN("wide_int");

using portable = heddle::detail::portable_wide_int;

TEST_CASE("an integer of 128 bits is calculated with and compared") {
    constexpr portable billion = 1'000'000'000;
    static_assert(billion * billion * billion / billion / billion == billion);
    static_assert(-billion * billion * billion / billion / billion == -billion);
    static_assert(billion * billion * billion >
                  std::numeric_limits<std::int64_t>::max());
    static_assert(-billion * billion * billion <
                  std::numeric_limits<std::int64_t>::min());
    static_assert(portable(~std::uint64_t{0}) + 1 > ~std::uint64_t{0});
    static_assert(portable(-1) + 1 == 0);
    static_assert(portable(7) / -2 == -3);
    static_assert(static_cast<std::int64_t>(billion * 9) == 9'000'000'000);
    static_assert(static_cast<long double>(-billion * billion * billion) == -1e27L);
}

#ifdef __SIZEOF_INT128__

TEST_CASE("an integer of 128 bits has the results of the compiler's") {
    using wide = heddle::detail::wide_int;
    const auto high = [](wide n) { return static_cast<std::int64_t>(n >> 64); };
    const auto low = [](wide n) { return static_cast<std::uint64_t>(n); };
    const auto same = [&](portable a, wide b) {
        constexpr portable up =
            portable(std::int64_t{1} << 32) * (std::int64_t{1} << 32);
        return a == portable(high(b)) * up + portable(low(b));
    };
    std::mt19937_64 random(1);
    std::vector<std::int64_t> numbers{0,
                                      1,
                                      -1,
                                      2,
                                      1'000'000'000,
                                      std::numeric_limits<std::int64_t>::max(),
                                      std::numeric_limits<std::int64_t>::min()};
    for (int bits = 1; bits < 64; ++bits)
        for (int i = 0; i < 3; ++i)
            numbers.push_back(static_cast<std::int64_t>(random()) >> bits);
    for (std::int64_t a : numbers)
        for (std::int64_t b : numbers) {
            const wide product = wide{a} * b;
            const portable own = portable(a) * b;
            CAPTURE(a);
            CAPTURE(b);
            REQUIRE(same(own, product));
            REQUIRE(same(own + a, product + a));
            REQUIRE(same(-own, -product));
            REQUIRE((own < portable(a)) == (product < a));
            REQUIRE(static_cast<long double>(own) == static_cast<long double>(product));
            for (std::int64_t d :
                 {a, b, std::int64_t{1}, std::int64_t{-3}, std::int64_t{1'000'000'007}})
                if (d != 0)
                    REQUIRE(same(own / d, product / d));
        }
}

#endif

TEST_SUITE_END();
