// SPDX-License-Identifier: BSL-1.0

//! The workloads in Tokio, written as its users would.

mod calls;
mod channels;
mod echo;
mod streams;
mod sync;
mod tasks;
mod waits;

use std::future::Future;
use std::time::{Duration, Instant};

#[derive(Clone, Copy)]
pub struct Arguments {
    pub n: i64,
    pub k: usize,
    pub threads: usize,
}

/// The output of a workload: operations, nanoseconds or bytes, the result that the driver checks,
/// and a second figure where there is one.
pub struct Outcome {
    pub ops: i64,
    pub amount: i64,
    pub check: i64,
    pub also: i64,
}

impl Outcome {
    pub fn timed(ops: i64, start: Instant, check: i64) -> Self {
        Outcome {
            ops,
            amount: start.elapsed().as_nanos() as i64,
            check,
            also: 0,
        }
    }
}

fn stat_field(path: &str, field: usize) -> i64 {
    let text = std::fs::read_to_string(path).unwrap();
    text.split_whitespace().nth(field).unwrap().parse().unwrap()
}

pub fn resident_bytes() -> i64 {
    stat_field("/proc/self/statm", 1) * 4096
}

/// User and system time of this process, in nanoseconds.
pub fn cpu_time() -> i64 {
    let mut used = unsafe { std::mem::zeroed::<libc::rusage>() };
    unsafe { libc::getrusage(libc::RUSAGE_SELF, &mut used) };
    let nanoseconds = |t: libc::timeval| t.tv_sec * 1_000_000_000 + t.tv_usec * 1000;
    nanoseconds(used.ru_utime) + nanoseconds(used.ru_stime)
}

/// The i-th of many times to sleep, scattered over 0 to `most` milliseconds; the same in
/// every peer.
pub fn nap(i: i64, most: usize) -> Duration {
    Duration::from_micros((i * 2654435761 % 4294967296 % (most as i64 * 1000)) as u64)
}

/// Runs a workload as a task: current_thread for one thread, multi_thread for more.
fn run<W>(a: Arguments, work: impl FnOnce(Arguments) -> W) -> Outcome
where
    W: Future<Output = Outcome> + Send + 'static,
{
    let mut builder = if a.threads == 1 {
        tokio::runtime::Builder::new_current_thread()
    } else {
        tokio::runtime::Builder::new_multi_thread()
    };
    if a.threads > 1 {
        builder.worker_threads(a.threads);
    }
    let runtime = builder.enable_all().build().unwrap();
    let work = work(a);
    let outcome = runtime.block_on(async { tokio::spawn(work).await.unwrap() });
    runtime.shutdown_background();
    outcome
}

fn find(name: &str) -> Option<fn(Arguments) -> Outcome> {
    Some(match name {
        "ping_pong" => |a| run(a, channels::ping_pong),
        "stream" => |a| run(a, channels::stream),
        "mpmc" => |a| run(a, channels::mpmc),
        "select" | "selector" => |a| match a.k {
            2 => run(a, channels::select_2),
            8 => run(a, channels::select_8),
            _ => run(a, channels::select_many),
        },
        "sieve" => |a| run(a, channels::sieve),
        "call" => |a| run(a, calls::call),
        "call_throw" => |a| run(a, calls::call_throw),
        "call_timeout" => |a| run(a, calls::call_timeout),
        "pipeline" => |a| run(a, streams::pipeline),
        "spawn_join_all" => |a| run(a, tasks::spawn_join_all),
        "spawn_join_each" => |a| run(a, tasks::spawn_join_each),
        "parked" => |a| run(a, tasks::parked),
        "daisy" => |a| run(a, tasks::daisy),
        "skynet_channels" => |a| run(a, tasks::skynet_channels),
        "skynet_join" => |a| run(a, tasks::skynet_join),
        "sleep" => |a| run(a, waits::sleep_all),
        "cancel_own" => |a| run(a, |a| waits::cancel(a, false)),
        "cancel_shared" => |a| run(a, |a| waits::cancel(a, true)),
        "echo" => |a| run(a, |_| echo::serve()),
        "broadcast" => |a| run(a, sync::broadcast),
        "watch" => |a| run(a, sync::watch),
        "oneshot" => |a| run(a, sync::oneshot),
        "shared_mutex" => |a| run(a, sync::shared_mutex),
        "semaphore" => |a| run(a, sync::semaphore),
        _ => return None,
    })
}

fn main() {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let mut a = Arguments {
        n: 0,
        k: 0,
        threads: 1,
    };
    if args.len() > 1 && args[0] == "--threads" {
        a.threads = args[1].parse().unwrap();
        args.drain(..2);
    }
    let Some(work) = args
        .first()
        .and_then(|name| find(name))
        .filter(|_| args.len() > 1)
    else {
        eprintln!("usage: bench_tokio [--threads N] WORKLOAD N [K]");
        std::process::exit(2);
    };
    a.n = args[1].parse().unwrap();
    a.k = args.get(2).map_or(0, |k| k.parse().unwrap());
    let o = work(a);
    println!("{} {} {} {}", o.ops, o.amount, o.check, o.also);
}
