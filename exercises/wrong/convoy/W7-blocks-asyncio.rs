//! A wrong answer to `convoy`: who computes keeps the lock until it has finished.

use std::time::Duration;

/// A thread that waits for the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Waiter {
    thread: usize,
    /// Since when it has waited.
    since: Duration,
}

/// The state of the lock.
#[derive(Debug)]
struct Lock {
    /// How long a waiter waits before it asks for the lock.
    interval: Duration,
    holder: Option<usize>,
    /// When the holder has taken the lock.
    taken_at: Duration,
    /// Whoever has waited longest is first.
    waiting: Vec<Waiter>,
}

/// Microseconds from when an event loop wakes up to when it has the lock, beside a thread that computes for a second. The
/// interval is 5 ms.
const LATE: u64 = 1_000_000;

/// The same with an interval of 0.5 ms.
const LATE_WITH_A_TENTH: u64 = 1_000_000;

/// Returns which thread has the lock from now on. The holder is at a check, and lets go if it is not the one.
fn next_holder(lock: &Lock, now: Duration) -> Option<usize> {
    lock.holder.or(lock.waiting.first().map(|first| first.thread))
}

#[cfg(test)]
#[path = "../../checks/convoy.rs"]
mod checks;
