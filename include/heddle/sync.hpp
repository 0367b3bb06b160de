// SPDX-License-Identifier: BSL-1.0
// Which one do you need? A mutex guards data that a task uses across its waits, a
// shared_mutex data that many read. With a condition_variable a task that holds a mutex
// waits until the data has changed; a notify tells that without a mutex. A semaphore bounds how many tasks do something at a time. An event tells many tasks
// that something is so. A wait_group waits for a number of things that tasks add to, a
// latch for a number that is known; at a barrier the tasks that arrive are those that
// wait. A once does something once. A group (group.hpp) starts tasks that end, or fail,
// together. A channel hands over values.
//
// A serial host runs one of its tasks at a time, so code between two co_awaits needs no
// mutex while only tasks of one such host run it.
#pragma once

#include <heddle/sync/barrier.hpp>
#include <heddle/sync/condition_variable.hpp>
#include <heddle/sync/event.hpp>
#include <heddle/sync/latch.hpp>
#include <heddle/sync/mutex.hpp>
#include <heddle/sync/notify.hpp>
#include <heddle/sync/once.hpp>
#include <heddle/sync/semaphore.hpp>
#include <heddle/sync/shared_mutex.hpp>
#include <heddle/sync/wait_group.hpp>
