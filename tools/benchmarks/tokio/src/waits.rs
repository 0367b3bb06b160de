// SPDX-License-Identifier: BSL-1.0

use crate::{cpu_time, nap, Arguments, Outcome};
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::sync::Arc;
use std::time::Instant;
use tokio_util::sync::CancellationToken;

/// n tasks sleep up to k milliseconds: processor time, and how late the latest is.
pub async fn sleep_all(a: Arguments) -> Outcome {
    let before = cpu_time();
    let sleeper = |i| {
        tokio::spawn(async move {
            let due = Instant::now() + nap(i, a.k);
            tokio::time::sleep_until(due.into()).await;
            let now = Instant::now();
            (
                now >= due,
                now.saturating_duration_since(due).as_nanos() as i64,
            )
        })
    };
    let all: Vec<_> = (0..a.n).map(sleeper).collect();
    let (mut in_time, mut latest) = (0, 0);
    for task in all {
        let (not_early, late) = task.await.unwrap();
        in_time += not_early as i64;
        latest = latest.max(late);
    }
    Outcome {
        ops: a.n,
        amount: cpu_time() - before,
        check: in_time,
        also: latest,
    }
}

/// n tasks in select!{receive, cancelled}, then they are cancelled.
pub async fn cancel(a: Arguments, one_channel: bool) -> Outcome {
    let done = CancellationToken::new();
    let waiting = Arc::new(AtomicI64::new(0));
    let (mut send, mut receive) = async_channel::bounded::<i32>(1);
    let mut senders = Vec::new();
    let mut all = Vec::new();
    for _ in 0..a.n {
        let (receive_here, done, waiting) = (receive.clone(), done.clone(), waiting.clone());
        all.push(tokio::spawn(async move {
            waiting.fetch_add(1, Relaxed);
            tokio::select! {
                _ = receive_here.recv() => 0,
                _ = done.cancelled() => 1,
            }
        }));
        if !one_channel {
            senders.push(send);
            (send, receive) = async_channel::bounded(1);
        }
    }
    while waiting.load(Relaxed) < a.n {
        tokio::task::yield_now().await;
    }
    let start = Instant::now();
    done.cancel();
    let mut cancelled = 0;
    for task in all {
        cancelled += task.await.unwrap();
    }
    Outcome::timed(a.n, start, cancelled)
}
