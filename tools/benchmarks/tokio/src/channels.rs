// SPDX-License-Identifier: BSL-1.0

//! Channels. Tokio has none without a buffer: where others have one, it has one of capacity 1.

use crate::{Arguments, Outcome};
use std::time::Instant;
use tokio::sync::mpsc;
use tokio_stream::{wrappers::ReceiverStream, StreamExt, StreamMap};

pub async fn ping_pong(a: Arguments) -> Outcome {
    let (ping, mut pinged) = mpsc::channel(1);
    let (pong, mut ponged) = mpsc::channel(1);
    let mut sum = 0;
    let start = Instant::now();
    tokio::spawn(async move {
        while let Some(v) = pinged.recv().await {
            pong.send(v + 1).await.unwrap();
        }
    });
    for i in 0..a.n as i32 {
        ping.send(i).await.unwrap();
        sum += ponged.recv().await.unwrap() as i64;
    }
    Outcome::timed(a.n, start, sum)
}

pub async fn stream(a: Arguments) -> Outcome {
    let (send, mut receive) = mpsc::channel(a.k);
    let mut sum = 0;
    let start = Instant::now();
    tokio::spawn(async move {
        for i in 0..a.n as i32 {
            send.send(i).await.unwrap();
        }
    });
    while let Some(v) = receive.recv().await {
        sum += v as i64;
    }
    Outcome::timed(a.n, start, sum)
}

/// K senders, K receivers, one channel of capacity 64: from another crate, as Tokio has none
/// with several receivers.
pub async fn mpmc(a: Arguments) -> Outcome {
    let (send, receive) = async_channel::bounded(64);
    let mut sums = Vec::new();
    let start = Instant::now();
    for i in 0..a.k {
        let send = send.clone();
        tokio::spawn(async move {
            for j in (i as i64..a.n).step_by(a.k) {
                send.send(j as i32).await.unwrap();
            }
        });
        let receive = receive.clone();
        sums.push(tokio::spawn(async move {
            let mut sum = 0;
            while let Ok(v) = receive.recv().await {
                sum += v as i64;
            }
            sum
        }));
    }
    drop(send);
    let mut sum = 0;
    for s in sums {
        sum += s.await.unwrap();
    }
    Outcome::timed(a.n, start, sum)
}

/// K channels, each with a sender of its own that sends its number, from 1, over and over.
fn senders(a: Arguments) -> Vec<mpsc::Receiver<i32>> {
    let start = |value: usize| {
        let (send, receive) = mpsc::channel(1);
        tokio::spawn(async move {
            for _ in 0..a.n / a.k as i64 {
                send.send(value as i32).await.unwrap();
            }
        });
        receive
    };
    (1..=a.k).map(start).collect()
}

pub async fn select_2(a: Arguments) -> Outcome {
    let start = Instant::now();
    let mut c = senders(a).into_iter();
    let (mut c1, mut c2) = (c.next().unwrap(), c.next().unwrap());
    let mut sum = 0;
    for _ in 0..a.n {
        sum += tokio::select! {
            Some(v) = c1.recv() => v as i64,
            Some(v) = c2.recv() => v as i64 * 2,
        };
    }
    Outcome::timed(a.n, start, sum)
}

pub async fn select_8(a: Arguments) -> Outcome {
    let start = Instant::now();
    let [mut c1, mut c2, mut c3, mut c4, mut c5, mut c6, mut c7, mut c8] =
        <[_; 8]>::try_from(senders(a)).unwrap();
    let mut sum = 0;
    for _ in 0..a.n {
        sum += tokio::select! {
            Some(v) = c1.recv() => v as i64,
            Some(v) = c2.recv() => v as i64 * 2,
            Some(v) = c3.recv() => v as i64 * 3,
            Some(v) = c4.recv() => v as i64 * 4,
            Some(v) = c5.recv() => v as i64 * 5,
            Some(v) = c6.recv() => v as i64 * 6,
            Some(v) = c7.recv() => v as i64 * 7,
            Some(v) = c8.recv() => v as i64 * 8,
        };
    }
    Outcome::timed(a.n, start, sum)
}

/// A `StreamMap`, as its users take for many channels: select! has at most 64 branches.
pub async fn select_many(a: Arguments) -> Outcome {
    let start = Instant::now();
    let mut all = StreamMap::new();
    for (i, receive) in senders(a).into_iter().enumerate() {
        all.insert(i as i64 + 1, ReceiverStream::new(receive));
    }
    let mut sum = 0;
    for _ in 0..a.n {
        let (arm, v) = all.next().await.unwrap();
        sum += v as i64 * arm;
    }
    Outcome::timed(a.n, start, sum)
}

pub async fn sieve(a: Arguments) -> Outcome {
    let start = Instant::now();
    let (send, mut receive) = mpsc::channel::<i32>(1);
    tokio::spawn(async move {
        let mut i = 2;
        while send.send(i).await.is_ok() {
            i += 1;
        }
    });
    let mut sum = 0;
    for _ in 0..a.n {
        let prime = receive.recv().await.unwrap();
        sum += prime as i64;
        let (send, next) = mpsc::channel(1);
        let mut input = std::mem::replace(&mut receive, next);
        tokio::spawn(async move {
            while let Some(v) = input.recv().await {
                if v % prime != 0 && send.send(v).await.is_err() {
                    break;
                }
            }
        });
    }
    Outcome::timed(a.n, start, sum)
}
