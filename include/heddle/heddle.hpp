// SPDX-License-Identifier: BSL-1.0
#pragma once

// First, so that what the compiler says of a mistake begins with few lines.
#include <heddle/detail/core/words.hpp>
#include <heddle/detail/task/refuse_start.hpp>
#include <heddle/detail/wait/channel_many.hpp>
#include <heddle/detail/wait/refuse_arm.hpp>

#include <heddle/asio.hpp>
#include <heddle/bind_done.hpp>
#include <heddle/blocking.hpp>
#include <heddle/broadcast.hpp>
#include <heddle/channel.hpp>
#include <heddle/channel_operations.hpp>
#include <heddle/channel_owner.hpp>
#include <heddle/clock.hpp>
#include <heddle/done.hpp>
#include <heddle/errors.hpp>
#include <heddle/go.hpp>
#include <heddle/group.hpp>
#include <heddle/inflight.hpp>
#include <heddle/inspect.hpp>
#include <heddle/oneshot.hpp>
#include <heddle/parallel.hpp>
#include <heddle/patterns.hpp>
#include <heddle/run.hpp>
#include <heddle/select.hpp>
#include <heddle/selector.hpp>
#include <heddle/serve.hpp>
#include <heddle/settle.hpp>
#include <heddle/sync.hpp>
#include <heddle/task.hpp>
#include <heddle/task_local.hpp>
#include <heddle/this_task.hpp>
#include <heddle/time.hpp>
#include <heddle/watch.hpp>
