//! Exercise `makespan` (step 1, easy): how long do waits take, and what do they cost?
//!
//! An errand is a request that takes so many milliseconds, whoever waits for it. Threads take errands in their order; whoever is
//! free takes the next one. Write your predictions down before you run anything: a wrong one is worth more than none.
//!
//! # Contract
//!
//! - `ONE_ON_FOUR`: how long one errand of 100 ms takes on four threads.
//! - `NINE`: how long nine errands of 100 ms take on one thread, on nine threads, and on two.
//! - `WHILE_BLOCKED`: what a thread does with the processor while it waits for an errand.
//! - `makespan` of one thread is the sum of all errands, and of none it is 0.
//! - `makespan` of as many threads as errands is the longest errand.
//! - `makespan` is right for any errands on any number of threads.
//!
//! Check it with `cargo course check makespan`.

/// What a thread does with the processor.
#[allow(dead_code, reason = "one of them is the answer")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Processor {
    /// It leaves the processor to others.
    Leaves,
    /// It keeps the processor busy.
    Keeps,
    /// You have not said yet.
    Unsaid,
}

/// Milliseconds that one errand of 100 ms takes on four threads.
// BEGIN SOLUTION
//~ const ONE_ON_FOUR: u64 = 0;
const ONE_ON_FOUR: u64 = 100;
// END SOLUTION

/// Milliseconds that nine errands of 100 ms take: on one thread, on nine, on two.
// BEGIN SOLUTION
//~ const NINE: [u64; 3] = [0, 0, 0];
const NINE: [u64; 3] = [900, 100, 500];
// END SOLUTION

/// What a thread does with the processor while it waits.
// BEGIN SOLUTION
//~ const WHILE_BLOCKED: Processor = Processor::Unsaid;
const WHILE_BLOCKED: Processor = Processor::Leaves;
// END SOLUTION

/// Returns when the last of the errands is over. There is one thread at least.
fn makespan(errands: &[u64], threads: usize) -> u64 {
    // BEGIN SOLUTION: when is each thread free, and who takes the next errand?
    let mut free_at = vec![0; threads];
    for errand in errands {
        let first = free_at.iter_mut().min().expect("there is one thread at least");
        *first += errand;
    }
    free_at.into_iter().max().unwrap_or(0)
    // END SOLUTION
}

#[cfg(test)]
#[path = "../checks/makespan.rs"]
mod checks;
