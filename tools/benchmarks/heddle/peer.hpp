// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../measure.hpp"

#include <heddle/heddle.hpp>

/// Runs a workload, which is itself a task, on the threads that are asked for.
template <auto work>
result run(arguments a) {
    return heddle::run(heddle::run_options{.threads = a.threads}, work(a));
}
