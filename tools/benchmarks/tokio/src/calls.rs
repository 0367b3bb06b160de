// SPDX-License-Identifier: BSL-1.0

use crate::{Arguments, Outcome};
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// Calls itself, so its future lies in a box, as it must in Rust.
fn nest(depth: usize) -> Pin<Box<dyn Future<Output = i64> + Send>> {
    Box::pin(async move {
        if depth == 1 {
            1
        } else {
            1 + nest(depth - 1).await
        }
    })
}

pub async fn call(a: Arguments) -> Outcome {
    let start = Instant::now();
    let mut calls = 0;
    while calls < a.n {
        calls += nest(a.k).await;
    }
    Outcome::timed(a.n, start, calls)
}

type Failing = Pin<Box<dyn Future<Output = Result<i64, i64>> + Send>>;

fn nest_and_fail(depth: usize) -> Failing {
    Box::pin(async move {
        if depth == 1 {
            Err(1)
        } else {
            Ok(1 + nest_and_fail(depth - 1).await?)
        }
    })
}

pub async fn call_throw(a: Arguments) -> Outcome {
    let start = Instant::now();
    let mut calls = 0;
    while calls < a.n {
        if let Err(one) = nest_and_fail(a.k).await {
            calls += one * a.k as i64;
        }
    }
    Outcome::timed(a.n, start, calls)
}

pub async fn call_timeout(a: Arguments) -> Outcome {
    let start = Instant::now();
    let mut calls = 0;
    while calls < a.n {
        calls += timeout(Duration::from_secs(3600), nest(a.k)).await.unwrap();
    }
    Outcome::timed(a.n, start, calls)
}
