// SPDX-License-Identifier: BSL-1.0
// This file is compiled only for its precompiled header.
#include "options.hpp"
