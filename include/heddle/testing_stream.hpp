// SPDX-License-Identifier: BSL-1.0
// The old name of heddle/testing/stream.hpp.
#pragma once

#include <heddle/testing/stream.hpp>
