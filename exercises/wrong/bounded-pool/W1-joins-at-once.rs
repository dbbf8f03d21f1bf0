//! A wrong answer to `bounded-pool`: each thread is joined as soon as it is started.

use std::thread;

/// Something that takes a while.
type Job<T> = Box<dyn FnOnce() -> T + Send>;

/// Runs the jobs, `at_once` at a time (at least one), and returns their results.
fn run_bounded<T: Send>(jobs: Vec<Job<T>>, at_once: usize) -> Vec<T> {
    let _ = at_once;
    let mut results = Vec::new();
    for job in jobs {
        results.push(thread::scope(|scope| scope.spawn(job).join().expect("no job panics")));
    }
    results
}

#[cfg(test)]
#[path = "../../checks/bounded-pool.rs"]
mod checks;
