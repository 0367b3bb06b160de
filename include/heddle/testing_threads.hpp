// SPDX-License-Identifier: BSL-1.0
// The old name of heddle/testing/threads.hpp.
#pragma once

#include <heddle/testing/threads.hpp>
