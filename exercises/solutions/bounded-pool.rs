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

use std::sync::Mutex;
use std::thread;

/// Something that takes a while.
type Job<T> = Box<dyn FnOnce() -> T + Send>;

/// Runs the jobs, `at_once` at a time (at least one), and returns their results.
fn run_bounded<T: Send>(jobs: Vec<Job<T>>, at_once: usize) -> Vec<T> {
    // BEGIN SOLUTION: threads that take the next job until there is none, and a place for each result
    let results: Vec<Mutex<Option<T>>> = jobs.iter().map(|_| Mutex::new(None)).collect();
    let queue = Mutex::new(jobs.into_iter().zip(&results));
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                loop {
                    // The lock is given back at the end of this statement: the job runs without it.
                    let next = queue.lock().expect("nothing panics under this lock").next();
                    let Some((job, result)) = next else { return };
                    let value = job();
                    *result.lock().expect("nothing panics under this lock") = Some(value);
                }
            });
        }
    });
    let value = |result: Mutex<Option<T>>| result.into_inner().ok().flatten();
    results.into_iter().map(|result| value(result).expect("every job has run")).collect()
    // END SOLUTION
}

#[cfg(test)]
#[path = "../checks/bounded-pool.rs"]
mod checks;
