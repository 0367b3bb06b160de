// SPDX-License-Identifier: BSL-1.0

//! Broadcasts, watches, oneshots, locks and permits.

use crate::{Arguments, Outcome};
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{broadcast, mpsc, oneshot, watch, RwLock, Semaphore};
use tokio::task::{yield_now, JoinHandle};

async fn sum_of(all: Vec<JoinHandle<i64>>) -> i64 {
    let mut sum = 0;
    for one in all {
        sum += one.await.unwrap();
    }
    sum
}

/// One publisher, K subscribers. A send never waits, so the publisher yields before a
/// subscriber could lose a value.
pub async fn broadcast(a: Arguments) -> Outcome {
    let start = Instant::now();
    let send = broadcast::Sender::new(64);
    let subscriber = |_| {
        let mut receive = send.subscribe();
        tokio::spawn(async move {
            let mut sum = 0;
            while let Ok(v) = receive.recv().await {
                sum += v;
            }
            sum
        })
    };
    let all = (0..a.k).map(subscriber).collect();
    for i in 0..a.n / a.k as i64 {
        send.send(i).unwrap();
        if i % 32 == 31 {
            yield_now().await;
        }
    }
    drop(send);
    Outcome::timed(a.n, start, sum_of(all).await)
}

/// One setter, K watchers; each sees every value.
pub async fn watch(a: Arguments) -> Outcome {
    let start = Instant::now();
    let (send, receive) = watch::channel(0);
    let watcher = |_| {
        let mut receive = receive.clone();
        tokio::spawn(async move {
            let mut sum = 0;
            while receive.changed().await.is_ok() {
                sum += *receive.borrow_and_update();
            }
            sum
        })
    };
    let all = (0..a.k).map(watcher).collect();
    for i in 1..=a.n / a.k as i64 {
        send.send(i).unwrap();
        yield_now().await;
    }
    drop(send);
    Outcome::timed(a.n, start, sum_of(all).await)
}

/// Requests through a channel of capacity 1, each answered through a oneshot.
pub async fn oneshot(a: Arguments) -> Outcome {
    let (send, mut receive) = mpsc::channel::<(i64, oneshot::Sender<i64>)>(1);
    let mut sum = 0;
    let start = Instant::now();
    tokio::spawn(async move {
        while let Some((v, reply)) = receive.recv().await {
            reply.send(v + 1).unwrap();
        }
    });
    for i in 0..a.n {
        let (reply, answer) = oneshot::channel();
        send.send((i, reply)).await.unwrap();
        sum += answer.await.unwrap();
    }
    Outcome::timed(a.n, start, sum)
}

/// K readers and a writer share a lock, and yield while they hold it, now and then.
pub async fn shared_mutex(a: Arguments) -> Outcome {
    let start = Instant::now();
    let shared = Arc::new(RwLock::new((0, 0)));
    let each = a.n / (a.k as i64 + 1);
    let mut all = Vec::new();
    for _ in 0..a.k {
        let shared = shared.clone();
        all.push(tokio::spawn(async move {
            let mut same = 0;
            for i in 0..each {
                let counts = shared.read().await;
                if i % 10 == 0 {
                    yield_now().await;
                }
                same += (counts.0 == counts.1) as i64;
            }
            same
        }));
    }
    all.push(tokio::spawn(async move {
        for i in 0..each {
            let mut counts = shared.write().await;
            counts.0 += 1;
            if i % 10 == 0 {
                yield_now().await;
            }
            counts.1 += 1;
        }
        let counts = shared.read().await;
        counts.1
    }));
    Outcome::timed(a.n, start, sum_of(all).await)
}

/// K tasks share half as many permits, and yield while they hold one.
pub async fn semaphore(a: Arguments) -> Outcome {
    let start = Instant::now();
    let slots = Arc::new(Semaphore::new(a.k / 2));
    let held = Arc::new(AtomicI64::new(0));
    let (each, most) = (a.n / a.k as i64, a.k as i64 / 2);
    let user = |_| {
        let (slots, held) = (slots.clone(), held.clone());
        tokio::spawn(async move {
            let mut right = 0;
            for _ in 0..each {
                let permit = slots.acquire().await.unwrap();
                right += (held.fetch_add(1, Relaxed) < most) as i64;
                yield_now().await;
                held.fetch_sub(1, Relaxed);
                drop(permit);
            }
            right
        })
    };
    let all = (0..a.k).map(user).collect();
    Outcome::timed(a.n, start, sum_of(all).await)
}
