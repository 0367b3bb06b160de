// SPDX-License-Identifier: BSL-1.0
// What programs write again and again, made of the other headers. Which one? A task whose
// values another reads: generate. Many inputs as one: merge. A reader too slow for who may
// not wait: unbounded. State that many use, one at a time, by functions: actor (by lines of
// their own: a mutex). Services that live and die together: run_group (tasks that fail
// together: group).
#pragma once

#include <heddle/patterns/actor.hpp>
#include <heddle/patterns/generate.hpp>
#include <heddle/patterns/merge.hpp>
#include <heddle/patterns/run_group.hpp>
#include <heddle/patterns/unbounded.hpp>
