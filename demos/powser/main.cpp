// SPDX-License-Identifier: BSL-1.0
// A power series is a task that sends its coefficients on demand; sums, products, compositions and reversions are such
// tasks, too.
// main.go is the same program in Go; both print expected.txt.
#include "../options.hpp"

#include <heddle/heddle.hpp>

#include <cstdint>
#include <iostream>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>

// A number that does not fit is an error, and not another number.
std::int64_t product(std::int64_t a, std::int64_t b) {
    if (std::int64_t c = 0; !__builtin_mul_overflow(a, b, &c))
        return c;
    throw std::overflow_error("a coefficient does not fit");
}

std::int64_t sum(std::int64_t a, std::int64_t b) {
    if (std::int64_t c = 0; !__builtin_add_overflow(a, b, &c))
        return c;
    throw std::overflow_error("a coefficient does not fit");
}

struct rational {
    rational(std::int64_t n, std::int64_t d = 1)
        : num(n / std::gcd(n, d)), den(d / std::gcd(n, d)) {}

    std::int64_t num, den;  // den is above zero
};

rational operator+(rational a, rational b) {
    auto den = product(a.den / std::gcd(a.den, b.den), b.den);
    return {sum(product(den / a.den, a.num), product(den / b.den, b.num)), den};
}

rational operator*(rational a, rational b) {
    rational x(a.num, b.den), y(b.num, a.den);
    return {product(x.num, y.num), product(x.den, y.den)};
}

rational inverse(rational a) {
    return a.num < 0 ? rational(-a.den, -a.num) : rational(a.den, a.num);
}

struct series {
    heddle::channel<> req;  // asks for the next coefficient
    heddle::channel<rational> dat;
};

heddle::task<rational> get(series f) {
    co_await f.req.send();
    co_return *co_await f.dat.receive();
}

heddle::task<> put(rational c, series f) {
    co_await f.req.receive();
    co_await f.dat.send(c);
}

heddle::task<> copy(series from, series to) {
    for (;;) {
        co_await to.req.receive();
        auto c = co_await get(from);
        co_await to.dat.send(c);
    }
}

// This gives each coefficient to a, which is the first to ask, and then to b; other coefficients do not wait for b.
heddle::task<> split_one(series in, series a, series b, heddle::receiver<> last) {
    bool last_is_done = false;
    if (co_await heddle::select(a.req.receive(std::ignore),
                                last.receive(std::ignore)) == 1) {
        last_is_done = true;
        if (co_await heddle::select(a.req.receive(std::ignore),
                                    b.req.receive(std::ignore)) == 1)
            std::swap(a, b);
    }
    co_await in.req.send();
    heddle::channel<> done;
    heddle::go(split_one, in, a, b, done);
    auto c = *co_await in.dat.receive();
    co_await a.dat.send(c);
    if (!last_is_done)
        co_await last.receive();
    co_await put(c, b);
    co_await done.send();
}

void split(series in, series a, series b) {
    heddle::channel<> done(1);
    (void)done.try_send();
    heddle::go(split_one, in, a, b, done);
}

series numbers(rational first, rational others) {
    series z;
    heddle::go([=]() -> heddle::task<> {
        co_await put(first, z);
        for (;;)
            co_await put(others, z);
    });
    return z;
}

series add(series u, series v) {
    series z;
    heddle::go([=]() -> heddle::task<> {
        for (;;) {
            co_await z.req.receive();
            auto a = co_await get(u), b = co_await get(v);
            co_await z.dat.send(a + b);
        }
    });
    return z;
}

series times(rational c, series u) {
    series z;
    heddle::go([=]() -> heddle::task<> {
        for (;;) {
            co_await z.req.receive();
            auto a = co_await get(u);
            co_await z.dat.send(c * a);
        }
    });
    return z;
}

// (a + xU)(b + xV) is ab + x(aV + bU) + xxUV.
series mul(series u, series v) {
    series z;
    heddle::go([=]() -> heddle::task<> {
        co_await z.req.receive();
        auto a = co_await get(u), b = co_await get(v);
        co_await z.dat.send(a * b);
        series u1, u2, v1, v2;
        split(u, u1, u2);
        split(v, v1, v2);
        auto w = add(times(a, v1), times(b, u1));
        co_await z.req.receive();
        auto c = co_await get(w);
        co_await z.dat.send(c);
        co_await copy(add(w, mul(u2, v2)), z);
    });
    return z;
}

