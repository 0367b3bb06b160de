// SPDX-License-Identifier: BSL-1.0
// Compiled for its precompiled header alone.
#include "options.hpp"
