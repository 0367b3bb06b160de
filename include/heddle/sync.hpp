// SPDX-License-Identifier: BSL-1.0
// Which one? To guard data that tasks change between two of their waits: mutex. To bound
// how many do something: semaphore. To tell many that something is so: event. To wait for
// a number of things: wait_group, if tasks add to it; latch, if the number is known;
// barrier, if those who arrive are those who wait. To do something once: once. To start
// tasks that end, or fail, together: group, in group.hpp. To hand over values: a channel.
//
// One host runs one of its tasks at a time, so what happens between two co_awaits needs no
// mutex while all who do it are tasks of one host.
#pragma once

#include <heddle/sync/barrier.hpp>
#include <heddle/sync/event.hpp>
#include <heddle/sync/latch.hpp>
#include <heddle/sync/mutex.hpp>
#include <heddle/sync/once.hpp>
#include <heddle/sync/semaphore.hpp>
#include <heddle/sync/wait_group.hpp>
