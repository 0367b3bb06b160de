// SPDX-License-Identifier: BSL-1.0
// Functions are values: compose makes one function of two, here sin after cos; nothing is concurrent.
// main.go is the same program in Go; both print expected.txt.
#include "../options.hpp"

#include <cmath>
#include <functional>
#include <iomanip>
#include <iostream>

using function = std::function<double(double)>;

function compose(function f, function g) {
    return [=](double x) { return f(g(x)); };
}

double sine(double x) { return std::sin(x); }
double cosine(double x) { return std::cos(x); }

int main(int argc, char** argv) {
    read_options(argc, argv, "compose");
    std::cout << std::setprecision(16) << compose(sine, cosine)(0.5) << '\n';
}
