// SPDX-License-Identifier: BSL-1.0
// The headers of Windows, which Asio includes, make macros of two words that tests use as
// names. The precompiled header of the tests includes this last.
#pragma once

#undef near
#undef far
