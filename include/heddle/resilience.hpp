// SPDX-License-Identifier: BSL-1.0
// Which one do you need? A rate_limiter makes callers wait for their turn; retry calls
// again what has failed, after a pause; a circuit_breaker stops to call what fails all
// the time; a single_flight makes one call of those for the same key that come at the
// same time; hedge asks a second replica if the first is slow; a batcher hands values
// over together. To bound how many calls run at a time, and so keep one failing
// dependency from taking all tasks (a bulkhead), hold a permit of a semaphore: co_await
// slots.acquire().
#pragma once

#include <heddle/resilience/batcher.hpp>
#include <heddle/resilience/circuit_breaker.hpp>
#include <heddle/resilience/hedge.hpp>
#include <heddle/resilience/rate_limiter.hpp>
#include <heddle/resilience/retry.hpp>
#include <heddle/resilience/single_flight.hpp>
