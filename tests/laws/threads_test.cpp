// SPDX-License-Identifier: BSL-1.0
#include <heddle/heddle.hpp>
#include <heddle/testing_threads.hpp>

#include <doctest/doctest.h>
