// SPDX-License-Identifier: BSL-1.0
// The module heddle exports each public name of heddle/heddle.hpp. A file may both import
// it and include headers of Asio or heddle.
module;

#include <heddle/heddle.hpp>

export module heddle;

export namespace heddle HEDDLE_VARIANT {

using heddle::abandon_on_cancel;
using heddle::abandon_on_cancel_t;
using heddle::acquire_op;
using heddle::actor;
using heddle::after;
using heddle::already_joined;
using heddle::any_duration;
using heddle::arm;
using heddle::as_tuple;
using heddle::asio_op;
using heddle::at;
using heddle::barrier;
using heddle::bind_done;
using heddle::bound_done;
using heddle::broadcast;
using heddle::broadcast_send_op;
using heddle::broken_promise;
using heddle::cancelled;
using heddle::changed_op;
using heddle::channel;
using heddle::channel_closed;
using heddle::channel_handle;
using heddle::condition_variable;
using heddle::conflated;
using heddle::conflated_t;
using heddle::deadline_exceeded;
using heddle::deadlock;
using heddle::deferred;
using heddle::deferred_t;
using heddle::done_closed;
using heddle::done_source;
using heddle::done_token;
using heddle::drop_newest;
using heddle::drop_oldest;
using heddle::dump_tasks;
using heddle::duration;
using heddle::errc;
using heddle::error_category;
using heddle::error_code;
using heddle::event;
using heddle::execution_context_type;
using heddle::executor_only;
using heddle::executor_or_context;
using heddle::external_producer;
using heddle::future;
using heddle::for_each_parallel;
using heddle::generate;
using heddle::go;
using heddle::go_blocking;
using heddle::group;
using heddle::hold_back;
using heddle::hold_back_t;
using heddle::inflight;
using heddle::join_handle;
using heddle::join_signature;
using heddle::kept_arm;
using heddle::latch;
using heddle::live_tasks;
using heddle::make_error_code;
using heddle::map_parallel;
using heddle::merge;
using heddle::mutex;
using heddle::next_op;
using heddle::not_in_task;
using heddle::notified_op;
using heddle::notify;
using heddle::now;
using heddle::on_unhandled;
using heddle::once;
using heddle::oneshot;
using heddle::otherwise;
using heddle::otherwise_t;
using heddle::overflow;
using heddle::owning_receiver;
using heddle::owning_sender;
using heddle::parallel;
using heddle::permit;
using heddle::priority_select;
using heddle::promise;
using heddle::race;
using heddle::receive_into_op;
using heddle::receive_many_op;
using heddle::receive_op;
using heddle::receive_value_op;
using heddle::receiver;
using heddle::receiving_end;
using heddle::reserve_into_op;
using heddle::reserve_op;
using heddle::resume_on;
using heddle::resume_op;
using heddle::run;
using heddle::run_group;
using heddle::run_options;
using heddle::same_host;
using heddle::same_host_t;
using heddle::select;
using heddle::select_op;
using heddle::select_range_op;
using heddle::selectable;
using heddle::selectable_or_otherwise;
using heddle::selectable_range;
using heddle::selector;
using heddle::semaphore;
using heddle::send_from_op;
using heddle::send_op;
using heddle::sender;
using heddle::sending_end;
using heddle::serve;
using heddle::serve_counts;
using heddle::serve_metrics;
using heddle::serve_options;
using heddle::shared_mutex;
using heddle::settle;
using heddle::settle_op;
using heddle::settled;
using heddle::shield;
using heddle::signal_received;
using heddle::signals;
using heddle::sleep;
using heddle::sleep_until;
using heddle::subscription;
using heddle::subscription_op;
using heddle::subscription_value_op;
using heddle::system_error;
using heddle::task;
using heddle::task_abandoned;
using heddle::task_local;
using heddle::ticker;
using heddle::time_point;
using heddle::timed_out;
using heddle::timeout;
using heddle::timer;
using heddle::try_status;
using heddle::unbounded;
using heddle::unit;
using heddle::use_task;
using heddle::use_task_t;
using heddle::wait_group;
using heddle::wait_op;
using heddle::watch;
using heddle::watcher;
using heddle::weight_limit;
using heddle::when_all;
using heddle::when_all_settled;
using heddle::when_full;
using heddle::with_done;
using heddle::with_local;
using heddle::with_timeout;
using heddle::yield;
using heddle::yield_op;

namespace this_task {

using heddle::this_task::done;
using heddle::this_task::executor;
using heddle::this_task::id;
using heddle::this_task::name;

}  // namespace this_task

}  // namespace heddle

// The compiler looks these up in each file that defines a coroutine.
export namespace std {

using std::coroutine_handle;
using std::coroutine_traits;

}  // namespace std
