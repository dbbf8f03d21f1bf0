//! A wrong answer to `bounded-pool`: a thread for each job, however many there are.

use std::thread;

/// Something that takes a while.
type Job<T> = Box<dyn FnOnce() -> T + Send>;

/// Runs the jobs, `at_once` at a time (at least one), and returns their results.
fn run_bounded<T: Send>(jobs: Vec<Job<T>>, at_once: usize) -> Vec<T> {
    let _ = at_once;
    thread::scope(|scope| {
        let threads: Vec<_> = jobs.into_iter().map(|job| scope.spawn(job)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no job panics")).collect()
    })
}

#[cfg(test)]
#[path = "../../checks/bounded-pool.rs"]
mod checks;
