// SPDX-License-Identifier: BSL-1.0

use crate::{resident_bytes, Arguments, Outcome};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{mpsc, oneshot};
use tokio::task::yield_now;

pub async fn spawn_join_all(a: Arguments) -> Outcome {
    let ran = Arc::new(AtomicI64::new(0));
    let start = Instant::now();
    let mut all = Vec::with_capacity(a.n as usize);
    for _ in 0..a.n {
        let ran = ran.clone();
        all.push(tokio::spawn(async move {
            ran.fetch_add(1, Relaxed);
        }));
    }
    for task in all {
        task.await.unwrap();
    }
    Outcome::timed(a.n, start, ran.load(Relaxed))
}

pub async fn spawn_join_each(a: Arguments) -> Outcome {
    let mut ran = 0;
    let start = Instant::now();
    for _ in 0..a.n {
        ran += tokio::spawn(async { 1 }).await.unwrap();
    }
    Outcome::timed(a.n, start, ran)
}

/// Tasks that wait to receive from one channel: resident memory.
pub async fn parked(a: Arguments) -> Outcome {
    let (send, receive) = async_channel::bounded::<i32>(1);
    let counts = Arc::new((AtomicI64::new(0), AtomicI64::new(0)));
    let before = resident_bytes();
    for _ in 0..a.n {
        let (receive, counts) = (receive.clone(), counts.clone());
        tokio::spawn(async move {
            counts.0.fetch_add(1, Relaxed);
            assert!(receive.recv().await.is_err());
            counts.1.fetch_add(1, Relaxed);
        });
    }
    while counts.0.load(Relaxed) < a.n {
        yield_now().await;
    }
    let bytes = resident_bytes() - before;
    let waiting = counts.0.load(Relaxed) - counts.1.load(Relaxed);
    drop(send);
    while counts.1.load(Relaxed) < a.n {
        yield_now().await;
    }
    Outcome {
        ops: a.n,
        amount: bytes,
        check: waiting,
        also: 0,
    }
}

/// A chain of tasks, passed once: each has a channel for one value.
pub async fn daisy(a: Arguments) -> Outcome {
    let start = Instant::now();
    let (mut left, leftmost) = oneshot::channel();
    for _ in 0..a.n {
        let (next, right) = oneshot::channel();
        let to = std::mem::replace(&mut left, next);
        tokio::spawn(async move {
            let v: i64 = right.await.unwrap();
            to.send(1 + v).unwrap();
        });
    }
    tokio::spawn(async move { left.send(1).unwrap() });
    let value = leftmost.await.unwrap();
    Outcome::timed(a.n, start, value)
}

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Adds up the leaves of a tree, ten children each, that send to their parent.
fn by_channel(out: mpsc::Sender<i64>, first: i64, leaves: i64) -> Boxed<()> {
    Box::pin(async move {
        if leaves == 1 {
            out.send(first).await.unwrap();
            return;
        }
        let (send, mut receive) = mpsc::channel(1);
        for i in 0..10 {
            tokio::spawn(by_channel(
                send.clone(),
                first + i * (leaves / 10),
                leaves / 10,
            ));
        }
        let mut sum = 0;
        for _ in 0..10 {
            sum += receive.recv().await.unwrap();
        }
        out.send(sum).await.unwrap();
    })
}

pub async fn skynet_channels(a: Arguments) -> Outcome {
    let start = Instant::now();
    let (send, mut receive) = mpsc::channel(1);
    tokio::spawn(by_channel(send, 0, a.n));
    let sum = receive.recv().await.unwrap();
    Outcome::timed(a.n, start, sum)
}

/// The same by joining the children.
fn by_join(first: i64, leaves: i64) -> Boxed<i64> {
    Box::pin(async move {
        if leaves == 1 {
            return first;
        }
        let child = |i| tokio::spawn(by_join(first + i * (leaves / 10), leaves / 10));
        let children: Vec<_> = (0..10).map(child).collect();
        let mut sum = 0;
        for c in children {
            sum += c.await.unwrap();
        }
        sum
    })
}

pub async fn skynet_join(a: Arguments) -> Outcome {
    let start = Instant::now();
    let sum = by_join(0, a.n).await;
    Outcome::timed(a.n, start, sum)
}
