//! What a piece of work cost: time on the wall, time on the processor, threads.
//!
//! ```text
//!               wall   CPU
//! computing     ####   ####     the thread runs
//! blocked       ####            the kernel has parked it: it costs a stack, and no CPU
//! polling       ####   ####     the thread runs, to learn that there is nothing yet
//! ```
//!
//! # Invariants
//!
//! 1. All three numbers are the whole process's: what other threads do meanwhile is in them too.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};
use std::{fmt, io};

use cpu_time::ProcessTime;

use crate::sync::thread::{Builder, JoinHandle};

/// Tells what a piece of work cost.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// let (wall, cpu) = (Duration::from_millis(2000), Duration::from_micros(130));
/// let blocked = step1::Usage { wall, cpu, threads: 0 };
/// assert_eq!(blocked.to_string(), "2000 ms, 0.1 ms of CPU, 0 threads");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// From the start to the end: the makespan.
    pub wall: Duration,
    /// The time that processors spent on this process, all threads together. It can exceed `wall`. Windows counts it
    /// in ticks of about 16 ms.
    pub cpu: Duration,
    /// How many threads this crate started to wait in, besides the caller's own: those of
    /// [`thread_each`](crate::thread_each) and [`BlockingPool`](crate::BlockingPool), but not a
    /// [`Server`](crate::Server)'s, which plays the network.
    pub threads: usize,
}

/// Runs `f`, and returns its value with what it cost.
///
/// # Examples
///
/// ```
/// use std::{thread, time::Duration};
///
/// let (answer, usage) = step1::measure(|| {
///     thread::sleep(Duration::from_millis(50)); // blocked: the kernel gives the processor to others
///     42
/// });
///
/// assert_eq!(answer, 42);
/// assert!(usage.wall >= Duration::from_millis(50));
/// assert_eq!(usage.threads, 0);
/// ```
pub fn measure<R>(f: impl FnOnce() -> R) -> (R, Usage) {
    let threads = STARTED.load(Relaxed);
    let cpu = ProcessTime::now();
    let wall = Instant::now();
    let value = f();
    let usage = Usage { wall: wall.elapsed(), cpu: cpu.elapsed(), threads: STARTED.load(Relaxed) - threads };
    (value, usage)
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { wall, cpu, threads } = self;
        write!(f, "{} ms, {:.1} ms of CPU, {threads} threads", wall.as_millis(), cpu.as_secs_f64() * 1e3)
    }
}

/// How many threads [`start`] has started. A plain count that guards nothing, so `Relaxed` is enough.
static STARTED: AtomicUsize = AtomicUsize::new(0);

/// Starts a thread to wait in, counts it, and gives it a lane by its name in the timeline that is being recorded.
pub(crate) fn start<T: Send + 'static>(
    name: String,
    run: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    let lane = timeline::inherit();
    let thread = Builder::new().name(name.clone()).spawn(move || {
        let _lane = lane.enter(&name);
        run()
    })?;
    STARTED.fetch_add(1, Relaxed);
    Ok(thread)
}
