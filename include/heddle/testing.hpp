// SPDX-License-Identifier: BSL-1.0
// Deterministic tests of programs that use heddle, with any test framework.
#pragma once

#include <heddle/run.hpp>
#include <heddle/testing/explore.hpp>
#include <heddle/testing/world.hpp>
