// SPDX-License-Identifier: BSL-1.0
// Patterns that many programs need, made of the other headers. Which one do you need?
// generate runs a task whose values another task reads. merge makes one channel of
// many. unbounded takes values from senders that may not wait for a slow reader. An
// actor runs functions on a state that many tasks share, one at a time (a mutex lets
// the tasks use the state themselves). A run_group runs services that live and die
// together (a group, tasks that fail together). when_all waits for the results of several
// tasks, race for the first; for_each_parallel and map_parallel call a function for the
// elements of a range, so many at a time.
#pragma once

#include <heddle/patterns/actor.hpp>
#include <heddle/patterns/for_each_parallel.hpp>
#include <heddle/patterns/generate.hpp>
#include <heddle/patterns/merge.hpp>
#include <heddle/patterns/race.hpp>
#include <heddle/patterns/run_group.hpp>
#include <heddle/patterns/unbounded.hpp>
#include <heddle/patterns/when_all.hpp>
