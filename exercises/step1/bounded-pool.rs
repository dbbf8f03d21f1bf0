//! Exercise `bounded-pool` (step 1, easy): run jobs on threads, so many at once and no more.
//!
//! A thread for each job overlaps all the waits, and costs a thread for each. A pool sets the price beforehand.
//!
//! # Contract
//!
//! - Every job runs once, also when there are fewer jobs than threads, or none.
//! - As many run at once as are allowed, while there are jobs left.
//! - No more run at once than are allowed.
//! - The results come in the order of the jobs, whichever was over first.
//!
//! Check it with `cargo course check bounded-pool`.
#![allow(clippy::todo, reason = "this is an exercise")]

use std::sync::Mutex;
use std::thread;

/// Something that takes a while.
type Job<T> = Box<dyn FnOnce() -> T + Send>;

/// Runs the jobs, `at_once` at a time (at least one), and returns their results.
fn run_bounded<T: Send>(jobs: Vec<Job<T>>, at_once: usize) -> Vec<T> {
    todo!("bounded-pool: threads that take the next job until there is none, and a place for each result")
}

#[cfg(test)]
#[path = "../checks/bounded-pool.rs"]
mod checks;
