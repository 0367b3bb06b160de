// SPDX-License-Identifier: BSL-1.0

use crate::{Arguments, Outcome};
use std::time::Instant;
use tokio_stream::{iter, StreamExt};

/// Ten operators of StreamExt, and a fold.
pub async fn pipeline(a: Arguments) -> Outcome {
    let start = Instant::now();
    let sum = iter(0..a.n)
        .map(|v| v + 1)
        .filter(|v| v % 3 != 0)
        .map(|v| v ^ 1)
        .filter_map(|v| if v % 5 == 0 { None } else { Some(v * 2) })
        .skip(10)
        .take_while(|v| *v >= 0)
        .map(|v| v + 7)
        .filter(|v| v % 7 != 0)
        .take(a.n as usize)
        .map(|v| v & 0xffff)
        .fold(0, |sum, v| sum + v)
        .await;
    Outcome::timed(a.n, start, sum)
}
