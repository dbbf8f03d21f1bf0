//! A soak: everything at once, for minutes, on a loop and on a pool, to see whether anything grows.
//!
//! ```text
//!   census, metrics ──▶ loads ── a line of figures now and then ──▶ no more loads ──▶ census, metrics: equal? ──▶ the judgement
//! ```
//!
//! A soak passes if
//!
//! 1. memory is flat: the median of the last quarter is at most 5 per cent, or 4 MiB, above that of the second;
//! 2. timers do not get later: of the ninety-ninth percentiles, the median of the last quarter is at most twice that of the
//!    second, and 5 ms;
//! 3. no load stands still in the last quarter: what waits for a wake that was lost would;
//! 4. all that the loads compute is right, and whatever fails was meant to;
//! 5. afterwards tasks, timers, sockets, threads and descriptors are as many as before.
//!
//! The first quarter is for warming up. Other programs on the machine make timers late, too: run it on a quiet one.

mod figures;
mod loads;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;
use faults::{Census, roll_call};
use step3::{sleep, timeout};
use step4::{Metrics, ThreadPool, gather, metrics, run};

use crate::figures::{Line, judge};
use crate::loads::Soak;

/// How long to wait for the loads to end.
const PATIENCE: Duration = Duration::from_secs(30);

const WORKERS: usize = 2;

#[derive(Parser)]
#[command(about = "Runs everything at once, and judges whether anything grows.")]
struct Args {
    /// How long, in minutes
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
}

fn main() -> ExitCode {
    let time = Duration::from_secs_f64(Args::parse().minutes * 60.0);
    let before = Census::take();
    let (lines, mut complaints) = run(soak(time));
    let start = Instant::now();
    while Census::take() != before && start.elapsed() < PATIENCE {
        std::thread::yield_now();
    }
    println!("before: {before:?}\nafter:  {:?}", Census::take());
    if Census::take() != before {
        complaints.push("threads or descriptors are left".to_owned());
    }
    complaints.extend(judge(&lines));
    for complaint in &complaints {
        println!("FAILED: {complaint}");
    }
    if complaints.is_empty() {
        println!("PASSED");
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Runs all loads for so long, and returns the figures, and what went wrong.
async fn soak(time: Duration) -> (Vec<Line>, Vec<String>) {
    let (soak, pool) =
        (Arc::new(Soak::default()), ThreadPool::new(WORKERS).expect("the system starts threads"));
    let (on_loop, on_pool) = (metrics(), pool.metrics());
    let loads = loads::start(&soak, &pool).await;

    // Each ten seconds; if there are less than twenty lines in that time, more often.
    let every = (time / 20).min(Duration::from_secs(10));
    let (start, mut lines) = (Instant::now(), Vec::new());
    println!("{}", Line::HEAD);
    while start.elapsed() < time {
        sleep(every).await;
        let line = Line::take(start.elapsed(), &soak, metrics(), pool.metrics());
        println!("{line}");
        lines.push(line);
    }

    soak.end();
    let mut complaints = Vec::new();
    let ending = async {
        let outcomes = gather(loads.on_loop).await.and(gather(loads.on_pool).await);
        loads.servers.into_iter().for_each(drop);
        outcomes
    };
    match timeout(PATIENCE, ending).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => complaints.push(format!("a load has ended: {error}")),
        Err(_elapsed) => complaints.push(format!("a load did not end in {PATIENCE:?}: one waits for ever")),
    }
    let start = Instant::now();
    while start.elapsed() < PATIENCE && (metrics(), pool.metrics()) != (on_loop, on_pool) {
        roll_call(&pool, WORKERS).await;
        sleep(Duration::from_millis(5)).await;
    }
    for (place, before, after) in [("loop", on_loop, metrics()), ("pool", on_pool, pool.metrics())] {
        let Metrics { tasks, timers, sockets, .. } = after;
        println!("{place}: {tasks} tasks, {timers} timers, {sockets} sockets are left");
        if before != after {
            complaints.push(format!("the {place} holds {after:?} instead of {before:?}"));
        }
    }
    pool.shutdown();
    complaints.extend(soak.surprises());
    (lines, complaints)
}
