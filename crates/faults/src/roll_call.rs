//! Calling all workers of a pool: for figures that a worker notes when it parks.

use std::sync::{Arc, Barrier};

use step4::ThreadPool;

/// Returns when each of the pool's workers has run something, and has parked since it did other things.
///
/// A worker that sleeps throws out the timers that were dropped on other threads when it next parks, and notes how many it has
/// before that: so each is called twice. `workers` is how many there are; a pool that wakes one when there is something to run
/// mostly wakes the same one, so that tasks alone would not reach all.
///
/// # Panics
///
/// If the pool has ended.
pub async fn roll_call(pool: &ThreadPool, workers: usize) {
    for _ in 0..2 {
        let all_are_here = Arc::new(Barrier::new(workers));
        let call = |_| {
            let all_are_here = Arc::clone(&all_are_here);
            pool.spawn(async move {
                all_are_here.wait(); // It blocks its worker, so the next call reaches another one.
            })
        };
        let calls: Vec<_> = (0..workers).map(call).collect();
        for call in calls {
            call.await.expect("a pool that goes on runs what it is given");
        }
    }
}
