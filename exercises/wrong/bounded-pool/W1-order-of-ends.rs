//! A wrong answer to `bounded-pool`: a result is put away when it is ready, behind those that were quicker.

use std::sync::Mutex;
use std::thread;

/// Something that takes a while.
type Job<T> = Box<dyn FnOnce() -> T + Send>;

/// Runs the jobs, `at_once` at a time (at least one), and returns their results.
fn run_bounded<T: Send>(jobs: Vec<Job<T>>, at_once: usize) -> Vec<T> {
    let queue = Mutex::new(jobs.into_iter());
    let results = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap().next();
                    let Some(job) = next else { return };
                    let value = job();
                    results.lock().unwrap().push(value);
                }
            });
        }
    });
    results.into_inner().unwrap()
}

#[cfg(test)]
#[path = "../../checks/bounded-pool.rs"]
mod checks;