// The result is c + xU.
series shift(rational c, series u) {
    series z;
    heddle::go([=]() -> heddle::task<> {
        co_await put(c, z);
        co_await copy(u, z);
    });
    return z;
}

// The result is V, if U is c + xV.
series tail(series u) {
    series z;
    heddle::go([=]() -> heddle::task<> {
        co_await z.req.receive();
        auto c = co_await get(u);  // it is not wanted
        c = co_await get(u);
        co_await z.dat.send(c);
        co_await copy(u, z);
    });
    return z;
}

series diff(series u) {
    series z;
    heddle::go([=]() -> heddle::task<> {
        co_await z.req.receive();
        auto a = co_await get(u);  // it vanishes
        for (int i = 1;; ++i) {
            a = co_await get(u);
            co_await z.dat.send(i * a);
            co_await z.req.receive();
        }
    });
    return z;
}

series integ(rational c, series u) {
    series z;
    heddle::go([=]() -> heddle::task<> {
        co_await put(c, z);
        for (int i = 1;; ++i) {
            co_await z.req.receive();
            auto a = co_await get(u);
            co_await z.dat.send(rational(1, i) * a);
        }
    });
    return z;
}

// The result is U(cxx).
series subst_square(series u, rational c) {
    series z;
    heddle::go([=]() -> heddle::task<> {
        for (rational power = 1;; power = power * c) {
            co_await z.req.receive();
            auto a = co_await get(u);
            co_await z.dat.send(power * a);
            co_await put(0, z);
        }
    });
    return z;
}

// Z = 1/(a + xU) is 1/a - xUZ/a.
series recip(series u) {
    series z;
    heddle::go([=]() -> heddle::task<> {
        co_await z.req.receive();
        auto a = co_await get(u);
        auto c = inverse(a);
        co_await z.dat.send(c);
        series z1, z2;
        split(mul(times(-1 * c, u), shift(c, z1)), z1, z2);
        co_await copy(z2, z);
    });
    return z;
}

// The result is U(V), where V has no constant term. (a + xU)(xV) is a + xV U(xV).
series subst(series u, series v) {
    series z;
    heddle::go([=]() -> heddle::task<> {
        co_await z.req.receive();
        auto a = co_await get(u);
        co_await z.dat.send(a);
        series v1, v2;
        split(v, v1, v2);
        co_await copy(mul(tail(v1), subst(u, v2)), z);
    });
    return z;
}

// The result is Z such that U(Z) = x, where U has no constant term. If U is xV, ZV(Z) = x, so Z = x/V(Z).
series revert(series u) {
    series z1, z2;
    split(shift(0, recip(subst(tail(u), z1))), z1, z2);
    return z2;
}

// The derivative of Z = exp U is ZU'.
series exp(series u) {
    series z1, z2;
    split(integ(1, mul(z1, diff(u))), z1, z2);
    return z2;
}

// The derivative of Z = tan x is 1 + ZZ.
series tan() {
    series z1, z2, z3, z4;
    split(integ(0, add(numbers(1, 0), mul(z1, z2))), z3, z4);
    split(z3, z1, z2);
    return z4;
}

series atan() { return integ(0, subst_square(numbers(1, 1), -1)); }

heddle::task<> print(std::string name, series u, int n) {
    std::cout << name << ':';
    for (int i = 0; i < n; ++i) {
        auto c = co_await get(u);
        std::cout << ' ' << c.num;
        if (c.den != 1)
            std::cout << '/' << c.den;
    }
    std::cout << '\n';
}

heddle::task<> powser(int n) {
    auto x = [] { return shift(0, numbers(1, 0)); };
    co_await print("1/(1-x)", recip(shift(1, numbers(-1, 0))), n);
    co_await print("1/(1-x)^2", mul(numbers(1, 1), numbers(1, 1)), n);
    co_await print("exp(x/(1-x))", exp(numbers(0, 1)), n);
    co_await print("exp x of x/(1-x)", subst(exp(x()), numbers(0, 1)), n);
    co_await print("atan x", atan(), n);
    co_await print("tan x", tan(), n);
    co_await print("atan x reverted", revert(atan()), n);
}

int main(int argc, char** argv) {
    int n = 10;
    read_options(argc, argv, "powser [-n TERMS]",
                 {{"n", n, 1, 19}});  // more do not fit
    heddle::run(powser(n));
}
