// SPDX-License-Identifier: BSL-1.0
// Streams, and all operators on them. Which one do you need? A stream (stream.hpp) yields
// values to a task that asks for the next. from makes one of a range or a receiver;
// transform has the operators that cost no frame; collect reads a stream to its end;
// combine makes one stream of several; parallel calls a function for several values at a
// time; timing looks at the clock; retry begins anew. A channel carries values from tasks
// to tasks: a stream has no task of its own, a channel has no body.
#pragma once

#include <heddle/stream.hpp>
#include <heddle/stream/collect.hpp>
#include <heddle/stream/combine.hpp>
#include <heddle/stream/from.hpp>
#include <heddle/stream/parallel.hpp>
#include <heddle/stream/retry.hpp>
#include <heddle/stream/timing.hpp>
#include <heddle/stream/transform.hpp>
