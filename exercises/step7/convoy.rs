//! Exercise `convoy` (step 7, middling): why whoever needs the lock least waits longest for it.
//!
//! A thread that sleeps lets go of the lock. To come back beside a thread that computes, it waits for an interval, and then asks. The
//! checks play this on a clock of their own, in steps of 0.1 ms: at each, they ask your rule who has the lock from now on.
//!
//! # Contract
//!
//! - `LATE`: how late an event loop comes back to the lock, beside a thread that computes for a second, with an interval of 5 ms.
//! - `LATE_WITH_A_TENTH`: the same with an interval of 0.5 ms.
//! - A free lock goes to whoever has waited longest, at once; and to nobody if nobody waits.
//! - A holder keeps the lock until somebody has waited for an interval, and then it goes to whoever has waited longest.
//! - A holder that has just come has its interval, too.
//! - So a loop beside a thread that computes is late by an interval, at every turn, however little it has to do.
//! - A shorter interval makes it less late, and makes the lock change hands more often.
//!
//! Check it with `cargo course check convoy`.
#![allow(clippy::todo, reason = "this is an exercise")]

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
const LATE: u64 = u64::MAX;

/// The same with an interval of 0.5 ms.
const LATE_WITH_A_TENTH: u64 = u64::MAX;

/// Returns which thread has the lock from now on. The holder is at a check, and lets go if it is not the one.
fn next_holder(lock: &Lock, now: Duration) -> Option<usize> {
    todo!("convoy: nobody waits, or the lock is free, or it is held: who has it then?")
}

#[cfg(test)]
#[path = "../checks/convoy.rs"]
mod checks;
